using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Tests.Numerics.Cases;

namespace Beret.Tests.Numerics;

/// <summary>What the reference itself rests on: values from outside, and identities.</summary>
public class ReferenceBackendTests
{
    // Abramowitz and Stegun, table 7.1, and the same function of C's math library.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.1, 0.1124629160182849)]
    [InlineData(0.5, 0.5204998778130465)]
    [InlineData(1, 0.8427007929497149)]
    [InlineData(1.9999, 0.9953201979070294)]
    [InlineData(2, 0.9953222650189527)]
    [InlineData(-3, -0.9999779095030014)]
    [InlineData(30, 1)]
    public void Error_function_has_the_values_of_the_tables(double x, double value) => Assert.Equal(value, ErrorFunction.Erf(x), 4e-16);

    [Theory]
    [InlineData(-2, 1.9953222650189528)]
    [InlineData(1, 0.15729920705028513)]
    [InlineData(2, 0.004677734981047265)]
    [InlineData(3, 2.209049699858544e-05)]
    [InlineData(5, 1.5374597944280349e-12)]
    [InlineData(10, 2.088487583762545e-45)]
    public void Its_complement_keeps_its_digits_in_the_tail(double x, double value) => Assert.Equal(1, ErrorFunction.Erfc(x) / value, 2e-14);

    [Fact]
    public void Attention_probabilities_are_those_of_attention()
    {
        const int heads = 3, size = 8, hidden = heads * size;
        using var backend = new ReferenceBackend();
        using var operands = new Operands(backend, 1);
        var queryKeyValue = operands.Input(12, 3 * hidden);
        var starts = operands.Indices(0, 5, 12);
        var context = operands.Scratch(12, hidden);
        backend.Attention(queryKeyValue, starts, 7, heads, Window.None, Dropout.None, Matrix.None, context);

        var probabilities = ReferenceBackend.AttentionProbabilities(queryKeyValue, starts, heads, Window.None, sequence: 1);

        var values = operands.Read(queryKeyValue.RowRange(5, 7).ColumnRange(2 * hidden, hidden));
        var expected = operands.Read(context.RowRange(5, 7));
        for (var head = 0; head < heads; head++)
        {
            for (var query = 0; query < 7; query++)
            {
                var row = probabilities.AsSpan((head * 7 + query) * 7, 7).ToArray();
                Assert.Equal(1, row.Sum(p => (double)p), 1e-6);
                for (var column = head * size; column < (head + 1) * size; column++)
                {
                    Assert.Equal(expected[query * hidden + column], row.Select((p, key) => (double)p * values[key * hidden + column]).Sum(), 1e-6);
                }
            }
        }
    }

    // By hand: scores (1·1, 1·0)/√1 = (1, 0), so the probabilities are e/(e+1) and 1/(e+1).
    [Fact]
    public void Attention_of_two_tokens_is_what_one_computes_by_hand()
    {
        using var backend = new ReferenceBackend();
        using var operands = new Operands(backend, 1);
        float[] rows = [1, 1, 10, 0, 0, 20];
        var queryKeyValue = operands.Input(2, 3, i => rows[i]);
        var logSumExp = operands.Scratch(1, 2);
        var context = operands.Scratch(2, 1);

        backend.Attention(queryKeyValue, operands.Indices(0, 2), 2, 1, Window.None, Dropout.None, logSumExp, context);

        Assert.Equal([(float)((10 * Math.E + 20) / (Math.E + 1)), 15], operands.Read(context));
        Assert.Equal([(float)Math.Log(Math.E + 1), (float)Math.Log(2)], operands.Read(logSumExp));
    }

