using System.Collections.Concurrent;
using System.Text;
using Beret.Text.Unicode;

namespace Beret.Text.SentencePiece;

/// <summary>How the Python programs fold a text.</summary>
/// <param name="LowerCase">str.lower.</param>
/// <param name="StripAccents">NFKD without combining characters.</param>
/// <param name="RemoveSpace">White space at both ends goes, runs of it become one space (" ".join(text.split())).</param>
/// <param name="HuggingFace">AlbertTokenizer of transformers: `` and '' become ", and every character is lower-cased for itself beforehand.</param>
internal readonly record struct PythonFoldSettings(bool LowerCase, bool StripAccents, bool RemoveSpace, bool HuggingFace);

/// <summary>
/// preprocess_text of the original ALBERT (tokenization.py) and of Hugging Face's AlbertTokenizer, by the tables of Python 3.11 (Unicode 14).
/// </summary>
internal sealed class PythonFold : ITextFold
{
    private const int CapitalSigma = 0x3A3;
    private static readonly ConcurrentDictionary<PythonFoldSettings, PythonFold> Made = new();

    private readonly PythonFoldSettings settings;
    private readonly ScalarFold fold;

    private PythonFold(PythonFoldSettings settings)
    {
        this.settings = settings;
        var (nfkd, lower) = (UnicodeTables.SentencePieceMap("python.nfkd"), UnicodeTables.SentencePieceMap("python.lower"));
        var scalars = Enumerable.Empty<int>();
        if (settings.StripAccents)
        {
            scalars = scalars.Union(nfkd.Scalars).Union(Hangul.Syllables);
        }

        if (settings.LowerCase)
        {
            scalars = scalars.Union(lower.Scalars);
        }

        fold = new ScalarFold(scalars, Fold, scalar => settings.LowerCase && scalar == CapitalSigma);

        IReadOnlyList<int> Fold(int scalar)
        {
            IEnumerable<int> result = [scalar];
            if (settings.LowerCase && settings.HuggingFace)
            {
                result = result.SelectMany(Lowered);
            }

            if (settings.StripAccents)
            {
                result = result.SelectMany(c => nfkd.TryGet(c, out var values) ? values : Hangul.Decompose(c));
            }

            // What a capital sigma becomes is seen when the text is there.
            if (settings.LowerCase)
            {
                result = result.SelectMany(c => c == CapitalSigma ? [c] : Lowered(c));
            }

            return [.. result];
        }

        IReadOnlyList<int> Lowered(int scalar) => lower.TryGet(scalar, out var values) ? values : [scalar];
    }

    /// <summary>The fold of these settings, made once.</summary>
    public static PythonFold For(PythonFoldSettings settings) => Made.GetOrAdd(settings, static key => new PythonFold(key));

    public void Apply(ReadOnlySpan<char> text, MappedText output)
    {
        output.Clear();
        var (space, begun, sigmas) = (-1, false, false);
        var ascii = fold.Ascii;
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (space < 0 && c is > ' ' and < '\u0080' and not ('`' or '\'') && ascii[c] is not '\0' and var plain)
            {
                output.Push(plain, i, i + 1);
                begun = true;
                i++;
                continue;
            }

            Rune.DecodeFromUtf16(text[i..], out var rune, out var width);
            var scalar = rune.Value;
            if (settings.RemoveSpace && IsWhite(scalar))
            {
                space = space < 0 ? i : space;
                i += width;
                continue;
            }

            if (space >= 0 && begun)
            {
                output.Push(' ', space, space + 1);
            }

            (space, begun) = (-1, true);
            if (settings.HuggingFace && scalar is '`' or '\'' && i + 1 < text.Length && text[i + 1] == scalar)
            {
                (scalar, width) = ('"', 2);
            }

            if (fold.TryGet(scalar, out var folded, out var isSigma))
            {
                sigmas |= isSigma;
                foreach (var one in folded)
                {
                    output.PushScalar(one, i, i + width);
                }
            }
            else
            {
                output.PushScalar(scalar, i, i + width);
            }

            i += width;
        }

        if (sigmas)
        {
            LowerSigmas(output.Units);
        }
    }

    /// <summary>str.isspace.</summary>
    private static bool IsWhite(int scalar) => scalar is (>= 9 and <= 13) or (>= 0x1C and <= 0x20) or 0x85 or 0xA0 or 0x1680
        or (>= 0x2000 and <= 0x200A) or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000;

    /// <summary>
    /// A capital sigma is a final one after a cased letter and not before one, case-ignorable characters between them passed over. That the text
    /// around is in lower case already makes no difference: no character loses either property by it.
    /// </summary>
    private static void LowerSigmas(Span<char> units)
    {
        var (cased, ignorable) = (UnicodeTables.Set("google.cased"), UnicodeTables.Set("google.ignorable"));
        for (var i = 0; i < units.Length; i++)
        {
            if (units[i] == CapitalSigma)
            {
                units[i] = IsFinal(units, i) ? '\u03C2' : '\u03C3';
            }
        }

        bool IsFinal(ReadOnlySpan<char> text, int at)
        {
            var rest = text[..at];
            var before = new Rune(0);
            while (Rune.DecodeLastFromUtf16(rest, out var rune, out var width) == System.Buffers.OperationStatus.Done)
            {
                rest = rest[..^width];
                if (!ignorable.Contains(rune.Value))
                {
                    before = rune;
                    break;
                }
            }

            if (!cased.Contains(before.Value))
            {
                return false;
            }

            rest = text[(at + 1)..];
            while (Rune.DecodeFromUtf16(rest, out var rune, out var width) == System.Buffers.OperationStatus.Done)
            {
                rest = rest[width..];
                if (!ignorable.Contains(rune.Value))
                {
                    return !cased.Contains(rune.Value);
                }
            }

            return true;
        }
    }
}
