using Beret.Numerics;
using Beret.Tests.Numerics.Cases;

namespace Beret.Tests.Numerics;

/// <summary>The net that the cases are must not have holes of its own.</summary>
public class OpCaseTests
{
    [Fact]
    public void Every_case_has_a_name_of_its_own() =>
        Assert.Empty(OpCases.All.GroupBy(one => (one.Name, one.Uses)).Where(group => group.Count() > 1).Select(group => group.Key));

    [Fact]
    public void Every_operation_of_the_seam_has_cases_for_correctness_and_for_speed()
    {
        string[] exempt = ["Allocate", "Free", "Discard", "Write", "Read", "PackedLength"];
        var operations = typeof(IBackend).GetMethods().Select(method => method.Name).Distinct().Except(exempt).ToList();
        Assert.Empty(operations.Except(OpCases.For(Uses.Comparison).Select(one => one.Operation)).Except(["PackWeight"]));
        Assert.Empty(operations.Except(OpCases.For(Uses.Speed).Select(one => one.Operation)));
    }

    [Fact]
    public void A_write_outside_a_strided_output_is_caught() => AssertCaught(
        operands => operands.Output("output", 3, 4, strided: true),
        matrix => matrix with { Columns = 5 });

    [Fact]
    public void A_write_behind_an_output_is_caught() => AssertCaught(
        operands => operands.Output("output", 3, 4),
        matrix => matrix with { Rows = 4 });

    [Fact]
    public void A_change_of_an_input_is_caught() => AssertCaught(operands => operands.Input(3, 4), matrix => matrix);

    [Fact]
    public void An_output_that_is_not_written_differs_from_the_reference()
    {
        using var backend = Backends.Reference();
        var one = new OpCase("Clear", "forgotten", 1, default, operands =>
        {
            var output = operands.Output("output", 2, 2);
            return new(() => backend.Clear(output.RowRange(0, 1)));
        });
        Assert.NotNull(one.Difference([new Output("output", [0, 0, 0, 0])], one.RunOn(backend)));
    }

    private static void AssertCaught(Func<Operands, Matrix> operand, Func<Matrix, Matrix> misread)
    {
        using var backend = Backends.Reference();
        var one = new OpCase("Clear", "too much", 1, default, operands =>
        {
            var matrix = misread(operand(operands));
            return new(() => backend.Clear(matrix));
        });
        Assert.Throws<InvalidOperationException>(() => one.RunOn(backend));
    }
}
