namespace Beret.Data;

/// <summary>Lists of the numbers of labels: which are the same, and in which order they come, by their first number, then by the next.</summary>
internal sealed class LabelLists : IEqualityComparer<int[]>, IComparer<int[]>
{
    public static LabelLists Instance { get; } = new();

    public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(int[] labels)
    {
        var hash = new HashCode();
        foreach (var label in labels)
        {
            hash.Add(label);
        }

        return hash.ToHashCode();
    }

    public int Compare(int[]? x, int[]? y) => x.AsSpan().SequenceCompareTo(y);
}
