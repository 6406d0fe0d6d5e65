using System.Runtime.CompilerServices;

namespace Beret.Text.Pipeline;

/// <summary>Unicode scalars of UTF-16; a lone surrogate stands for itself.</summary>
internal static class Scalars
{
    /// <summary>The scalar at a place and the place after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int At(ReadOnlySpan<char> units, int at, out int after)
    {
        var unit = units[at];
        if (!char.IsHighSurrogate(unit) || at + 1 == units.Length || !char.IsLowSurrogate(units[at + 1]))
        {
            after = at + 1;
            return unit;
        }

        after = at + 2;
        return char.ConvertToUtf32(unit, units[at + 1]);
    }

    /// <summary>The scalar that ends at a place, which is not the start.</summary>
    public static int Before(ReadOnlySpan<char> units, int at) =>
        char.IsLowSurrogate(units[at - 1]) && at > 1 && char.IsHighSurrogate(units[at - 2])
            ? char.ConvertToUtf32(units[at - 2], units[at - 1])
            : units[at - 1];

    public static int Utf8Length(int scalar) => scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;

    /// <summary>White_Space of Unicode, by which everything in Hugging Face tokenizers goes; all of it is in the basic plane.</summary>
    public static bool IsWhite(int scalar) => scalar < 0x10000 && char.IsWhiteSpace((char)scalar);
}
