using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>The embedding sum with its LayerNorm, and what carries its gradient to the tables.</summary>
internal static class EmbeddingCases
{
    private const int Vocabulary = 50;
    private const int Positions = 70;
    private const int Types = 2;

    /// <summary>Rows of the position table before that of position 0.</summary>
    private const int Offset = 2;

    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (tokens, width, _, number) in OpCases.SizeTriples())
            {
                if (number % 3 == 0)
                {
                    yield return Forward(tokens, width, Vocabulary, (Parts)(number % 8));
                    yield return Scatter(tokens, width, Types);
                    yield return Groups(tokens, width, Vocabulary);
                }
            }

            foreach (var width in (int[])[7, 24, 65])
            {
                yield return ForwardAndBack(5, width, Parts.All);
                yield return ForwardAndBack(33, width, Parts.All);
                yield return ForwardAndBack(33, width, Parts.Position | Parts.Norm);
                yield return ForwardAndBack(33, width, Parts.Type | Parts.Norm);
                yield return ForwardAndBack(33, width, Parts.Norm);
            }

            foreach (var width in (int[])[384, 768])
            {
                yield return Forward(4096, width, 30522, Parts.All) with { Uses = Uses.Speed };
                yield return Scatter(4096, width, 512) with { Uses = Uses.Speed };
                yield return Groups(4096, width, 2000) with { Uses = Uses.Speed };
            }
        }
    }

    /// <summary>What an embedding has beside the words.</summary>
    [Flags]
    private enum Parts
    {
        Position = 1,
        Type = 2,
        Norm = 4,
        All = Position | Type | Norm,
    }

    private static OpCase Forward(int tokens, int width, int vocabulary, Parts parts) => new(
        "EmbeddingLayerNorm", $"[{tokens}, {width}] of {vocabulary}, {parts}", 7, Work.Floats(5.0 * tokens * width, 10.0 * tokens * width), operands =>
        {
            var run = Bind(operands, tokens, width, vocabulary, parts);
            return new(run.Forward);
        })
    {
        Tolerance = width <= 3 ? 1e-3 : 5e-6,
    };

    private static OpCase Scatter(int tokens, int width, int rows) => new(
        "ScatterAddRows", $"[{tokens}, {width}] into {rows}", 8, Work.Floats(3.0 * tokens * width, (double)tokens * width), operands =>
        {
            var values = operands.Input(tokens, width);
            var indices = operands.Indices(operands.Draw(tokens, rows));
            var table = operands.InOut("table", rows, width);
            return new(() => operands.Backend.ScatterAddRows(values, indices, table));
        })
    {
        // The seam gives the order of the sum.
        Tolerance = 0,
    };

    private static OpCase Groups(int tokens, int width, int vocabulary) => new(
        "SumRowGroups", $"[{tokens}, {width}] of {vocabulary}", 9, Work.Floats(2.0 * tokens * width, (double)tokens * width), operands =>
        {
            var values = operands.Input(tokens, width);
            var (order, groups) = Occurrences(operands.Draw(tokens, vocabulary));
            var (orderIndices, groupIndices) = (operands.Indices(order), operands.Indices(groups));
            var sums = operands.Output("sums", groups.Length - 1, width);
            return new(() => operands.Backend.SumRowGroups(values, orderIndices, groupIndices, sums));
        })
    {
        Tolerance = 0,
    };

    private static OpCase ForwardAndBack(int tokens, int width, Parts parts) => new(
        "EmbeddingLayerNorm and gradients", $"[{tokens}, {width}], {parts}", 10, Work.Floats(12.0 * tokens * width), operands =>
        {
            var backend = operands.Backend;

            // Every row of the word table occurs, so that the groups are the table.
            var ids = Enumerable.Range(0, tokens).Select(t => t % ((tokens + 1) / 2)).ToArray();
            var run = Bind(operands, tokens, width, (tokens + 1) / 2, parts, ids);
            var (order, groups) = Occurrences(ids);
            var (orderIndices, groupIndices) = (operands.Indices(order), operands.Indices(groups));
            var outputGradient = operands.Input(tokens, width);
            var sumGradient = operands.Output("sum gradient", tokens, width);
            var gammaGradient = operands.InOut("gamma gradient", 1, width);
            var betaGradient = operands.InOut("beta gradient", 1, width);
            var wordGradient = operands.Output("word gradient", groups.Length - 1, width);
            var positionGradient = run.Position.IsNone ? Matrix.None : operands.InOut("position gradient", Offset + Positions, width);
            var typeGradient = run.Type.IsNone ? Matrix.None : operands.InOut("type gradient", Types, width);
            List<Differentiation.Input> inputs = [new("word", run.Word, wordGradient), new("gamma", run.Gamma, gammaGradient), new("beta", run.Beta, betaGradient)];
            if (!run.Position.IsNone)
            {
                inputs.Add(new("position", run.Position, positionGradient));
            }

            if (!run.Type.IsNone)
            {
                inputs.Add(new("type", run.Type, typeGradient));
            }

            return new(() =>
            {
                run.Forward();
                backend.LayerNormGradient(
                    outputGradient, run.Sum, run.Statistics, run.Gamma, gammaGradient, betaGradient,
                    Matrix.None, sumGradient, accumulate: false, Matrix.None, Dropout.None);
                backend.SumRowGroups(sumGradient, orderIndices, groupIndices, wordGradient);
                if (!run.Position.IsNone)
                {
                    backend.ScatterAddRows(sumGradient, run.PositionIndices, FromOffset(positionGradient));
                }

                if (!run.Type.IsNone)
                {
                    backend.ScatterAddRows(sumGradient, run.TypeIndices, typeGradient);
                }
            })
            {
                Differentiation = new(run.Forward, run.Output, outputGradient, [.. inputs]),
            };
        })
    {
        Tolerance = 1e-5,
    };

    private sealed record Embedding(
        Action Forward, Matrix Word, Matrix Position, Matrix Type, Indices PositionIndices, Indices TypeIndices,
        Matrix Gamma, Matrix Beta, Matrix Sum, Matrix Statistics, Matrix Output);

    private static Matrix FromOffset(Matrix table) => table.IsNone ? table : table.RowRange(Offset, table.Rows - Offset);

    private static Embedding Bind(Operands operands, int tokens, int width, int vocabulary, Parts parts, int[]? chosen = null)
    {
        Matrix Where(Parts part, Func<Matrix> operand) => parts.HasFlag(part) ? operand() : Matrix.None;
        var word = operands.Input(vocabulary, width);
        var position = Where(Parts.Position, () => operands.Input(Offset + Positions, width));
        var type = Where(Parts.Type, () => operands.Input(Types, width));
        var ids = operands.Indices(chosen ?? operands.Draw(tokens, vocabulary));
        var positions = operands.Indices([.. Enumerable.Range(0, tokens).Select(t => t % Positions)]);
        var types = operands.Indices(operands.Draw(tokens, Types));
        var gamma = Where(Parts.Norm, () => operands.Input(1, width));
        var beta = Where(Parts.Norm, () => operands.Input(1, width));
        var sum = Where(Parts.Norm, () => operands.Output("sum", tokens, width));
        var statistics = Where(Parts.Norm, () => operands.Statistics(tokens));
        var output = operands.Output("output", tokens, width);
        return new(
            () => operands.Backend.EmbeddingLayerNorm(
                word, FromOffset(position), type, ids, positions, types, gamma, beta, LayerNormCases.Epsilon(width), sum, statistics, output),
            word, position, type, positions, types, gamma, beta, sum, statistics, output);
    }

    /// <summary>Where each id occurs, ids in ascending order.</summary>
    private static (int[] Order, int[] Groups) Occurrences(int[] ids)
    {
        var groups = Enumerable.Range(0, ids.Length).GroupBy(t => ids[t]).OrderBy(group => group.Key).Select(group => group.ToArray()).ToArray();
        return ([.. groups.SelectMany(group => group)], [0, .. groups.Select((_, g) => groups.Take(g + 1).Sum(group => group.Length))]);
    }
}
