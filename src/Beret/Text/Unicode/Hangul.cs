namespace Beret.Text.Unicode;

/// <summary>Composition and decomposition of Hangul syllables (The Unicode Standard, section 3.12).</summary>
internal static class Hangul
{
    // There are 27 trailing consonants; the place before them stands for none.
    private const int FirstLeading = 0x1100, FirstVowel = 0x1161, FirstTrailing = 0x11A7, FirstSyllable = 0xAC00;
    private const int Leadings = 19, Vowels = 21, Trailings = 28;

    /// <summary>All syllables.</summary>
    public static IEnumerable<int> Syllables => Enumerable.Range(FirstSyllable, Leadings * Vowels * Trailings);

    /// <summary>The letters that join what stands before them.</summary>
    public static IReadOnlySet<int> Seconds { get; } =
        Enumerable.Range(FirstVowel, Vowels).Concat(Enumerable.Range(FirstTrailing + 1, Trailings - 1)).ToHashSet();

    /// <summary>The letters of a syllable; the scalar itself where it is none.</summary>
    public static IReadOnlyList<int> Decompose(int scalar)
    {
        var index = scalar - FirstSyllable;
        if (index is < 0 or >= Leadings * Vowels * Trailings)
        {
            return [scalar];
        }

        var leading = FirstLeading + (index / (Vowels * Trailings));
        var vowel = FirstVowel + (index % (Vowels * Trailings) / Trailings);
        var trailing = FirstTrailing + (index % Trailings);
        return trailing == FirstTrailing ? [leading, vowel] : [leading, vowel, trailing];
    }

    /// <summary>The syllable of two letters, or of a syllable without a trailing consonant and one; null where the two do not join.</summary>
    public static int? Compose(int first, int second)
    {
        var (leading, vowel, trailing, syllable) = (first - FirstLeading, second - FirstVowel, second - FirstTrailing, first - FirstSyllable);
        if (leading is >= 0 and < Leadings && vowel is >= 0 and < Vowels)
        {
            return FirstSyllable + (((leading * Vowels) + vowel) * Trailings);
        }

        return syllable is >= 0 and < Leadings * Vowels * Trailings && syllable % Trailings == 0 && trailing is > 0 and < Trailings
            ? first + trailing
            : null;
    }
}
