using System.Collections.Concurrent;
using System.Text;
using Beret.Text.Unicode;

namespace Beret.Text.SentencePiece;

/// <summary>
/// What the preprocessing of the TensorFlow Hub models does before SentencePiece: NFD and no \p{Mn} (normalize_utf8, regex_replace), then
/// NFKC_Casefold (case_fold_utf8), each where it is asked for. Scalar by scalar, then order and composition of the few texts that need them.
/// </summary>
internal sealed class TensorFlowFold : ITextFold
{
    private static readonly ConcurrentDictionary<(bool LowerCase, bool StripAccents), TensorFlowFold> Made = new();

    private readonly ScalarFold fold;
    private readonly bool compose;

    private TensorFlowFold(bool lowerCase, bool stripAccents)
    {
        var (nfd, folded) = (UnicodeTables.SentencePieceMap("tf.nfd"), UnicodeTables.SentencePieceMap("tf.casefold"));
        var marks = UnicodeTables.SentencePieceSet("tf.mn");
        compose = lowerCase;
        var scalars = CanonicalForm.Concerned.Union(nfd.Scalars).Union(folded.Scalars);
        if (stripAccents)
        {
            scalars = scalars.Union(marks.Scalars);
        }

        // A syllable would be decomposed and then composed again.
        if (!compose)
        {
            scalars = scalars.Union(Hangul.Syllables);
        }

        fold = new ScalarFold(scalars, Fold, CanonicalForm.Concerns);

        IReadOnlyList<int> Fold(int scalar)
        {
            IEnumerable<int> result = [scalar];
            if (stripAccents)
            {
                result = result.SelectMany(Decomposed).Where(c => !marks.Contains(c));
            }

            if (lowerCase)
            {
                result = result.SelectMany(c => folded.TryGet(c, out var values) ? values : [c]).SelectMany(Decomposed);
            }

            return [.. result];
        }

        IReadOnlyList<int> Decomposed(int scalar) => nfd.TryGet(scalar, out var values) ? values : Hangul.Decompose(scalar);
    }

    /// <summary>The fold of these settings, made once; null where nothing is to be done.</summary>
    public static TensorFlowFold? For(bool lowerCase, bool stripAccents) =>
        lowerCase || stripAccents
            ? Made.GetOrAdd((lowerCase, stripAccents), static key => new TensorFlowFold(key.LowerCase, key.StripAccents))
            : null;

    public void Apply(ReadOnlySpan<char> text, MappedText output)
    {
        output.Clear();
        var marked = false;
        var ascii = fold.Ascii;
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (c < ascii.Length && ascii[c] is not '\0' and var plain)
            {
                output.Push(plain, i, i + 1);
                i++;
                continue;
            }

            Rune.DecodeFromUtf16(text[i..], out var rune, out var width);
            if (fold.TryGet(rune.Value, out var folded, out var isMarked))
            {
                marked |= isMarked;
                foreach (var scalar in folded)
                {
                    output.PushScalar(scalar, i, i + width);
                }
            }
            else
            {
                output.PushScalar(rune.Value, i, i + width);
            }

            i += width;
        }

        if (marked)
        {
            CanonicalForm.Order(output);
            if (compose)
            {
                CanonicalForm.Compose(output);
            }
        }
    }
}
