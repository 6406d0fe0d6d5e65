namespace Beret.Hub;

/// <summary>Names that are like a mistyped one.</summary>
internal static class NearestNames
{
    // Nobody mistypes a name this long, and the distance takes time by the square.
    private const int Longest = 100;

    /// <summary>The names with the least distance to what was typed, nearest first. A name's part after the last slash counts like the whole.</summary>
    public static IReadOnlyList<string> Of(string typed, IReadOnlyList<string> names, int count)
    {
        var whole = Normalize(typed);
        var last = LastPart(whole);
        return [.. names.OrderBy(name => Math.Min(Distance(whole, Normalize(name)), Distance(last, LastPart(Normalize(name))))).Take(count)];
    }

    private static string Normalize(string name) => name[..Math.Min(name.Length, Longest)].ToLowerInvariant().Replace('_', '-');

    private static string LastPart(string name) => name[(name.LastIndexOf('/') + 1)..];

    /// <summary>Levenshtein's distance: insertions, deletions and changes of one character.</summary>
    public static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
