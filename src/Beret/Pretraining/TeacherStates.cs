using System.Runtime.InteropServices;
using Beret.Data;
using Beret.Inference;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Pretraining;

/// <summary>
/// What a student's states are to be: for each token the mean of the teacher's states over its word, for [CLS] their mean over the whole sequence, as sentence encoders
/// take it (<see cref="StateMean"/>). They are kept as bytes with a scale for each token; what is learnt follows from these alone, whether they were kept or not.
/// </summary>
internal sealed class TeacherStates : IDisposable
{
    private const int Largest = 127;

    private readonly StateTeacher teacher;
    private readonly TeacherTokens tokens;
    private readonly TokenCorpus corpus;
    private readonly FileStream? kept;
    private readonly bool[] isKept;
    private readonly int rowBytes;
    private readonly List<int> missing = [];
    private readonly List<Question> asked = [];
    private readonly int threads;
    private byte[] states = [];
    private int[] places = [];

    private TeacherStates(StateTeacher teacher, TeacherTokens tokens, TokenCorpus corpus, FileStream? kept, int threads)
    {
        (this.teacher, this.tokens, this.corpus, this.kept, this.threads) = (teacher, tokens, corpus, kept, threads);
        rowBytes = sizeof(float) + teacher.Width;
        isKept = new bool[kept is null ? 0 : corpus.Count];
        Targets = new TeacherTargets(teacher.Width);
    }

    /// <param name="teacher">Becomes this object's.</param>
    /// <param name="tokens">What it reads; becomes this object's.</param>
    /// <param name="corpus">What the student reads; stays the caller's.</param>
    /// <param name="path">The file to keep states in, which is gone when this object is disposed; null where no sequence is read twice.</param>
    /// <param name="threads">For the work beside the teacher's own.</param>
    /// <exception cref="TrainingException">The file cannot be written.</exception>
    public static TeacherStates Create(StateTeacher teacher, TeacherTokens tokens, TokenCorpus corpus, string? path, int threads) =>
        new(teacher, tokens, corpus, path is null ? null : WorkFile.Create(path), threads);

    /// <summary>What was filled last.</summary>
    public TeacherTargets Targets { get; }

    public StateTeacher Teacher => teacher;

    /// <summary>The size of the file once it holds all sequences; 0 without one.</summary>
    public long KeptBytes => kept is null ? 0 : (corpus.Tokens + corpus.Count) * rowBytes;

    /// <summary>Makes the targets of a batch of sequences, one after the other as <see cref="MaskedBatch"/> packs them.</summary>
    public void Fill(ReadOnlySpan<int> sequences)
    {
        Place(sequences);
        for (var i = 0; i < sequences.Length; i++)
        {
            if (kept is not null && isKept[sequences[i]])
            {
                WorkFile.Read(kept, Slot(i), OffsetOf(sequences[i]));
            }
            else
            {
                missing.Add(i);
            }
        }

        Ask(sequences);
        missing.Clear();
        Targets.Clear();
        for (int i = 0, row = 0; i < sequences.Length; i++, row++)
        {
            // [SEP], which follows each sequence, has no target.
            var slot = Slot(i);
            for (; slot.Length > 0; slot = slot[rowBytes..], row++)
            {
                var scale = MemoryMarshal.Read<float>(slot);
                if (scale > 0)
                {
                    var target = Targets.Add(row);
                    var bytes = MemoryMarshal.Cast<byte, sbyte>(slot[sizeof(float)..rowBytes]);
                    for (var k = 0; k < target.Length; k++)
                    {
                        target[k] = scale * bytes[k];
                    }
                }
            }
        }
    }

    public void Dispose()
    {
        kept?.Dispose();
        tokens.Dispose();
        teacher.Dispose();
    }

    /// <summary>Where in the working memory the states of each sequence stand: those of [CLS] and of its tokens.</summary>
    private void Place(ReadOnlySpan<int> sequences)
    {
        if (places.Length <= sequences.Length)
        {
            places = new int[2 * sequences.Length + 1];
        }

        for (var i = 0; i < sequences.Length; i++)
        {
            places[i + 1] = places[i] + (1 + corpus.LengthOf(sequences[i])) * rowBytes;
        }

        if (states.Length < places[sequences.Length])
        {
            states = new byte[places[sequences.Length]];
        }
    }

    private Span<byte> Slot(int number) => states.AsSpan(places[number], places[number + 1] - places[number]);

    private long OffsetOf(int sequence) => (corpus.StartOf(sequence) + sequence) * rowBytes;

    /// <summary>Lets the teacher read what is missing, as much of it at a time as it reads at its best.</summary>
    private void Ask(ReadOnlySpan<int> sequences)
    {
        for (var next = 0; next < missing.Count;)
        {
            teacher.Begin();
            asked.Clear();
            for (; next < missing.Count; next++)
            {
                tokens.Read(sequences[missing[next]], out var ids, out var ranges);
                if (!teacher.HasRoom(ids.Length))
                {
                    break;
                }

                asked.Add(new Question(missing[next], teacher.Add(ids), ids.Length, ranges.ToArray()));
            }

            var read = teacher.Run();
            TextLoop.Run(asked.Count, threads, () => new StateMean(teacher.Width), (i, mean) => Keep(read, asked[i], mean), CancellationToken.None);
            foreach (var question in asked)
            {
                var sequence = sequences[question.Number];
                if (kept is not null)
                {
                    WorkFile.Write(kept, Slot(question.Number), OffsetOf(sequence));
                    isKept[sequence] = true;
                }
            }
        }
    }

    /// <summary>Writes the states of a sequence's tokens.</summary>
    private void Keep(float[] read, Question question, StateMean mean)
    {
        var slot = Slot(question.Number);
        Mean(read, question.Row, question.Tokens + 2, mean, slot[..rowBytes]);
        var before = -1;
        foreach (var range in question.Ranges)
        {
            var last = slot[..rowBytes];
            slot = slot[rowBytes..];
            if (range == before)
            {
                last.CopyTo(slot);
                continue;
            }

            var (start, length) = TeacherTokens.Range(range);
            Mean(read, question.Row + 1 + start, length, mean, slot[..rowBytes]);
            before = range;
        }
    }

    /// <summary>The mean of some of the teacher's rows, as it is kept; of none, a scale of 0.</summary>
    private static void Mean(float[] read, int row, int count, StateMean mean, Span<byte> slot)
    {
        slot.Clear();
        if (mean.Take(read, row, count))
        {
            var scale = (float)(mean.Largest / Largest);
            MemoryMarshal.Write(slot, scale);
            var bytes = MemoryMarshal.Cast<byte, sbyte>(slot[sizeof(float)..]);
            for (var k = 0; k < bytes.Length; k++)
            {
                bytes[k] = (sbyte)Math.Round(mean[k] / scale);
            }
        }
    }

    /// <param name="Number">Of the sequence in the batch.</param>
    /// <param name="Row">Of its [CLS] in what the teacher gives.</param>
    /// <param name="Tokens">The teacher's, special ones not counted.</param>
    /// <param name="Ranges">For each of the student's tokens.</param>
    private readonly record struct Question(int Number, int Row, int Tokens, int[] Ranges);
}
