using System.Buffers.Binary;
using System.Text;

namespace Beret.Text.SentencePiece;

/// <summary>
/// The normalisation rules of a SentencePiece model (precompiled_charsmap): what sequences of characters become. A double array in the manner of
/// Darts-clone over the UTF-8 bytes of the rules, whose values are the places of the replacements, each ended by a zero byte.
/// </summary>
/// <remarks>
/// SentencePiece goes through a text with <see cref="Longest"/>; a character without a rule stays. Hugging Face's normalizer "Precompiled" asks
/// <see cref="TryShortest"/>, first for each grapheme cluster of fewer than 6 UTF-8 bytes, which is then replaced as a whole, else for each scalar of
/// it.
/// </remarks>
internal sealed class PrecompiledCharsMap
{
    private const int LargestTrie = 4 << 20;
    private const int LargestReplacements = 16 << 20;
    private const int LongestRule = 128;

    private readonly uint[] trie;
    private readonly Dictionary<int, (int Start, int Length)> replacements = [];
    private readonly string replacementText;
    private readonly int root;

    private PrecompiledCharsMap(uint[] trie, ReadOnlySpan<byte> replacementBytes, string where)
    {
        this.trie = trie;
        root = Offset(trie[0]);
        var text = new StringBuilder();
        Check(replacementBytes, text, where);
        replacementText = text.ToString();
    }

