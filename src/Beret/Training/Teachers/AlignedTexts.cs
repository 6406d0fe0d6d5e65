using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Training.Teachers;

/// <summary>
/// What a teacher of another vocabulary reads where a student reads the texts of a run: the same texts in its own tokens, and which of these stand where the student's tokens do. Words are
/// matched by their places in the text, [CLS] with [CLS], and [SEP] with nothing.
/// </summary>
internal sealed class AlignedTexts
{
    private readonly Entry[] entries;

    private AlignedTexts(Entry[] entries) => this.entries = entries;

    /// <summary>Tokenizes on some threads; the result does not depend on their number.</summary>
    /// <param name="student">The student's tokenizer.</param>
    /// <param name="options">How the student reads.</param>
    /// <param name="teacher">The teacher's tokenizer.</param>
    /// <param name="teacherOptions">How the teacher reads.</param>
    /// <param name="texts">All that are learned from.</param>
    /// <param name="threads">Used at once.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="TokenizerException">A pair cannot be cut to the length that is allowed.</exception>
    public static AlignedTexts Build(
        Tokenizer student, EncodeOptions options, Tokenizer teacher, EncodeOptions teacherOptions, IReadOnlyList<Example> texts, int threads, CancellationToken cancellation)
    {
        var entries = new Entry[texts.Count];
        TextLoop.Run(
            texts.Count, threads, () => (Own: new TokenBuffer(), Its: new TokenBuffer()),
            (number, buffers) =>
            {
                Encode(student, texts[number], options, buffers.Own);
                Encode(teacher, texts[number], teacherOptions, buffers.Its);
                entries[number] = new Entry(buffers.Its.Ids.ToArray(), buffers.Its.FirstCount, Align(buffers.Own, student, buffers.Its, teacher));
            },
            cancellation);
        return new AlignedTexts(entries);
    }

    /// <summary>Adds the teacher's tokens of a text.</summary>
    public void AddTo(PackedBatch batch, int text) => batch.Add(entries[text].Ids, entries[text].FirstCount);

    /// <summary>For each of the student's tokens of a text the first of the teacher's and the one after the last; they are equal where it has none.</summary>
    public ReadOnlySpan<(int First, int End)> RangesOf(int text) => entries[text].Ranges;

    private static void Encode(Tokenizer tokenizer, Example text, EncodeOptions options, TokenBuffer buffer)
    {
        var (one, pair) = text.Texts;
        tokenizer.EncodeEither(one, pair, options, buffer);
    }

    private static (int First, int End)[] Align(TokenBuffer own, Tokenizer student, TokenBuffer its, Tokenizer teacher)
    {
        var ranges = new (int First, int End)[own.Count];
        if (own.Count > 0 && its.Count > 0 && own.Ids[0] == student.ClassificationId && its.Ids[0] == teacher.ClassificationId)
        {
            ranges[0] = (0, 1);
        }

        // Each text of a pair has its own places. A special token that is written in a text and known to one of the two alone leaves that text without any.
        var (parts, others) = (Parts(own), Parts(its));
        for (var i = 0; i < parts.Count && parts.Count == others.Count; i++)
        {
            WordAlignment.Align(own, parts[i], its, others[i], ranges.AsSpan(parts[i]));
        }

        return ranges;
    }

    /// <summary>The runs of tokens between the special ones.</summary>
    private static List<Range> Parts(TokenBuffer tokens)
    {
        var parts = new List<Range>(2);
        for (int i = 0, start = 0; i <= tokens.Count; i++)
        {
            if (i < tokens.Count && tokens.Words[i] >= 0)
            {
                continue;
            }

            if (i > start)
            {
                parts.Add(start..i);
            }

            start = i + 1;
        }

        return parts;
    }

    /// <param name="Ids">The teacher's tokens.</param>
    /// <param name="FirstCount">Of type 0.</param>
    /// <param name="Ranges">Of the student's tokens.</param>
    private sealed record Entry(int[] Ids, int FirstCount, (int First, int End)[] Ranges);
}
