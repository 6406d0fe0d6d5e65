using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>Copies, row gathers and the product by elements, whose every bit is given; means of rows and the largest of them.</summary>
internal static class RowCases
{
    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (rows, columns, count, number) in OpCases.SizeTriples())
            {
                if (number % 2 == 0)
                {
                    yield return Copy(rows, columns, strided: OpCases.Has(0, number));
                    yield return Clear(rows, columns, strided: OpCases.Has(0, number));
                    yield return Multiply(rows, columns, strided: OpCases.Has(0, number));
                    yield return Gather(rows, columns, Math.Min(rows, count), strided: OpCases.Has(0, number));
                    yield return GatherGradient(rows, columns, Math.Min(rows, count), accumulate: OpCases.Has(1, number), strided: OpCases.Has(0, number));
                }
            }

            foreach (var width in OpCases.Sizes)
            {
                yield return Mean([1, 2, 33, 5], width, strided: width % 2 == 0);
                yield return MeanGradient([1, 2, 33, 5], width, accumulate: width % 3 == 0, strided: width % 2 == 0);
                yield return Max([1, 2, 33, 5], width, strided: width % 2 == 0);
                yield return MaxGradient([1, 2, 33, 5], width, accumulate: width % 3 == 0, strided: width % 2 == 0);
            }

            yield return Mean([300, 1], 200, strided: false);
            yield return MeanGradient([300, 1], 200, accumulate: true, strided: false);
            int[] texts = [.. Enumerable.Repeat(128, 32)];
            yield return Mean(texts, 768, strided: false) with { Uses = Uses.Speed };
            yield return MeanGradient(texts, 768, accumulate: false, strided: false) with { Uses = Uses.Speed };
            yield return Max(texts, 768, strided: false) with { Uses = Uses.Speed };
            yield return MaxGradient(texts, 768, accumulate: false, strided: false) with { Uses = Uses.Speed };
            yield return Copy(4096, 384, strided: false) with { Uses = Uses.Speed };
            yield return Clear(4096, 1536, strided: false) with { Uses = Uses.Speed };
            yield return Multiply(4096, 1536, strided: false) with { Uses = Uses.Speed };
            yield return Gather(4096, 384, 32, strided: false) with { Uses = Uses.Speed };
            yield return GatherGradient(4096, 384, 32, accumulate: false, strided: false) with { Uses = Uses.Speed };
        }
    }

    private static OpCase Copy(int rows, int columns, bool strided) => Exact(
        "Copy", $"[{rows}, {columns}]", strided, Work.Floats(2.0 * rows * columns), operands =>
        {
            var source = operands.Input(rows, columns, 1, strided);
            var destination = operands.Output("destination", rows, columns, strided);
            return new(() => operands.Backend.Copy(source, destination));
        });

    private static OpCase Clear(int rows, int columns, bool strided) => Exact(
        "Clear", $"[{rows}, {columns}]", strided, Work.Floats((double)rows * columns), operands =>
        {
            var matrix = operands.Output("matrix", rows, columns, strided);
            return new(() => operands.Backend.Clear(matrix));
        });

    private static OpCase Multiply(int rows, int columns, bool strided) => Exact(
        "MultiplyInPlace", $"[{rows}, {columns}]", strided, Work.Floats(3.0 * rows * columns, (double)rows * columns), operands =>
        {
            var gradient = operands.InOut("gradient", rows, columns, 1, strided);
            var derivative = operands.Input(rows, columns, 1, strided);
            return new(() => operands.Backend.MultiplyInPlace(gradient, derivative));
        });

    private static OpCase Gather(int rows, int columns, int count, bool strided) => Exact(
        "GatherRows", $"{count} of [{rows}, {columns}]", strided, Work.Floats(2.0 * count * columns), operands =>
        {
            var input = operands.Input(rows, columns, 1, strided);
            var indices = operands.Indices(Distinct(operands, count, rows));
            var output = operands.Output("output", count, columns, strided);
            return new(() => operands.Backend.GatherRows(input, indices, output));
        });

    private static OpCase GatherGradient(int rows, int columns, int count, bool accumulate, bool strided) => Exact(
        "GatherRowsGradient",
        $"{count} of [{rows}, {columns}]{(accumulate ? " accumulate" : "")}",
        strided,
        Work.Floats((accumulate ? 3.0 * count : count + rows) * columns),
        operands =>
        {
            var backend = operands.Backend;
            var input = operands.Input(rows, columns);
            var indices = operands.Indices(Distinct(operands, count, rows));
            var output = operands.Scratch(count, columns);
            var outputGradient = operands.Input(count, columns, 1, strided);
            var inputGradient = operands.Gradient("input gradient", rows, columns, accumulate, strided);
            return new(() => backend.GatherRowsGradient(outputGradient, indices, inputGradient, accumulate))
            {
                Differentiation = new(
                    () => backend.GatherRows(input, indices, output),
                    output,
                    outputGradient,
                    new Differentiation.Input("input", input, inputGradient)),
            };
        });

    private static OpCase Mean(int[] lengths, int columns, bool strided) => new(
        "MeanRows", $"{Shape(lengths, columns, strided)}", 22, Work.Floats((double)lengths.Sum() * columns), operands =>
        {
            var input = operands.Input(lengths.Sum(), columns, 1, strided);
            var starts = operands.Indices(Starts(lengths));
            var output = operands.Output("output", lengths.Length, columns, strided);
            return new(() => operands.Backend.MeanRows(input, starts, output));
        })
    {
        Uses = Uses.Comparison,
    };

    private static OpCase MeanGradient(int[] lengths, int columns, bool accumulate, bool strided) => new(
        "MeanRowsGradient",
        $"{Shape(lengths, columns, strided)}{(accumulate ? " accumulate" : "")}",
        23,
        Work.Floats((accumulate ? 2.0 : 1.0) * lengths.Sum() * columns),
        operands =>
        {
            var backend = operands.Backend;
            var input = operands.Input(lengths.Sum(), columns);
            var starts = operands.Indices(Starts(lengths));
            var output = operands.Scratch(lengths.Length, columns);
            var outputGradient = operands.Input(lengths.Length, columns, 1, strided);
            var inputGradient = operands.Gradient("input gradient", lengths.Sum(), columns, accumulate, strided);
            return new(() => backend.MeanRowsGradient(outputGradient, starts, inputGradient, accumulate))
            {
                Differentiation = new(() => backend.MeanRows(input, starts, output), output, outputGradient, new Differentiation.Input("input", input, inputGradient)),
            };
        });

    private static OpCase Max(int[] lengths, int columns, bool strided) => Exact(
        "MaxRows", Shape(lengths, columns, strided: false), strided, Work.Floats((double)lengths.Sum() * columns), operands =>
        {
            var input = operands.Input(lengths.Sum(), columns, 1, strided);
            var starts = operands.Indices(Starts(lengths));
            var output = operands.Output("output", lengths.Length, columns, strided);
            return new(() => operands.Backend.MaxRows(input, starts, output));
        });

    /// <summary>No two values of a column are nearer to each other than an eighth, so that a small difference leaves the largest the largest.</summary>
    private static OpCase MaxGradient(int[] lengths, int columns, bool accumulate, bool strided) => Exact(
        "MaxRowsGradient",
        $"{Shape(lengths, columns, strided: false)}{(accumulate ? " accumulate" : "")}",
        strided,
        Work.Floats((accumulate ? 2.0 : 3.0) * lengths.Sum() * columns),
        operands =>
        {
            const int Levels = 41;
            var backend = operands.Backend;
            var input = operands.Input(lengths.Sum(), columns, i => (((i / columns * 17) + (i % columns * 5)) % Levels - Levels / 2) / 8f);
            var starts = operands.Indices(Starts(lengths));
            var output = operands.Scratch(lengths.Length, columns);
            var outputGradient = operands.Input(lengths.Length, columns, 1, strided);
            var inputGradient = operands.Gradient("input gradient", lengths.Sum(), columns, accumulate, strided);
            return new(() => backend.MaxRowsGradient(outputGradient, input, starts, inputGradient, accumulate))
            {
                Differentiation = new(() => backend.MaxRows(input, starts, output), output, outputGradient, new Differentiation.Input("input", input, inputGradient)),
            };
        });

    private static string Shape(int[] lengths, int columns, bool strided) =>
        $"[{string.Join("+", lengths.Length > 4 ? [lengths.Sum()] : lengths)}, {columns}]{(strided ? " strided" : "")}";

    private static int[] Starts(int[] lengths) => [0, .. lengths.Select((_, b) => lengths.Take(b + 1).Sum())];

    private static OpCase Exact(string operation, string shape, bool strided, Work work, Func<Operands, Bound> bind) =>
        new(operation, strided ? shape + " strided" : shape, 14, work, bind) { Tolerance = 0 };

    private static int[] Distinct(Operands operands, int count, int below)
    {
        var keys = operands.Draw(below, int.MaxValue);
        return [.. Enumerable.Range(0, below).OrderBy(i => keys[i]).Take(count)];
    }
}