    /// <summary>
    /// Reads the rules and checks that they end: no cycle in the double array, no rule longer than 128 bytes, no replacement outside.
    /// </summary>
    /// <param name="blob">The length of the double array in bytes (32 bits), the double array, the replacements.</param>
    /// <param name="where">The file, for messages.</param>
    /// <exception cref="TokenizerException">The rules are damaged.</exception>
    public static PrecompiledCharsMap Parse(ReadOnlySpan<byte> blob, string where)
    {
        if (!BinaryPrimitives.TryReadUInt32LittleEndian(blob, out var length) || length % 1024 != 0 || length == 0 || length > blob.Length - 4)
        {
            throw Damaged(where, "the length of their table is wrong");
        }

        var replacementBytes = blob[(4 + (int)length)..];
        if (length > LargestTrie || replacementBytes.Length > LargestReplacements)
        {
            throw Damaged(where, $"{blob.Length} bytes are more than any set of rules has");
        }

        var trie = new uint[length / 4];
        for (var i = 0; i < trie.Length; i++)
        {
            trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(4 + (4 * i))..]);
        }

        return new PrecompiledCharsMap(trie, replacementBytes, where);
    }

    /// <summary>The longest rule that applies at the start of a text.</summary>
    /// <param name="text">The text; lone surrogates are read as U+FFFD.</param>
    /// <param name="replacement">What stands in the place of what the rule takes; may be empty.</param>
    /// <returns>How many UTF-16 units it takes; 0 where there is no rule.</returns>
    public int Longest(ReadOnlySpan<char> text, out ReadOnlySpan<char> replacement) => Match(text, longest: true, out replacement);

    /// <summary>The shortest rule that applies at the start of a text.</summary>
    public bool TryShortest(ReadOnlySpan<char> text, out ReadOnlySpan<char> replacement) => Match(text, longest: false, out replacement) > 0;

    /// <summary>Whether a rule begins with this text, or is this text.</summary>
    public bool HasRuleThatBeginsWith(ReadOnlySpan<char> text)
    {
        var state = root;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Step(ref state, rune, out _))
            {
                return false;
            }
        }

        return true;
    }

    private int Match(ReadOnlySpan<char> text, bool longest, out ReadOnlySpan<char> replacement)
    {
        var state = root;
        var (matched, value) = (0, 0);
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text[i..], out var rune, out var units);
            if (!Step(ref state, rune, out var unit))
            {
                break;
            }

            i += units;
            if (HasLeaf(unit))
            {
                (matched, value) = (i, Value(state));
                if (!longest)
                {
                    break;
                }
            }
        }

        replacement = default;
        if (matched > 0)
        {
            var (start, length) = replacements[value];
            replacement = replacementText.AsSpan(start, length);
        }

        return matched;
    }

    private bool Step(ref int state, Rune rune, out uint unit)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var length = rune.EncodeToUtf8(utf8);
        unit = 0;
        for (var i = 0; i < length; i++)
        {
            if (!Step(ref state, utf8[i], out unit))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Goes along one byte; a zero byte leads nowhere, since it marks the leaves.</summary>
    private bool Step(ref int state, byte label, out uint unit)
    {
        var place = state ^ label;
        unit = trie[place];
        if ((unit & 0x800000FF) != label || label == 0)
        {
            return false;
        }

        state = place ^ Offset(unit);
        return true;
    }

    private static int Offset(uint unit) => (int)((unit >> 10) << (int)((unit & (1 << 9)) >> 6));

    private static bool HasLeaf(uint unit) => (unit >> 8 & 1) != 0;

    private int Value(int state) => (int)(trie[state] & 0x7FFFFFFF);

    /// <summary>Walks the whole double array once, so that no text can lead outside or far, and collects the replacements.</summary>
    private void Check(ReadOnlySpan<byte> replacementBytes, StringBuilder text, string where)
    {
        // How many bytes still follow each state, plus 1; 0 where not known yet. States are shared: Darts-clone makes a graph without cycles.
        var heights = new byte[trie.Length];
        var path = new Stack<(int State, int Label, int Height)>();
        Enter(root, path, where);
        while (path.TryPop(out var at))
        {
            var (state, label, height) = at;
            while (++label < 256)
            {
                var next = state;
                if (!Step(ref next, (byte)label, out var unit))
                {
                    continue;
                }

                if ((uint)next >= trie.Length || (next | 0xFF) >= trie.Length)
                {
                    throw Damaged(where, "their table leads outside itself");
                }

                if (HasLeaf(unit))
                {
                    AddReplacement(Value(next), replacementBytes, text, where);
                }

                if (heights[next] == 0)
                {
                    // Comes back to this label when the height of the next state is known.
                    path.Push((state, label - 1, height));
                    Enter(next, path, where);
                    break;
                }

                height = Math.Max(height, heights[next] + 1);
                if (height + path.Count > LongestRule)
                {
                    throw Damaged(where, $"a rule is longer than {LongestRule} bytes");
                }
            }

            if (label == 256)
            {
                heights[state] = (byte)height;
            }
        }
    }

    private void Enter(int state, Stack<(int State, int Label, int Height)> path, string where)
    {
        if ((uint)state >= trie.Length || (state | 0xFF) >= trie.Length)
        {
            throw Damaged(where, "their table leads outside itself");
        }

        // A cycle would go on for ever, and so is found here.
        if (path.Count > LongestRule)
        {
            throw Damaged(where, $"a rule is longer than {LongestRule} bytes");
        }

        path.Push((state, 0, 1));
    }

    private void AddReplacement(int value, ReadOnlySpan<byte> bytes, StringBuilder text, string where)
    {
        if (replacements.ContainsKey(value))
        {
            return;
        }

        var length = value < bytes.Length ? bytes[value..].IndexOf((byte)0) : -1;
        if (length < 0)
        {
            throw Damaged(where, "a replacement lies outside");
        }

        try
        {
            var replacement = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.Slice(value, length));
            if (text.Length + replacement.Length > LargestReplacements)
            {
                throw Damaged(where, "the replacements overlap");
            }

            replacements.Add(value, (text.Length, replacement.Length));
            text.Append(replacement);
        }
        catch (DecoderFallbackException)
        {
            throw Damaged(where, "a replacement is not UTF-8");
        }
    }

    private static TokenizerException Damaged(string where, string why) =>
        new($"{where}: the precompiled normalisation rules are damaged: {why}");
}
