namespace Beret.Data.Files;

/// <summary>
/// Python's order of strings: by code point. Ordinal comparison in .NET is by UTF-16 code unit and differs where a character beyond U+FFFF meets one
/// from U+E000 to U+FFFF.
/// </summary>
internal sealed class CodePointOrder : IComparer<string>
{
    public static CodePointOrder Instance { get; } = new();

    public int Compare(string? x, string? y) => Compare(x.AsSpan(), y.AsSpan());

    public static int Compare(ReadOnlySpan<char> x, ReadOnlySpan<char> y)
    {
        var same = x.CommonPrefixLength(y);
        return same == x.Length || same == y.Length ? x.Length.CompareTo(y.Length) : Rank(x[same]).CompareTo(Rank(y[same]));
    }

    // Surrogates, which stand for the code points from U+10000, go behind all other code units.
    private static int Rank(char c) => c switch
    {
        >= '\uE000' => c - 0x800,
        >= '\uD800' => c + 0x2000,
        _ => c,
    };
}
