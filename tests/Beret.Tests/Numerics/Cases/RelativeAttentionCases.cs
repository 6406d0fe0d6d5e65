using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>Attention with terms by distance and its gradient: each term alone and all together, distances that share rows, positions left out.</summary>
internal static class RelativeAttentionCases
{
    private static readonly int[][] Batches = [[1], [2], [1, 2, 3, 5], [17, 1, 31], [33, 24], [66, 3]];

    public static IEnumerable<OpCase> All
    {
        get
        {
            var number = 0;
            foreach (var terms in (Terms[])[Terms.None, Terms.Bias, Terms.Keys, Terms.Queries, Terms.Keys | Terms.Queries, Terms.All])
            {
                foreach (var lengths in Batches)
                {
                    var size = (int[])[8, 12, 32, 64];
                    var batch = new Batch(lengths, number % 2 + 1, size[number % 4], terms, OpCases.Has(0, number) ? 0.1 : 0)
                    {
                        Strided = OpCases.Has(1, number),
                        Gaps = number % 3 == 2,
                        NearRows = number % 5 == 0 ? 100 : 4,
                    };
                    number++;
                    yield return Forward(batch);
                    yield return Gradient(batch) with { Uses = lengths.Max() <= 33 ? Uses.Correctness : Uses.Comparison };
                }
            }

            // More sequences than groups of them, and long ones.
            foreach (var rate in (double[])[0, 0.1])
            {
                var mixed = new Batch(AttentionCases.Mixed, 2, 32, Terms.All, rate) { NearRows = 20 };
                yield return Forward(mixed) with { Uses = Uses.Comparison };
                yield return Gradient(mixed) with { Uses = Uses.Comparison };
                yield return Gradient(mixed with { Terms = Terms.Bias }) with { Uses = Uses.Comparison };
            }

            foreach (var terms in (Terms[])[Terms.Bias, Terms.Keys | Terms.Queries])
            {
                foreach (var batch in (Batch[])[new(Repeat(128, 32), 12, 64, terms, 0.1), new(Repeat(512, 8), 12, 64, terms, 0.1), new(Repeat(24, 170), 12, 64, terms, 0.1)])
                {
                    yield return Forward(batch with { NearRows = 128 }) with { Uses = Uses.Speed };
                    yield return Gradient(batch with { NearRows = 128 }) with { Uses = Uses.Speed };
                }
            }
        }
    }

    [Flags]
    private enum Terms
    {
        None = 0,
        Keys = 1,
        Queries = 2,
        Bias = 4,
        All = Keys | Queries | Bias,
    }

    private sealed record Batch(int[] Lengths, int Heads, int Size, Terms Terms, double Rate)
    {
        public bool Strided { get; init; }

        /// <summary>Whether every third position is left out.</summary>
        public bool Gaps { get; init; }

        /// <summary>Distances below this have rows of their own, larger ones share theirs by fours.</summary>
        public int NearRows { get; init; }

        public int Tokens => Lengths.Sum();

        public int Hidden => Heads * Size;

        public int Span => Positions(Lengths.Max())[^1] + 1;

        public int[] Starts => [0, .. Lengths.Select((_, b) => Lengths.Take(b + 1).Sum())];

        public int[] AllPositions => [.. Lengths.SelectMany((length, b) => Positions(length).Select(p => p + b % 3))];

        public int[] Rows
        {
            get
            {
                int Far(int distance) => distance <= NearRows ? distance : NearRows + (distance - NearRows + 3) / 4;
                return [.. Enumerable.Range(1 - Span, 2 * Span - 1).Select(d => Far(Span) + Math.Sign(d) * Far(Math.Abs(d)))];
            }
        }

        public double Scores => (double)Heads * Lengths.Sum(length => (double)length * length);

        public override string ToString()
        {
            var lengths = Lengths.Distinct().Count() == 1 && Lengths.Length > 1 ? $"{Lengths.Length} × {Lengths[0]}" : string.Join("+", Lengths);
            return $"{lengths}, {Heads} heads of {Size}, {Terms}, near {NearRows}, dropout {Rate}{(Gaps ? ", gaps" : "")}{(Strided ? " strided" : "")}";
        }

        private int[] Positions(int length) => [.. Enumerable.Range(0, length).Select(i => Gaps ? i + i / 2 : i)];
    }

