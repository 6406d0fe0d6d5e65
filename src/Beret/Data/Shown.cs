using System.Globalization;

namespace Beret.Data;

/// <summary>How names and numbers from data appear in messages.</summary>
internal static class Shown
{
    private const int LongestPath = 200;

    /// <summary>
    /// A path from an archive or a disk, fit for a terminal: control and format characters replaced, cut in the middle when very long.
    /// </summary>
    public static string Path(string path)
    {
        var cut = path.Length <= LongestPath ? path : string.Concat(path.AsSpan(0, LongestPath / 2), "…", path.AsSpan(path.Length - LongestPath / 2));
        return cut.Any(IsUnsafe) ? string.Concat(cut.Select(c => IsUnsafe(c) ? '\uFFFD' : c)) : cut;
    }

    /// <summary>The first few of many paths.</summary>
    public static string Paths(IReadOnlyList<string> paths)
    {
        const int most = 5;
        var first = string.Join(", ", paths.Take(most).Select(Path));
        return paths.Count > most ? $"{first} and {Count(paths.Count - most)} more" : first;
    }

    /// <summary>A number with its thousands set apart: 25,000.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>So many of something, whose plural ends in s: 1 file, 25,000 files.</summary>
    public static string Count(long number, string noun) => $"{Count(number)} {noun}{(number == 1 ? "" : "s")}";

    /// <summary>A size in bytes, rounded to a unit: 16 MiB.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{(bytes / (double)(1L << 30)).ToString("0.#", CultureInfo.InvariantCulture)} GiB",
        >= 1L << 20 => $"{(bytes / (double)(1L << 20)).ToString("0.#", CultureInfo.InvariantCulture)} MiB",
        >= 1L << 10 => $"{(bytes / (double)(1L << 10)).ToString("0.#", CultureInfo.InvariantCulture)} KiB",
        _ => $"{bytes} bytes",
    };

    private static bool IsUnsafe(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format;
}
