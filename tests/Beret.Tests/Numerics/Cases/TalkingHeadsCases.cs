using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>Talking-heads attention and its gradient on packed batches of sequences.</summary>
internal static class TalkingHeadsCases
{
    // Numbers of heads on both sides of the register tiles' heights, and of the blocks of the mixing matrices' gradients.
    private static readonly int[] HeadNumbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16];

    private static readonly int[][] Lengths = [[1], [2], [1, 2, 3, 5], [17, 1, 31], [32], [33, 24], [127, 128, 1]];

    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var rate in (double[])[0, 0.1])
            {
                foreach (var heads in HeadNumbers)
                {
                    var lengths = Lengths[heads % Lengths.Length];
                    foreach (var one in Both(new(lengths, heads, heads <= 4 ? 8 : 5, rate) { Strided = heads % 2 == 0, Statistics = lengths.Length != 1 }))
                    {
                        yield return one;
                    }
                }

                foreach (var lengths in Lengths)
                {
                    foreach (var one in Both(new(lengths, 3, 12, rate)))
                    {
                        yield return one;
                    }
                }

                foreach (var size in (int[])[32, 64])
                {
                    foreach (var one in Both(new([33, 24], 2, size, rate) { Strided = true }))
                    {
                        yield return one;
                    }
                }

                foreach (var one in Both(new(AttentionCases.Mixed, 4, 8, rate)))
                {
                    yield return one with { Uses = Uses.Comparison };
                }
            }

            yield return Forward(new([33, 5], 2, 32, 0.5));
            yield return Gradient(new([33, 5], 2, 32, 0.5));

            // Scores far apart: one probability near 1, sums of exponentials that overflow where the largest is not taken out.
            yield return Forward(new([33, 65], 2, 32, 0) { Scale = 8 }) with { Tolerance = 1e-4 };
            yield return Gradient(new([33, 65], 2, 32, 0) { Scale = 8 }) with { Tolerance = 1e-4, Uses = Uses.Comparison };

            // talking-heads base, for 32 texts of 128 tokens and 8 of 512.
            foreach (var rate in (double[])[0, 0.1])
            {
                foreach (var batch in (Batch[])[new(Repeat(128, 32), 12, 64, rate), new(Repeat(512, 8), 12, 64, rate), new([128], 12, 64, rate)])
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

        public int Tokens => Lengths.Sum();

        public int Hidden => Heads * Size;

        public int Longest => Lengths.Max();

        public double Scores => (double)Heads * Lengths.Sum(length => (double)length * length);

        public int[] Starts => [0, .. Lengths.Select((_, b) => Lengths.Take(b + 1).Sum())];

        public override string ToString()
        {
            var lengths = Lengths.Distinct().Count() == 1 && Lengths.Length > 1 ? $"{Lengths.Length} × {Lengths[0]}" : string.Join("+", Lengths);
            return $"{lengths}, {Heads} heads of {Size}, dropout {Rate}{(Scale == 1 ? "" : $", scale {Scale}")}{(Strided ? " strided" : "")}";
        }
    }

    private static OpCase[] Both(Batch batch) =>
        [Forward(batch), Gradient(batch) with { Uses = batch.Longest <= 33 ? Uses.Correctness : Uses.Comparison }];

    // Two products of 2·D operations a score, and two mixings of 2·heads.
    private static OpCase Forward(Batch batch) => new(
        "TalkingHeadsAttention",
        batch.ToString(),
        21,
        new(4.0 * (batch.Size + batch.Heads) * batch.Scores, 4.0 * sizeof(float) * batch.Tokens * batch.Hidden),
        operands =>
        {
            var bound = Bind(operands, batch);
            var logSumExp = batch.Statistics ? operands.Output("logSumExp", batch.Heads, batch.Tokens) : Matrix.None;
            var context = operands.Output("context", batch.Tokens, batch.Hidden, batch.Strided);
            return new(() => operands.Backend.TalkingHeadsAttention(
                bound.QueryKeyValue, bound.Pre, bound.Post, bound.Starts, batch.Longest, OpCases.Dropout(batch.Rate), logSumExp, context));
        })
    {
        Tolerance = 4e-6,
    };

    // Five products of 2·D; mixings of the scores and of the probabilities anew, two of gradients, and two products for the matrices' own.
    private static OpCase Gradient(Batch batch) => new(
        "TalkingHeadsAttentionGradient",
        batch.ToString(),
        22,
        new((10.0 * batch.Size + 12.0 * batch.Heads) * batch.Scores, 8.0 * sizeof(float) * batch.Tokens * batch.Hidden),
        operands =>
        {
            var backend = operands.Backend;
            var dropout = OpCases.Dropout(batch.Rate);
            var bound = Bind(operands, batch);
            var logSumExp = operands.Scratch(batch.Heads, batch.Tokens);
            var context = operands.Scratch(batch.Tokens, batch.Hidden, batch.Strided);
            var contextGradient = operands.Input(batch.Tokens, batch.Hidden, 1, batch.Strided);
            var gradient = operands.Scratch(batch.Tokens, 3 * batch.Hidden, batch.Strided);
            var preGradient = operands.InOut("pre-softmax gradient", batch.Heads, batch.Heads);
            var postGradient = operands.InOut("post-softmax gradient", batch.Heads, batch.Heads);
            var names = (string[])["query", "key", "value"];
            var parts = names.Select((name, part) => operands.Named($"{name} gradient", gradient.ColumnRange(part * batch.Hidden, batch.Hidden))).ToArray();
            var forward = () => backend.TalkingHeadsAttention(
                bound.QueryKeyValue, bound.Pre, bound.Post, bound.Starts, batch.Longest, dropout, logSumExp, context);
            forward();
            return new(() => backend.TalkingHeadsAttentionGradient(
                bound.QueryKeyValue, bound.Pre, bound.Post, bound.Starts, batch.Longest, dropout, logSumExp, contextGradient, gradient, preGradient, postGradient))
            {
                Differentiation = new(
                    forward,
                    context,
                    contextGradient,
                    [
                        .. names.Select((name, part) =>
                            new Differentiation.Input(name, bound.QueryKeyValue.ColumnRange(part * batch.Hidden, batch.Hidden), parts[part])),
                        new("pre-softmax", bound.Pre, preGradient),
                        new("post-softmax", bound.Post, postGradient),
                    ]),
            };
        })
    {
        Tolerance = 1e-5,

        // A sequence of one token has no gradient of queries and keys but rounding.
        Floor = 1e-6,
    };

    private sealed record Operated(Matrix QueryKeyValue, Matrix Pre, Matrix Post, Indices Starts);

    private static Operated Bind(Operands operands, Batch batch) => new(
        operands.Input(batch.Tokens, 3 * batch.Hidden, batch.Scale, batch.Strided),
        operands.Input(batch.Heads, batch.Heads),
        operands.Input(batch.Heads, batch.Heads),
        operands.Indices(batch.Starts));

    private static int[] Repeat(int length, int count) => [.. Enumerable.Repeat(length, count)];
}
