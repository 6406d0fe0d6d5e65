using System.Collections.Concurrent;

namespace Beret.Text.Unicode;

/// <summary>What happens to one scalar of the text before words are split.</summary>
internal enum ScalarAction
{
    /// <summary>A letter of the word, as it is.</summary>
    Letter = 0,

    /// <summary>Becomes another letter: the operand is its scalar.</summary>
    OtherLetter,

    /// <summary>Becomes a sequence: the operand is its place in <see cref="ScalarRules.Sequences"/>.</summary>
    Sequence,

    /// <summary>Ends the word.</summary>
    Space,

    /// <summary>A word of its own (punctuation, CJK).</summary>
    Alone,

    /// <summary>Deleted before normalisation: the words around it join, marks around it meet.</summary>
    Deleted,

    /// <summary>A mark that stays; the operand is its combining class, by which it is ordered among the marks around it.</summary>
    Mark,

    /// <summary>A mark that is dropped after marks were ordered; the operand is its combining class, 0 where it ends a run of marks.</summary>
    DroppedMark,

    /// <summary>A Hangul syllable, decomposed by arithmetic.</summary>
    Hangul,

    /// <summary>Greek capital sigma, whose lower case depends on the letters around it (original BERT only).</summary>
    Sigma,
}

/// <summary>The settings that decide what happens to each scalar.</summary>
internal readonly record struct ScalarSettings(TokenizerFlavour Flavour, bool LowerCase, bool StripAccents, bool SpaceChinese, bool CleanText);

/// <summary>
/// One action for every scalar, a two-stage table of blocks of 256: the normalisation, cleaning and word-splitting rules of a flavour in a single
/// look-up.
/// </summary>
internal sealed class ScalarRules
{
    private const int ActionBits = 4;
    private static readonly ConcurrentDictionary<ScalarSettings, ScalarRules> Cache = new();

    private readonly ushort[] blocks = new ushort[0x1100];
    private readonly uint[] entries;

    private ScalarRules(ScalarSettings settings)
    {
        var builder = new ScalarRulesBuilder(settings);
        var flat = builder.Entries;
        var entries = new List<uint>();
        var known = new Dictionary<int, List<ushort>>();
        for (var block = 0; block < blocks.Length; block++)
        {
            // Most blocks are like the one before: unassigned, or Chinese.
            var values = flat.AsSpan(block * 256, 256);
            if (block > 0 && values.SequenceEqual(flat.AsSpan((block - 1) * 256, 256)))
            {
                blocks[block] = blocks[block - 1];
                continue;
            }

            var hash = new HashCode();
            hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values));
            var candidates = known.TryGetValue(hash.ToHashCode(), out var list) ? list : known[hash.ToHashCode()] = [];
            var found = -1;
            foreach (var candidate in candidates)
            {
                if (values.SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(entries).Slice(candidate * 256, 256)))
                {
                    found = candidate;
                    break;
                }
            }

            if (found < 0)
            {
                found = entries.Count / 256;
                candidates.Add((ushort)found);
                entries.AddRange(values);
            }

            blocks[block] = (ushort)found;
        }

        this.entries = [.. entries];
        Sequences = [.. builder.Sequences];
        for (var c = 0; c < 128; c++)
        {
            var action = Action(c, out var operand);
            Ascii[c] = action == ScalarAction.OtherLetter ? ScalarAction.Letter : action;
            AsciiFold[c] = (char)(action == ScalarAction.OtherLetter ? operand : c);
        }
    }

    /// <summary>
    /// Sequences, one after another: the number of its outputs, then each as scalar | kind &lt;&lt; 21 | combining class &lt;&lt; 24.
    /// </summary>
    public uint[] Sequences { get; }

    /// <summary>The action of each ASCII character; a letter may have to be folded.</summary>
    public ScalarAction[] Ascii { get; } = new ScalarAction[128];

    /// <summary>What each ASCII letter becomes.</summary>
    public char[] AsciiFold { get; } = new char[128];

    /// <summary>The rules of these settings; made once and shared.</summary>
    public static ScalarRules For(ScalarSettings settings) => Cache.GetOrAdd(settings, static s => new ScalarRules(s));

    public ScalarAction Action(int scalar, out int operand)
    {
        var entry = entries[(blocks[scalar >> 8] << 8) | (scalar & 0xFF)];
        operand = (int)(entry >> ActionBits);
        return (ScalarAction)(entry & ((1 << ActionBits) - 1));
    }

    internal static uint Entry(ScalarAction action, int operand = 0) => ((uint)operand << ActionBits) | (uint)action;
}

/// <summary>What an output of normalisation is to the word splitter.</summary>
internal enum UnitKind : byte
{
    Letter = 0,
    Space = 1,
    Alone = 2,
}
