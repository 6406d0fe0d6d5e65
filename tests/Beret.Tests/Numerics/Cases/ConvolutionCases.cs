using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>The neighbourhoods of a convolution, and an activation that stands alone.</summary>
internal static class ConvolutionCases
{
    private static readonly int[][] Batches = [[1], [2], [1, 2, 3, 5], [33, 31, 1], [70]];

    public static IEnumerable<OpCase> All
    {
        get
        {
            var number = 0;
            foreach (var lengths in Batches)
            {
                foreach (var kernel in (int[])[1, 3, 5])
                {
                    foreach (var gaps in (bool[])[false, true])
                    {
                        var width = OpCases.Sizes[number++ % OpCases.Sizes.Length];
                        yield return Unfold(lengths, width, kernel, gaps);
                        yield return UnfoldGradient(lengths, width, kernel, gaps, accumulate: OpCases.Has(0, number));
                    }
                }
            }

            foreach (var (rows, columns, _, index) in OpCases.SizeTriples().Where(triple => triple.Number % 5 == 0))
            {
                yield return Activate(rows, columns, (Activation)(1 + index % 4), strided: OpCases.Has(0, index));
            }

            int[] long32 = [.. Enumerable.Repeat(128, 32)];
            yield return Unfold(long32, 768, 3, gaps: false) with { Uses = Uses.Speed };
            yield return UnfoldGradient(long32, 768, 3, gaps: false, accumulate: true) with { Uses = Uses.Speed };
            yield return Activate(4096, 768, Activation.Tanh, strided: false) with { Uses = Uses.Speed };
        }
    }

    private static OpCase Unfold(int[] lengths, int width, int kernel, bool gaps) => new(
        "Unfold", Name(lengths, width, kernel, gaps), 32, Work.Floats((1.0 + kernel) * lengths.Sum() * width), operands =>
        {
            var (starts, positions) = Places(operands, lengths, gaps);
            var input = operands.Input(lengths.Sum(), width);
            var output = operands.Output("output", lengths.Sum(), width * kernel);
            return new(() => operands.Backend.Unfold(input, starts, positions, kernel, output));
        })
    {
        // Copies.
        Tolerance = 0,
    };

    private static OpCase UnfoldGradient(int[] lengths, int width, int kernel, bool gaps, bool accumulate) => new(
        "UnfoldGradient",
        $"{Name(lengths, width, kernel, gaps)}{(accumulate ? " accumulate" : "")}",
        33,
        Work.Floats((1.0 + kernel) * lengths.Sum() * width, (double)kernel * lengths.Sum() * width),
        operands =>
        {
            var backend = operands.Backend;
            var (starts, positions) = Places(operands, lengths, gaps);
            var input = operands.Input(lengths.Sum(), width);
            var output = operands.Scratch(lengths.Sum(), width * kernel);
            var outputGradient = operands.Input(lengths.Sum(), width * kernel);
            var inputGradient = operands.Gradient("input gradient", lengths.Sum(), width, accumulate);
            return new(() => backend.UnfoldGradient(outputGradient, starts, positions, kernel, inputGradient, accumulate))
            {
                Differentiation = new(
                    () => backend.Unfold(input, starts, positions, kernel, output),
                    output,
                    outputGradient,
                    new Differentiation.Input("input", input, inputGradient)),
            };
        })
    {
        // The seam gives the order of the sum.
        Tolerance = 0,
    };

    private static OpCase Activate(int rows, int columns, Activation activation, bool strided) => new(
        "Activate",
        $"[{rows}, {columns}] {activation}{(strided ? " strided" : "")}",
        34,
        Work.Floats(3.0 * rows * columns, 20.0 * rows * columns),
        operands =>
        {
            var matrix = operands.InOut("matrix", rows, columns, 3, strided);
            var derivative = operands.Output("derivative", rows, columns, strided);
            return new(() => operands.Backend.Activate(matrix, activation, derivative));
        });

    private static string Name(int[] lengths, int width, int kernel, bool gaps) =>
        $"[{(lengths.Length > 5 ? $"{lengths.Length} × {lengths[0]}" : string.Join("+", lengths))}, {width}] by {kernel}{(gaps ? ", gaps" : "")}";

    private static (Indices Starts, Indices Positions) Places(Operands operands, int[] lengths, bool gaps) => (
        operands.Indices([0, .. lengths.Select((_, b) => lengths.Take(b + 1).Sum())]),
        operands.Indices([.. lengths.SelectMany(length => Enumerable.Range(0, length).Select(i => gaps ? i + i / 3 * 2 : i))]));
}
