namespace Beret.Tests.Training;

/// <summary>
/// Computed values beside recorded ones. Every difference goes into the test's output, so that what was reached can be read there; <see cref="Check"/> fails
/// with all that are too large.
/// </summary>
public sealed class Comparison
{
    private readonly List<(string Name, double Difference, double Allowed)> rows = [];

    /// <summary>max |expected − computed| is at most what is allowed.</summary>
    public void Absolute(string name, ReadOnlySpan<float> expected, ReadOnlySpan<float> computed, double allowed) =>
        rows.Add((name, Largest(name, expected, computed, out _), allowed));

    public void Absolute(string name, double expected, double computed, double allowed) => rows.Add((name, Distance(expected, computed), allowed));

    /// <summary>max |expected − computed| is at most the given part of the largest expected entry, or of the scale where one is given.</summary>
    public void Relative(string name, ReadOnlySpan<float> expected, ReadOnlySpan<float> computed, double allowed, double? scale = null)
    {
        var difference = Largest(name, expected, computed, out var largest);
        rows.Add((name, difference / (scale ?? largest), allowed));
    }

    public void Relative(string name, double expected, double computed, double allowed) =>
        rows.Add((name, Distance(expected, computed) / Math.Abs(expected), allowed));

    /// <summary>Writes the largest difference of each group of names, and fails where one is not allowed.</summary>
    /// <param name="groupOf">The group of a name; by default what stands before its first dot.</param>
    public void Check(Func<string, string>? groupOf = null)
    {
        Assert.NotEmpty(rows);
        foreach (var group in rows.GroupBy(row => groupOf?.Invoke(row.Name) ?? row.Name.Split('.')[0]))
        {
            var worst = group.MaxBy(row => row.Difference / row.Allowed);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{group.Key}: {group.Count()} compared, largest difference {worst.Difference:g3} of {worst.Allowed:g3} allowed, at {worst.Name}");
        }

        Assert.Empty(rows.Where(row => !(row.Difference <= row.Allowed)).Select(row => $"{row.Name}: {row.Difference:g3} > {row.Allowed:g3}"));
    }

    /// <summary>The mathematically zero gradient of a key bias is rounding noise, which Adam enlarges to full steps: two correct programs do not agree on it.</summary>
    public static bool IsKeyBias(string name) => name.EndsWith("key.bias", StringComparison.Ordinal) || name.EndsWith("key/bias", StringComparison.Ordinal);

    /// <summary>√Σx².</summary>
    public static double Norm(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (double)value * value;
        }

        return Math.Sqrt(sum);
    }

    private static double Largest(string name, ReadOnlySpan<float> expected, ReadOnlySpan<float> computed, out double largestExpected)
    {
        Assert.True(expected.Length == computed.Length, $"{name} has {computed.Length} values, expected are {expected.Length}");
        Assert.False(expected.IsEmpty, name);
        var difference = 0.0;
        largestExpected = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            difference = Math.Max(difference, Distance(expected[i], computed[i]));
            largestExpected = Math.Max(largestExpected, Math.Abs(expected[i]));
        }

        return difference;
    }

    /// <summary>What is not a number is infinitely far from everything.</summary>
    private static double Distance(double expected, double computed) =>
        Math.Abs(expected - computed) is var distance && double.IsNaN(distance) ? double.PositiveInfinity : distance;
}
