using Beret.Data;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>The token ids of many texts: tokenized once, read every epoch. As many texts as a thread tokenizes at a time lie side by side.</summary>
internal sealed class TokenStore : ITokenizedTexts
{
    private const int TextsPerPart = 256;

    private readonly Part[] parts;

    private TokenStore(Part[] parts, int count)
    {
        this.parts = parts;
        Count = count;
        foreach (var part in parts)
        {
            Tokens += part.Ids.Length;
            Cut += part.Cuts.Count(cut => cut > 0);
            Windows += part.Windows.Sum();
            Longest = Math.Max(Longest, part.Longest);
        }
    }

    public int Count { get; }

    /// <summary>Tokens of all texts together, those of all their windows.</summary>
    public long Tokens { get; }

    /// <summary>How many texts lost tokens to the length limit.</summary>
    public long Cut { get; }

    /// <summary>Tokens of the longest text or window.</summary>
    public int Longest { get; }

    /// <summary>Windows of all texts together.</summary>
    public long Windows { get; }

    public int WindowsOf(int text)
    {
        var (part, place) = Find(text);
        return part.Windows[place];
    }

    /// <summary>Tokens of one text, those of all its windows.</summary>
    public int TokensOf(int text)
    {
        var (part, place) = Find(text);
        return part.Starts[place + 1] - part.Starts[place];
    }

    /// <summary>How many tokens one text lost to the length limit.</summary>
    public int CutOf(int text)
    {
        var (part, place) = Find(text);
        return part.Cuts[place];
    }

    public int LengthOf(int text)
    {
        var (part, place) = Find(text);
        return part.LengthOf(place);
    }

    /// <summary>Tokenizes on some threads; the result does not depend on their number.</summary>
    /// <exception cref="TokenizerException">A pair cannot be cut to the length that is allowed.</exception>
    public static TokenStore Build(Tokenizer tokenizer, IReadOnlyList<Example> examples, EncodeOptions options, int threads, CancellationToken cancellation)
    {
        var parts = new Part[(examples.Count + TextsPerPart - 1) / TextsPerPart];
        TextLoop.Run(
            parts.Length, threads,
            () => (Buffer: new TokenBuffer(), Ids: new List<int>()),
            (number, scratch) => parts[number] = Encode(tokenizer, examples, number * TextsPerPart, options, scratch.Buffer, scratch.Ids),
            cancellation);
        return new TokenStore(parts, examples.Count);
    }

    public void AddTo(PackedBatch batch, int text, int window)
    {
        var (part, place) = Find(text);
        batch.Add(part.WindowOf(place, window), part.Firsts[place]);
    }

    /// <summary>Fills a batch with texts: each is a document of all its windows.</summary>
    public void Fill(PackedBatch batch, ReadOnlySpan<int> texts)
    {
        batch.Clear();
        foreach (var text in texts)
        {
            var (part, place) = Find(text);
            batch.Add(part.WindowOf(place, 0), part.Firsts[place]);
            for (var window = 1; window < part.Windows[place]; window++)
            {
                batch.AddWindow(part.WindowOf(place, window), part.Firsts[place]);
            }
        }
    }

    private (Part Part, int Place) Find(int text) => (parts[text / TextsPerPart], text % TextsPerPart);

    /// <param name="ids">Working memory.</param>
    private static Part Encode(Tokenizer tokenizer, IReadOnlyList<Example> examples, int start, EncodeOptions options, TokenBuffer buffer, List<int> ids)
    {
        var count = Math.Min(TextsPerPart, examples.Count - start);
        var (starts, windows, firsts, cuts) = (new int[count + 1], new int[count], new int[count], new int[count]);
        var longest = 0;
        ids.Clear();
        for (var i = 0; i < count; i++)
        {
            var example = examples[start + i];
            if (example.Pair is null)
            {
                tokenizer.Encode(example.Text, options, buffer);
            }
            else
            {
                tokenizer.Encode(example.Text, example.Pair, options, buffer);
            }

            ids.AddRange(buffer.Ids);
            starts[i + 1] = ids.Count;
            windows[i] = buffer.Windows;
            firsts[i] = buffer.FirstCount;
            cuts[i] = buffer.Cut;
            longest = Math.Max(longest, buffer.Count / buffer.Windows);
        }

        var own = GC.AllocateUninitializedArray<int>(ids.Count);
        ids.CopyTo(own);
        return new Part(own, starts, windows, firsts, cuts, longest);
    }

    /// <summary>Texts that were tokenized together.</summary>
    /// <param name="Ids">Their tokens, one text after the other.</param>
    /// <param name="Starts">Where each text starts, and the end.</param>
    /// <param name="Windows">How many windows each text is, of as many tokens each.</param>
    /// <param name="Firsts">The tokens of type 0 of each text's windows.</param>
    /// <param name="Cuts">How many tokens each text lost.</param>
    /// <param name="Longest">Tokens of the longest text or window.</param>
    private sealed record Part(int[] Ids, int[] Starts, int[] Windows, int[] Firsts, int[] Cuts, int Longest)
    {
        /// <summary>Tokens of each window of a text.</summary>
        public int LengthOf(int place) => (Starts[place + 1] - Starts[place]) / Windows[place];

        public ReadOnlySpan<int> WindowOf(int place, int window) => Ids.AsSpan(Starts[place] + window * LengthOf(place), LengthOf(place));
    }
}