    // Q Kᵀ, P V, and for each term Q or K times as many rows as there are keys, at least.
    private static OpCase Forward(Batch batch) => new(
        "RelativeAttention",
        batch.ToString(),
        30,
        new((batch.Terms.HasFlag(Terms.Keys) ? 8 : 4) * batch.Size * batch.Scores, 4.0 * sizeof(float) * batch.Tokens * batch.Hidden),
        operands =>
        {
            var bound = new Attention(operands, batch);
            operands.Named("context", bound.Context);
            operands.Named("logSumExp", bound.LogSumExp);
            return new(bound.Forward);
        })
    {
        Tolerance = 4e-6,
    };

    private static OpCase Gradient(Batch batch) => new(
        "RelativeAttentionGradient",
        batch.ToString(),
        31,
        new((batch.Terms.HasFlag(Terms.Keys) ? 22 : 10) * batch.Size * batch.Scores, 8.0 * sizeof(float) * batch.Tokens * batch.Hidden),
        operands =>
        {
            var bound = new Attention(operands, batch);
            var contextGradient = operands.Input(batch.Tokens, batch.Hidden, 1, batch.Strided);
            var gradient = operands.Scratch(batch.Tokens, 3 * batch.Hidden, batch.Strided);
            var names = (string[])["query", "key", "value"];
            var inputs = names.Select((name, part) => new Differentiation.Input(
                name,
                bound.QueryKeyValue.ColumnRange(part * batch.Hidden, batch.Hidden),
                operands.Named($"{name} gradient", gradient.ColumnRange(part * batch.Hidden, batch.Hidden)))).ToList();
            Matrix Table(string name, Matrix table, bool accumulate)
            {
                if (table.IsNone)
                {
                    return table;
                }

                var result = operands.Gradient($"{name} gradient", table.Rows, table.Columns, accumulate, strided: !accumulate && batch.Strided);
                inputs.Add(new(name, table, result));
                return result;
            }

            var keys = Table("table of keys", bound.Relative.Keys, accumulate: false);
            var queries = Table("table of queries", bound.Relative.Queries, accumulate: false);
            var bias = Table("bias", bound.Relative.Bias, accumulate: true);
            bound.Forward();
            return new(() => operands.Backend.RelativeAttentionGradient(
                bound.QueryKeyValue, bound.Relative, bound.Starts, batch.Heads, bound.Dropout, bound.LogSumExp, bound.Context,
                contextGradient, gradient, keys, queries, bias))
            {
                Differentiation = new(bound.Forward, bound.Context, contextGradient, [.. inputs]),
            };
        })
    {
        Tolerance = 1e-5,
        Floor = 1e-6,
    };

    private static int[] Repeat(int length, int count) => [.. Enumerable.Repeat(length, count)];

    private sealed class Attention
    {
        private readonly Operands operands;
        private readonly Batch batch;

        public Attention(Operands operands, Batch batch)
        {
            (this.operands, this.batch) = (operands, batch);
            var rows = batch.Rows;
            QueryKeyValue = operands.Input(batch.Tokens, 3 * batch.Hidden, 1, batch.Strided);
            Starts = operands.Indices(batch.Starts);
            LogSumExp = operands.Scratch(batch.Heads, batch.Tokens);
            Context = operands.Scratch(batch.Tokens, batch.Hidden, batch.Strided);
            Dropout = OpCases.Dropout(batch.Rate);
            Matrix Table(Terms term, int columns) => batch.Terms.HasFlag(term) ? operands.Input(rows.Max() + 1, columns, 1, batch.Strided) : Matrix.None;
            Relative = new(
                operands.Indices(rows), operands.Indices(batch.AllPositions),
                Table(Terms.Keys, batch.Hidden), Table(Terms.Queries, batch.Hidden), Table(Terms.Bias, batch.Heads), (float)(1 / Math.Sqrt(2 * batch.Size)));
        }

        public Matrix QueryKeyValue { get; }

        public Indices Starts { get; }

        public Matrix LogSumExp { get; }

        public Matrix Context { get; }

        public Dropout Dropout { get; }

        public RelativeScores Relative { get; }

        public void Forward() =>
            operands.Backend.RelativeAttention(QueryKeyValue, Relative, Starts, batch.Heads, Dropout, LogSumExp, Context);
    }
}
