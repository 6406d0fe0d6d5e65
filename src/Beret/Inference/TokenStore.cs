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
            Cut += part.Cut;
            Longest = Math.Max(Longest, part.Longest);
        }
    }

    public int Count { get; }

    /// <summary>Tokens of all texts together.</summary>
    public long Tokens { get; }

    /// <summary>How many texts lost tokens to the length limit.</summary>
    public long Cut { get; }

    /// <summary>Tokens of the longest.</summary>
    public int Longest { get; }

    /// <summary>Tokens of one text.</summary>
    public int LengthOf(int text)
    {
        var (part, place) = Find(text);
        return part.Starts[place + 1] - part.Starts[place];
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

    public void AddTo(PackedBatch batch, int text)
    {
        var (part, place) = Find(text);
        batch.Add(part.Ids.AsSpan(part.Starts[place]..part.Starts[place + 1]), part.Firsts[place]);
    }

    /// <summary>Fills a batch with texts.</summary>
    public void Fill(PackedBatch batch, ReadOnlySpan<int> texts)
    {
        batch.Clear();
        foreach (var text in texts)
        {
            AddTo(batch, text);
        }
    }

    private (Part Part, int Place) Find(int text) => (parts[text / TextsPerPart], text % TextsPerPart);

    /// <param name="ids">Working memory.</param>
    private static Part Encode(Tokenizer tokenizer, IReadOnlyList<Example> examples, int start, EncodeOptions options, TokenBuffer buffer, List<int> ids)
    {
        var count = Math.Min(TextsPerPart, examples.Count - start);
        var (starts, firsts) = (new int[count + 1], new int[count]);
        var (cut, longest) = (0, 0);
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
            firsts[i] = buffer.FirstCount;
            cut += buffer.Cut > 0 ? 1 : 0;
            longest = Math.Max(longest, buffer.Count);
        }

        var own = GC.AllocateUninitializedArray<int>(ids.Count);
        ids.CopyTo(own);
        return new Part(own, starts, firsts, cut, longest);
    }

    /// <summary>Texts that were tokenized together.</summary>
    /// <param name="Ids">Their tokens, one text after the other.</param>
    /// <param name="Starts">Where each text starts, and the end.</param>
    /// <param name="Firsts">Each text's tokens of type 0.</param>
    /// <param name="Cut">How many lost tokens.</param>
    /// <param name="Longest">Tokens of the longest.</param>
    private sealed record Part(int[] Ids, int[] Starts, int[] Firsts, int Cut, int Longest);
}
