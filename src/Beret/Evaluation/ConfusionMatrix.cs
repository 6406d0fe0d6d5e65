using System.Globalization;
using System.Text.Json;

namespace Beret.Evaluation;

/// <summary>
/// How often each true class was predicted as each class. Rows are the true classes, columns the predicted ones, as in scikit-learn.
/// </summary>
public sealed class ConfusionMatrix
{
    private readonly long[] counts;

    /// <summary>Creates an empty matrix over the given classes.</summary>
    /// <param name="labels">The classes' names, in the model's order.</param>
    public ConfusionMatrix(IReadOnlyList<string> labels)
    {
        Labels = [.. labels];
        counts = new long[checked(Labels.Count * Labels.Count)];
    }

    /// <summary>The classes' names, in the model's order.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>How many examples of class <paramref name="actual"/> were predicted as <paramref name="predicted"/>.</summary>
    public long this[int actual, int predicted] => counts[Index(actual, predicted)];

    /// <summary>The number of examples.</summary>
    public long Total => counts.Sum();

    /// <summary>The number of examples predicted as what they are.</summary>
    public long Correct => Enumerable.Range(0, Labels.Count).Sum(k => this[k, k]);

    /// <summary>The number of examples of a class (its support).</summary>
    public long Actual(int label) => Enumerable.Range(0, Labels.Count).Sum(k => this[label, k]);

    /// <summary>The number of examples predicted as a class.</summary>
    public long Predicted(int label) => Enumerable.Range(0, Labels.Count).Sum(k => this[k, label]);

    /// <summary>Counts one example.</summary>
    public void Add(int actual, int predicted) => counts[Index(actual, predicted)]++;

    /// <summary>The matrix as an aligned plain-text table, with the totals of rows and columns.</summary>
    public string ToTable()
    {
        var table = new TextTable(["true \\ predicted", .. Labels, "total"]);
        for (var row = 0; row < Labels.Count; row++)
        {
            table.Add([Labels[row], .. Enumerable.Range(0, Labels.Count).Select(column => Number(this[row, column])), Number(Actual(row))]);
        }

        table.Add(["total", .. Enumerable.Range(0, Labels.Count).Select(column => Number(Predicted(column))), Number(Total)]);
        return table.ToString();
    }

    /// <summary>Writes the counts as an array of rows.</summary>
    internal void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        for (var row = 0; row < Labels.Count; row++)
        {
            writer.WriteStartArray();
            for (var column = 0; column < Labels.Count; column++)
            {
                writer.WriteNumberValue(this[row, column]);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private int Index(int actual, int predicted)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(actual);
        ArgumentOutOfRangeException.ThrowIfNegative(predicted);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(actual, Labels.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(predicted, Labels.Count);
        return actual * Labels.Count + predicted;
    }
}
