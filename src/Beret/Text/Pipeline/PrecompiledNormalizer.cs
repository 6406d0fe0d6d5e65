using System.Globalization;
using System.Text;
using Beret.Text.SentencePiece;

namespace Beret.Text.Pipeline;

/// <summary>
/// The rules of a SentencePiece model as Hugging Face applies them ("Precompiled"): to each grapheme cluster of fewer than 6 UTF-8 bytes as a whole, else
/// to each of its scalars; the shortest rule at the start of the cluster replaces all of it.
/// </summary>
internal sealed class PrecompiledNormalizer(PrecompiledCharsMap rules) : TextNormalizer
{
    private const int LongestClusterInBytes = 5;

    public override void Apply(AlignedText text)
    {
        text.Begin();
        var changed = false;

        // Where the character stands whose range the next one takes. It is what is being replaced, except that characters deleted at the very start of a
        // text are not counted, as Hugging Face has it.
        var source = 0;
        for (int at = 0, after; at < text.Length; at = after)
        {
            after = ClusterEnd(text.Units, at);
            var cluster = text.Units[at..after];
            if (Encoding.UTF8.GetByteCount(cluster) <= LongestClusterInBytes && rules.TryShortest(cluster, out var becomes))
            {
                Replace(text, cluster, becomes, ref source);
                changed = true;
                continue;
            }

            for (int one = at, next; one < after; one = next)
            {
                var scalar = text.Scalar(one, out next);
                if (rules.TryShortest(text.Units[one..next], out becomes))
                {
                    Replace(text, text.Units[one..next], becomes, ref source);
                    changed = true;
                }
                else
                {
                    text.Put(scalar, source);
                    text.Scalar(source, out source);
                }
            }
        }

        if (changed)
        {
            text.End();
        }
    }

    private static int ClusterEnd(ReadOnlySpan<char> units, int at) =>
        units[at] < 0x80 && units[at] != '\r' && (at + 1 == units.Length || units[at + 1] < 0x80)
            ? at + 1
            : at + StringInfo.GetNextTextElementLength(units[at..]);

    /// <summary>As many characters as there were take their ranges one by one; more take the range of the last.</summary>
    private static void Replace(AlignedText text, ReadOnlySpan<char> replaced, ReadOnlySpan<char> becomes, ref int source)
    {
        var left = Count(replaced);
        foreach (var rune in becomes.EnumerateRunes())
        {
            if (left-- > 0)
            {
                text.Put(rune.Value, source);
                text.Scalar(source, out source);
            }
            else
            {
                text.Insert(rune.Value, source);
            }
        }

        for (; left > 0 && text.Written > 0; left--)
        {
            text.Scalar(source, out source);
        }
    }

    private static int Count(ReadOnlySpan<char> units)
    {
        var scalars = 0;
        foreach (var unit in units)
        {
            scalars += char.IsLowSurrogate(unit) ? 0 : 1;
        }

        return scalars;
    }
}