    // Position 1 is masked, so the third token is two positions from the first: with reach 1 each sees only itself, and has its own value.
    [Fact]
    public void A_window_counts_positions_and_not_rows()
    {
        using var backend = new ReferenceBackend();
        using var operands = new Operands(backend, 1);
        float[] rows = [1, 1, 10, 0, 0, 20];
        var queryKeyValue = operands.Input(2, 3, i => rows[i]);
        var positions = operands.Indices(0, 2);
        var context = operands.Scratch(2, 1);
        backend.Attention(queryKeyValue, operands.Indices(0, 2), 2, 1, new Window(positions, 1), Dropout.None, Matrix.None, context);
        Assert.Equal([10, 20], operands.Read(context));
        backend.Attention(queryKeyValue, operands.Indices(0, 2), 2, 1, new Window(positions, 2), Dropout.None, Matrix.None, context);
        Assert.Equal([(float)((10 * Math.E + 20) / (Math.E + 1)), 15], operands.Read(context));
    }

    // A head of four features at position 1, turned by a quarter and by nothing: (x₀, x₂) → (−x₂, x₀), and x₁, x₃ stay. The value stays as well.
    [Fact]
    public void Rotation_turns_the_first_half_of_a_head_against_the_second()
    {
        using var backend = new ReferenceBackend();
        using var operands = new Operands(backend, 1);
        float[] angles = [9, 9, 9, 9, 0, 1, 1, 0], row = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        var matrix = operands.InOut("matrix", 1, 12, i => row[i]);
        var (table, positions) = (operands.Input(2, 4, i => angles[i]), operands.Indices(1));
        backend.Rotate(matrix, table, positions, 1, inverse: false);
        Assert.Equal([-3, 2, 1, 4, -7, 6, 5, 8, 9, 10, 11, 12], operands.Read(matrix));
        backend.Rotate(matrix, table, positions, 1, inverse: true);
        Assert.Equal(row, operands.Read(matrix));
    }

    // Step 1 from zero moments: m = 0.1 g, v = 0.001 g²; with both bias corrections the step is the rate times the sign of g.
    [Fact]
    public void First_AdamW_step_is_the_rate_in_the_direction_of_the_gradient()
    {
        using var backend = new ReferenceBackend();
        using var operands = new Operands(backend, 1);
        float[] gradients = [3, -0.01f, 200];
        var value = operands.InOut("value", 1, 3, _ => 1);
        var first = operands.InOut("first", 1, 3, _ => 0);
        var second = operands.InOut("second", 1, 3, _ => 0);
        var step = new AdamWStep(Decay: 0.001f, StepSize: 0.1f / (1 - 0.9f), 0.9f, 0.999f, 1e-12f, 1, MathF.Sqrt(1 - 0.999f));

        backend.AdamW(value, operands.Input(1, 3, i => gradients[i]), first, second, step);

        Assert.Equal([0.899f, 1.099f, 0.899f], operands.Read(value), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        using var backend = new ReferenceBackend();
        using var operands = new Operands(backend, 1);
        Assert.Throws<ArgumentException>(() => backend.Copy(operands.Input(2, 3), operands.Scratch(3, 2)));
    }

    [Fact]
    public void Memory_that_is_not_its_own_is_refused()
    {
        using var backend = new ReferenceBackend();
        var handle = backend.Allocate(100);
        backend.Free(handle);
        Assert.Throws<ArgumentException>(() => backend.Free(handle));
    }

    [Fact]
    public void A_packed_weight_is_used_in_place_of_the_weight()
    {
        using IBackend backend = new ReferenceBackend();
        using var operands = new Operands(backend, 1);
        var (weight, other) = (operands.Input(3, 4), operands.Input(3, 4));
        var input = operands.Input(5, 4);
        var packed = operands.Scratch(1, (int)backend.PackedLength(3, 4));
        var (expected, actual) = (operands.Scratch(5, 3), operands.Scratch(5, 3));
        backend.PackWeight(other, packed);

        backend.Linear(input, weight, packed, Matrix.None, Activation.None, Matrix.None, actual);
        backend.Linear(input, other, Matrix.None, Matrix.None, Activation.None, Matrix.None, expected);

        Assert.Equal(operands.Read(expected), operands.Read(actual));
    }
}
