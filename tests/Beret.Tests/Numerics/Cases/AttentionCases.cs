using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>Attention and its gradient on packed batches of sequences.</summary>
internal static class AttentionCases
{
    /// <summary>All lengths at the edges of vectors and score tiles in one batch, in no order.</summary>
    public static readonly int[] Mixed = [300, 1, 512, 2, 33, 3, 31, 128, 32, 127];

    private static readonly int[][] Batches = [[1], [2], [1, 2, 3, 5], [17, 1, 31], [32], [33, 24], [127, 128, 1]];

    /// <summary>Windows narrower and wider than a panel of queries, a strip of keys and the sequence.</summary>
    private static readonly (int[] Lengths, int Reach)[] Windows =
    [
        ([1], 0), ([5], 0), ([17], 1), ([33], 4), ([3, 33], 2), ([31, 24], 7), ([24, 1, 33], 40), ([200, 1, 129], 3), ([300, 65], 20), ([300], 64), ([300, 2, 40], 128),
    ];

    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var rate in (double[])[0, 0.1])
            {
                foreach (var size in (int[])[8, 12, 32, 64])
                {
                    foreach (var lengths in Batches)
                    {
                        var heads = size == 64 ? 1 : 3;
                        var strided = lengths.Length == 3;
                        yield return Forward(new(lengths, heads, size, rate) { Strided = strided, Statistics = lengths.Length != 1 });

                        // Long sequences have many outputs and small gradients: no place for finite differences.
                        yield return Gradient(new(lengths, heads, size, rate) { Strided = strided }) with
                        {
                            Uses = lengths.Max() <= 33 ? Uses.Correctness : Uses.Comparison,
                        };
                    }

                    var mixed = new Batch(Mixed, size < 32 ? 2 : 1, size, rate);
                    yield return Forward(mixed) with { Uses = Uses.Comparison };
                    yield return Gradient(mixed) with { Uses = Uses.Comparison };
                }
            }

            foreach (var rate in (double[])[0, 0.1])
            {
                foreach (var (lengths, reach) in Windows)
                {
                    foreach (var size in (int[])[8, 32])
                    {
                        var batch = new Batch(lengths, 2, size, rate) { Reach = reach, Gaps = lengths.Length == 2, Strided = lengths.Length == 3 };
                        yield return Forward(batch);
                        yield return Gradient(batch) with { Uses = lengths.Max() <= 33 ? Uses.Correctness : Uses.Comparison };
                    }
                }
            }

            // A wide dropout, and scores far apart: one probability near 1, sums of exponentials that overflow where the largest is not taken out.
            yield return Forward(new([33, 5], 2, 32, 0.5));
            yield return Gradient(new([33, 5], 2, 32, 0.5));
            yield return Forward(new([33, 65], 2, 32, 0) { Scale = 8 }) with { Tolerance = 1e-4 };
            yield return Gradient(new([33, 65], 2, 32, 0) { Scale = 8 }) with { Tolerance = 1e-4, Uses = Uses.Comparison };
            yield return Forward(new([33, 65], 2, 32, 0) { Scale = 8, Reach = 7 }) with { Tolerance = 1e-4 };
            yield return Gradient(new([33, 65], 2, 32, 0) { Scale = 8, Reach = 7 }) with { Tolerance = 1e-4, Uses = Uses.Comparison };

            foreach (var rate in (double[])[0, 0.1])
            {
                foreach (var batch in (Batch[])
                    [
                        new(Repeat(128, 32), 12, 32, rate), new(Repeat(512, 8), 12, 32, rate), new(Repeat(24, 170), 12, 32, rate),
                        new(Repeat(128, 32), 12, 64, rate), new(Repeat(512, 8), 12, 64, rate),
                        new(Repeat(512, 8), 12, 64, rate) { Reach = 64 }, new(Repeat(2048, 2), 12, 64, rate) { Reach = 64 },
                    ])
                {
                    yield return Forward(batch) with { Uses = Uses.Speed };
                    yield return Gradient(batch) with { Uses = Uses.Speed };
                }
            }
        }
    }

    private sealed record Batch(int[] Lengths, int Heads, int Size, double Rate)
    {
        public bool Strided { get; init; }

        public bool Statistics { get; init; } = true;

        /// <summary>The queries, keys and values lie in [−Scale, Scale].</summary>
        public float Scale { get; init; } = 1;

        /// <summary>How many positions away a query sees, or null.</summary>
        public int? Reach { get; init; }

        /// <summary>Whether some positions are left out.</summary>
        public bool Gaps { get; init; }

        public int[] Positions => [.. Lengths.SelectMany(length => Enumerable.Range(0, length).Select(t => Gaps ? t + t / 3 + t / 20 * 5 : t))];

        public int Tokens => Lengths.Sum();

        public int Hidden => Heads * Size;

        public int Longest => Lengths.Max();

        public double Scores => (double)Heads * Lengths.Sum(length => (double)length * Math.Min(length, 2 * Reach + 1 ?? length));

        public int[] Starts => [0, .. Lengths.Select((_, b) => Lengths.Take(b + 1).Sum())];

        public override string ToString()
        {
            var lengths = Lengths.Distinct().Count() == 1 && Lengths.Length > 1 ? $"{Lengths.Length} × {Lengths[0]}" : string.Join("+", Lengths);
            return $"{lengths}, {Heads} heads of {Size}, dropout {Rate}{(Scale == 1 ? "" : $", scale {Scale}")}{(Reach is null ? "" : $", reach {Reach}")}{(Strided ? " strided" : "")}";
        }
    }

    // Q Kᵀ and P V: two products of 2·D operations a score.
    private static OpCase Forward(Batch batch) => new(
        "Attention",
        batch.ToString(),
        5,
        new(4 * batch.Size * batch.Scores, 4.0 * sizeof(float) * batch.Tokens * batch.Hidden),
        operands =>
        {
            var queryKeyValue = operands.Input(batch.Tokens, 3 * batch.Hidden, batch.Scale, batch.Strided);
            var starts = operands.Indices(batch.Starts);
            var window = WindowOf(batch, operands);
            var logSumExp = batch.Statistics ? operands.Output("logSumExp", batch.Heads, batch.Tokens) : Matrix.None;
            var context = operands.Output("context", batch.Tokens, batch.Hidden, batch.Strided);
            return new(() => operands.Backend.Attention(
                queryKeyValue, starts, batch.Longest, batch.Heads, window, OpCases.Dropout(batch.Rate), logSumExp, context));
        })
    {
        Tolerance = 4e-6,
    };

    // Q Kᵀ anew, dO Vᵀ, Pᵀ dO, dS K and dSᵀ Q: five products.
    private static OpCase Gradient(Batch batch) => new(
        "AttentionGradient",
        batch.ToString(),
        6,
        new(10 * batch.Size * batch.Scores, 8.0 * sizeof(float) * batch.Tokens * batch.Hidden),
        operands =>
        {
            var backend = operands.Backend;
            var dropout = OpCases.Dropout(batch.Rate);
            var queryKeyValue = operands.Input(batch.Tokens, 3 * batch.Hidden, batch.Scale, batch.Strided);
            var starts = operands.Indices(batch.Starts);
            var window = WindowOf(batch, operands);
            var logSumExp = operands.Scratch(batch.Heads, batch.Tokens);
            var context = operands.Scratch(batch.Tokens, batch.Hidden, batch.Strided);
            var contextGradient = operands.Input(batch.Tokens, batch.Hidden, 1, batch.Strided);
            var gradient = operands.Scratch(batch.Tokens, 3 * batch.Hidden, batch.Strided);
            var names = (string[])["query", "key", "value"];
            var parts = names.Select((name, part) => operands.Named($"{name} gradient", gradient.ColumnRange(part * batch.Hidden, batch.Hidden))).ToArray();
            var forward = () => backend.Attention(queryKeyValue, starts, batch.Longest, batch.Heads, window, dropout, logSumExp, context);
            forward();
            return new(() => backend.AttentionGradient(
                queryKeyValue, starts, batch.Longest, batch.Heads, window, dropout, logSumExp, context, contextGradient, gradient))
            {
                Differentiation = new(
                    forward,
                    context,
                    contextGradient,
                    [.. names.Select((name, part) =>
                        new Differentiation.Input(name, queryKeyValue.ColumnRange(part * batch.Hidden, batch.Hidden), parts[part]))]),
            };
        })
    {
        Tolerance = 1e-5,

        // A sequence of one token has no gradient of queries and keys but rounding.
        Floor = 1e-6,
    };

    private static Window WindowOf(Batch batch, Operands operands) =>
        batch.Reach is { } reach ? new Window(operands.Indices(batch.Positions), reach) : Window.None;

    private static int[] Repeat(int length, int count) => [.. Enumerable.Repeat(length, count)];
}
