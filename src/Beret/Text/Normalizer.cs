using Beret.Text.Unicode;

namespace Beret.Text;

/// <summary>Applies the rules of a flavour to a stretch of text, character by character.</summary>
internal sealed class Normalizer(ScalarRules rules)
{
    private const int Replacement = 0xFFFD;

    /// <summary>
    /// Normalises from <paramref name="from"/> up to the next ASCII white space or punctuation, across which nothing in any flavour reaches. Lone
    /// surrogates are read as U+FFFD.
    /// </summary>
    /// <returns>Where it stopped.</returns>
    public int Stretch(ReadOnlySpan<char> text, int from, NormalizedText output)
    {
        output.Clear();
        var ascii = rules.Ascii;
        var fold = rules.AsciiFold;
        var i = from;
        while (i < text.Length)
        {
            int c = text[i];
            if (c < 128)
            {
                var asciiAction = ascii[c];
                if (asciiAction == ScalarAction.Letter)
                {
                    output.Starter(fold[c], UnitKind.Letter, i, i + 1);
                    i++;
                    continue;
                }

                if (asciiAction != ScalarAction.Deleted)
                {
                    break;
                }

                i++;
                continue;
            }

            var start = i;
            var scalar = Decode(text, ref i);
            switch (rules.Action(scalar, out var operand))
            {
                case ScalarAction.Letter:
                    output.Starter(scalar, UnitKind.Letter, start, i);
                    break;
                case ScalarAction.OtherLetter:
                    output.Starter(operand, UnitKind.Letter, start, i);
                    break;
                case ScalarAction.Sequence:
                    Sequence(operand, start, i, output);
                    break;
                case ScalarAction.Space:
                    output.Starter(' ', UnitKind.Space, start, i);
                    break;
                case ScalarAction.Alone:
                    output.Starter(scalar, UnitKind.Alone, start, i);
                    break;
                case ScalarAction.Deleted:
                    break;
                case ScalarAction.Mark:
                    output.Mark(scalar, operand, dropped: false, start, i);
                    break;
                case ScalarAction.DroppedMark when operand == 0:
                    output.Barrier(start, i);
                    break;
                case ScalarAction.DroppedMark:
                    output.Mark(scalar, operand, dropped: true, start, i);
                    break;
                case ScalarAction.Hangul:
                    Hangul(scalar, start, i, output);
                    break;
                default:
                    output.Starter(IsFinalSigma(text, start) ? 0x3C2 : 0x3C3, UnitKind.Letter, start, i);
                    break;
            }
        }

        output.EndRun();
        return i;
    }

    private static int Decode(ReadOnlySpan<char> text, ref int i)
    {
        var unit = text[i++];
        if (!char.IsSurrogate(unit))
        {
            return unit;
        }

        return char.IsHighSurrogate(unit) && i < text.Length && char.IsLowSurrogate(text[i]) ? char.ConvertToUtf32(unit, text[i++]) : Replacement;
    }

    private static int DecodeBefore(ReadOnlySpan<char> text, ref int i)
    {
        var unit = text[--i];
        if (!char.IsSurrogate(unit))
        {
            return unit;
        }

        return char.IsLowSurrogate(unit) && i > 0 && char.IsHighSurrogate(text[i - 1]) ? char.ConvertToUtf32(text[--i], unit) : Replacement;
    }

    private void Sequence(int place, int start, int end, NormalizedText output)
    {
        var count = rules.Sequences[place];
        for (var k = 1; k <= count; k++)
        {
            var entry = rules.Sequences[place + k];
            var scalar = (int)(entry & 0x1FFFFF);
            var combiningClass = (int)(entry >> 24);
            if (combiningClass == 0)
            {
                output.Starter(scalar, (UnitKind)((entry >> 21) & 3), start, end);
            }
            else if (k == 1)
            {
                output.Mark(scalar, combiningClass, dropped: false, start, end);
            }
            else
            {
                output.AddedMark(scalar, combiningClass);
            }
        }
    }

    /// <summary>The Unicode Standard, section 3.12, Hangul syllable decomposition.</summary>
    private static void Hangul(int syllable, int start, int end, NormalizedText output)
    {
        const int Vowels = 21, Trailing = 28;
        var index = syllable - 0xAC00;
        output.Starter(0x1100 + (index / (Vowels * Trailing)), UnitKind.Letter, start, end);
        output.Starter(0x1161 + (index % (Vowels * Trailing) / Trailing), UnitKind.Letter, start, end);
        if (index % Trailing != 0)
        {
            output.Starter(0x11A7 + (index % Trailing), UnitKind.Letter, start, end);
        }
    }

    /// <summary>
    /// Python's str.lower: a capital sigma is final after a cased letter and not before one, case-ignorable characters between them passed over; so
    /// are those that cleaning deleted before.
    /// </summary>
    private static bool IsFinalSigma(ReadOnlySpan<char> text, int sigma)
    {
        var cased = UnicodeTables.Set("google.cased");
        var i = sigma;
        var before = Replacement;
        while (i > 0 && PassedOver(before = DecodeBefore(text, ref i)))
        {
            before = Replacement;
        }

        if (!cased.Contains(before))
        {
            return false;
        }

        i = sigma + 1;
        var after = Replacement;
        while (i < text.Length && PassedOver(after = Decode(text, ref i)))
        {
            after = Replacement;
        }

        return !cased.Contains(after);

        static bool PassedOver(int scalar) =>
            UnicodeTables.Set("google.ignorable").Contains(scalar) || UnicodeTables.Set("google.deleted").Contains(scalar);
    }
}
