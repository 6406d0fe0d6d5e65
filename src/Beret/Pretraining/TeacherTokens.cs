using System.Runtime.InteropServices;
using Beret.Text;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>
/// What a teacher reads where a student reads the sequences of a corpus: the tokens of the same words, in the teacher's own vocabulary, and which of them belong to which
/// of the student's. They are kept in a file beside the output that goes with this object.
/// </summary>
internal sealed class TeacherTokens : IDisposable
{
    // A record is the number of tokens, the tokens, and for each of the student's tokens a range of them: its start, and its length above.
    private const int LengthShift = 16;
    private const int StartMask = (1 << LengthShift) - 1;

    private readonly FileStream file;
    private readonly List<long> starts = [0];
    private readonly Tokenizer tokenizer;
    private readonly int room;
    private int[] record = [];

    private TeacherTokens(FileStream file, Tokenizer tokenizer, int room) => (this.file, this.tokenizer, this.room) = (file, tokenizer, Math.Min(room, StartMask));

    /// <summary>A thread's working memory.</summary>
    public sealed class Scratch
    {
        internal TokenBuffer Tokens { get; } = new();

        internal (int First, int End)[] Ranges { get; set; } = [];
    }

    /// <summary>Makes the file, without a sequence yet.</summary>
    /// <param name="path">The file to make.</param>
    /// <param name="tokenizer">The teacher's.</param>
    /// <param name="room">The most tokens that the teacher reads, [CLS] and [SEP] not counted; of a sequence that has more it reads the first.</param>
    /// <exception cref="TrainingException">It cannot be written.</exception>
    public static TeacherTokens Create(string path, Tokenizer tokenizer, int room) => new(WorkFile.Create(path), tokenizer, room);

    /// <summary>The records of a text's sequences.</summary>
    /// <param name="text">The text.</param>
    /// <param name="tokens">The student's tokens of it, without special ones.</param>
    /// <param name="length">How many of them a sequence has; the last may have fewer.</param>
    /// <param name="scratch">Used again and again.</param>
    public int[][] Encode(string text, TokenBuffer tokens, int length, Scratch scratch)
    {
        var own = scratch.Tokens;
        tokenizer.Encode(text, new EncodeOptions { AddSpecialTokens = false }, own);
        if (scratch.Ranges.Length < tokens.Count)
        {
            scratch.Ranges = new (int, int)[Math.Max(tokens.Count, 2 * scratch.Ranges.Length)];
        }

        WordAlignment.Align(tokens, own, scratch.Ranges);
        var records = new int[(tokens.Count + length - 1) / length][];
        for (var i = 0; i < records.Length; i++)
        {
            var from = i * length;
            records[i] = Record(own.Ids, scratch.Ranges.AsSpan(from, Math.Min(length, tokens.Count - from)));
        }

        return records;
    }

    /// <summary>Adds a sequence's record.</summary>
    public void Append(int[] sequence)
    {
        file.Write(MemoryMarshal.AsBytes<int>(sequence));
        starts.Add(starts[^1] + sequence.Length);
    }

    /// <summary>Ends the adding.</summary>
    public void Complete() => file.Flush();

    /// <summary>Reads a sequence's record; what it gives lasts until the next call.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="ids">The teacher's tokens, special ones not among them.</param>
    /// <param name="ranges">For each of the student's tokens which of these are its word's: see <see cref="Range"/>.</param>
    public void Read(int sequence, out ReadOnlySpan<int> ids, out ReadOnlySpan<int> ranges)
    {
        var length = (int)(starts[sequence + 1] - starts[sequence]);
        if (record.Length < length)
        {
            record = new int[Math.Max(length, 2 * record.Length)];
        }

        WorkFile.Read(file, MemoryMarshal.AsBytes(record.AsSpan(0, length)), starts[sequence] * sizeof(int));
        ids = record.AsSpan(1, record[0]);
        ranges = record.AsSpan(1 + record[0], length - 1 - record[0]);
    }

    /// <summary>The first token of a range, and how many it has; 0 where the teacher does not see the word.</summary>
    public static (int Start, int Length) Range(int range) => (range & StartMask, range >>> LengthShift);

    public void Dispose() => file.Dispose();

    private int[] Record(ReadOnlySpan<int> ids, ReadOnlySpan<(int First, int End)> ranges)
    {
        var (first, end) = (ranges[0].First, ranges[^1].End);
        var seen = Math.Min(end - first, room);
        var made = new int[1 + seen + ranges.Length];
        made[0] = seen;
        ids.Slice(first, seen).CopyTo(made.AsSpan(1));
        for (var i = 0; i < ranges.Length; i++)
        {
            var start = Math.Min(ranges[i].First - first, seen);
            made[1 + seen + i] = start | ((Math.Min(ranges[i].End - first, seen) - start) << LengthShift);
        }

        return made;
    }
}
