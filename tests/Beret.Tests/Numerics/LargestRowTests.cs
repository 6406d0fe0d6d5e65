using Beret.Numerics;
using Beret.Tests.Numerics.Cases;

namespace Beret.Tests.Numerics;

/// <summary>The largest row of a sequence, where several have the same value or one has none.</summary>
public class LargestRowTests
{
    public static IEnumerable<TheoryDataRow<string>> Names => Backends.FastNames.Append("reference").Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Of_equal_values_the_first_has_the_gradient(string name)
    {
        // Two sequences, of 3 and 2 rows; the first column has its largest twice in the first, the second column everywhere.
        Assert.Equal(
            [0, 7, 5, 0, 0, 0, 6, 8, 0, 0],
            GradientOf(name, [1, 4, 3, 4, 3, 4, 9, 2, -9, 2], [3, 2], [5, 7, 6, 8]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_not_a_number_is_not_passed_over(string name)
    {
        using var backend = Create(name);
        using var operands = new Operands(backend, 1);
        float[] values = [1, float.NaN, 3, float.NaN, 2, float.PositiveInfinity];
        var input = operands.Input(6, 1, i => values[i]);
        var output = operands.Scratch(2, 1);
        backend.MaxRows(input, operands.Indices(0, 4, 6), output);
        Assert.Equal([float.NaN, float.PositiveInfinity], operands.Read(output));
        Assert.Equal([0, 5, 0, 0, 0, 6], GradientOf(name, values, [4, 2], [5, 6], columns: 1));
    }

    private static float[] GradientOf(string name, float[] values, int[] lengths, float[] gradient, int columns = 2)
    {
        using var backend = Create(name);
        using var operands = new Operands(backend, 1);
        var input = operands.Input(values.Length / columns, columns, i => values[i]);
        var upper = operands.Input(lengths.Length, columns, i => gradient[i]);
        var result = operands.Scratch(input.Rows, columns);
        backend.MaxRowsGradient(upper, input, operands.Indices([0, .. lengths.Select((_, b) => lengths.Take(b + 1).Sum())]), result, accumulate: false);
        return operands.Read(result);
    }

    private static IBackend Create(string name) => name == "reference" ? Backends.Reference() : Backends.Create(name, 2);
}
