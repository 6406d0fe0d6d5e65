using Beret.Data;
using Beret.Text;

namespace Beret.Tokens;

/// <summary>
/// Some texts' tokens as they lie side by side in memory or in a file, in words of 32 bits: the number of texts n; where each text's tokens begin among all, and where they
/// end, n + 1; its windows, which have as many tokens each; how many tokens of a window are of the first text; how many it lost to the length limit, n each; all tokens.
/// </summary>
internal readonly ref struct TokenBlock(ReadOnlySpan<int> words)
{
    /// <summary>The number of texts of a block; the last of a store has fewer.</summary>
    public const int Texts = 256;

    private readonly ReadOnlySpan<int> words = words;

    /// <summary>The number of texts, n.</summary>
    public int Count => words[0];

    /// <summary>Tokens of all texts, those of all their windows.</summary>
    public int Tokens => Starts[Count];

    private ReadOnlySpan<int> Starts => words.Slice(1, Count + 1);

    private ReadOnlySpan<int> Ids => words[(4 * Count + 2)..];

    /// <summary>The number of windows of a text.</summary>
    public int WindowsOf(int place) => words[Count + 2 + place];

    /// <summary>The tokens of type 0 of each window of a text.</summary>
    public int FirstOf(int place) => words[2 * Count + 2 + place];

    /// <summary>How many tokens a text lost.</summary>
    public int CutOf(int place) => words[3 * Count + 2 + place];

    /// <summary>Tokens of each window of a text.</summary>
    public int LengthOf(int place) => (Starts[place + 1] - Starts[place]) / WindowsOf(place);

    /// <summary>The tokens of one window of a text.</summary>
    public ReadOnlySpan<int> WindowOf(int place, int window) => Ids.Slice(Starts[place] + window * LengthOf(place), LengthOf(place));

    /// <summary>Tokenizes texts.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="examples">The texts of all blocks.</param>
    /// <param name="number">Which block to make.</param>
    /// <param name="options">How they are cut.</param>
    /// <param name="scratch">Working memory.</param>
    /// <exception cref="TokenizerException">A pair cannot be cut to the length that is allowed.</exception>
    public static int[] Encode(Tokenizer tokenizer, IReadOnlyList<Example> examples, int number, EncodeOptions options, Scratch scratch)
    {
        var (buffer, ids) = (scratch.Buffer, scratch.Ids);
        var start = number * Texts;
        var count = Math.Min(Texts, examples.Count - start);
        Span<int> head = stackalloc int[4 * count + 2];
        head[0] = count;
        head[1] = 0;
        ids.Clear();
        for (var i = 0; i < count; i++)
        {
            var (text, pair) = examples[start + i].Texts;
            tokenizer.EncodeEither(text, pair, options, buffer);

            ids.AddRange(buffer.Ids);
            head[2 + i] = ids.Count;
            head[count + 2 + i] = buffer.Windows;
            head[2 * count + 2 + i] = buffer.FirstCount;
            head[3 * count + 2 + i] = buffer.Cut;
        }

        var words = GC.AllocateUninitializedArray<int>(head.Length + ids.Count);
        head.CopyTo(words);
        ids.CopyTo(words, head.Length);
        return words;
    }

    /// <summary>Whether words that come from a file are a block of so many texts, whose tokens are all below a vocabulary's size.</summary>
    public static bool IsOne(ReadOnlySpan<int> words, int count, int vocabularySize)
    {
        if (count > Texts || words.Length < 4 * count + 2 || words[0] != count || words[1] != 0)
        {
            return false;
        }

        var block = new TokenBlock(words);
        for (var place = 0; place < count; place++)
        {
            var tokens = (long)block.Starts[place + 1] - block.Starts[place];
            var windows = block.WindowsOf(place);
            if (windows < 1 || tokens < windows || tokens % windows != 0 || block.FirstOf(place) < 0 || block.FirstOf(place) > tokens / windows || block.CutOf(place) < 0)
            {
                return false;
            }
        }

        return block.Ids.Length == block.Tokens && !block.Ids.ContainsAnyExceptInRange(0, vocabularySize - 1);
    }

    /// <summary>What making one block after the other needs.</summary>
    public sealed class Scratch
    {
        public TokenBuffer Buffer { get; } = new();

        public List<int> Ids { get; } = [];
    }
}
