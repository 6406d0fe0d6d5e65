using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>The norm for clipping, and AdamW on whole matrices and on tables with few gradients.</summary>
internal static class OptimizerCases
{
    // Steps as large as the weights, so that an error in the step is not hidden behind a weight.
    private static readonly (string Name, AdamWStep Step)[] Steps =
    [
        ("decay, PyTorch's ε", new(0.01f, 0.5f, 0.9f, 0.999f, 1e-8f, 1, MathF.Sqrt(1 - 0.999f))),
        ("no decay, TensorFlow's ε", new(0, 0.5f, 0.9f, 0.999f, 1e-6f, 1, 1)),
        ("clipped", new(0.02f, 0.1f, 0.8f, 0.95f, 1e-3f, 0.37f, 0.7f)),
    ];

    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (name, step) in Steps)
            {
                foreach (var size in (int[])[.. OpCases.Sizes, 1000, 4099])
                {
                    yield return AdamW(1, size, name, step);
                }

                yield return AdamW(17, 33, name, step);
                yield return AdamWRows(50, 33, 20, name, step);
                yield return AdamWRows(7, 65, 0, name, step);
                yield return AdamWRows(5, 48, 5, name, step);
            }

            foreach (var size in (int[])[.. OpCases.Sizes, 1000, 100_003])
            {
                yield return Norm(1, size);
            }

            yield return Norm(17, 33);

            yield return AdamW(1, 8_000_000, Steps[0].Name, Steps[0].Step) with { Uses = Uses.Speed };
            yield return AdamWRows(30522, 384, 2000, Steps[0].Name, Steps[0].Step) with { Uses = Uses.Speed };
            yield return Norm(1, 8_000_000) with { Uses = Uses.Speed };
        }
    }

    private static OpCase AdamW(int rows, int columns, string name, AdamWStep step) => new(
        "AdamW", $"[{rows}, {columns}] {name}", 16, Work.Floats(7.0 * rows * columns, 14.0 * rows * columns), operands =>
        {
            var value = operands.InOut("value", rows, columns, 0.1f);
            var gradient = operands.Input(rows, columns);
            var (first, second) = Moments(operands, rows, columns);
            return new(() => operands.Backend.AdamW(value, gradient, first, second, step));
        });

    private static OpCase AdamWRows(int rows, int columns, int given, string name, AdamWStep step) => new(
        "AdamWRows", $"[{rows}, {columns}] {given} rows, {name}", 17, Work.Floats((6.0 * rows + given) * columns, 14.0 * rows * columns), operands =>
        {
            var value = operands.InOut("value", rows, columns, 0.1f);
            var gradients = operands.Input(given, columns);
            var (first, second) = Moments(operands, rows, columns);

            // Slots in another order than rows, spread over the table.
            var slots = new int[rows];
            Array.Fill(slots, -1);
            for (var slot = 0; slot < given; slot++)
            {
                slots[(int)((long)(given - 1 - slot) * rows / given)] = slot;
            }

            var slotOfRow = operands.Indices(slots);
            return new(() => operands.Backend.AdamWRows(value, gradients, slotOfRow, first, second, step));
        });

    private static OpCase Norm(int rows, int columns) => new(
        "SquaredNorm", $"[{rows}, {columns}]", 18, Work.Floats((double)rows * columns, 2.0 * rows * columns), operands =>
        {
            var matrix = operands.Input(rows, columns);
            var norm = operands.Number("squared norm");
            return new(() => norm(operands.Backend.SquaredNorm(matrix)));
        })
    {
        // What the seam promises: fp32 within a block, double from there on.
        Tolerance = 1e-6,
    };

    // The second moment is a mean of squares: not negative. Some are zero, as before the first step.
    private static (Matrix First, Matrix Second) Moments(Operands operands, int rows, int columns)
    {
        var first = operands.InOut("first moment", rows, columns, 0.3f);
        var second = operands.InOut("second moment", rows, columns, i => i % 5 == 0 ? 0 : MathF.Abs(operands.Uniform(0.5f)));
        return (first, second);
    }
}
