using System.Numerics;
using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>A student's relations between tokens against its teacher's, with their gradient.</summary>
internal static class RelationCases
{
    private const Relations MiniLm = Relations.QueryKey | Relations.ValueValue;
    private const Relations MiniLmV2 = Relations.QueryQuery | Relations.KeyKey | Relations.ValueValue;

    private static readonly int[][] Lengths = [[1], [2], [1, 2, 3, 5], [17, 1, 31], [32], [33, 24], [127, 128, 1]];

    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var relations in (Relations[])[MiniLmV2, MiniLm])
            {
                foreach (var lengths in Lengths)
                {
                    foreach (var (size, teacherSize) in ((int, int)[])[(8, 8), (12, 5), (1, 3), (32, 64), (65, 33)])
                    {
                        yield return Case(new(lengths, size < 32 ? 3 : 1, size, teacherSize, relations) { Strided = lengths.Length == 3 }) with
                        {
                            Uses = lengths.Max() <= 33 ? Uses.Correctness : Uses.Comparison,
                        };
                    }
                }

                yield return Case(new(AttentionCases.Mixed, 2, 8, 16, relations)) with { Uses = Uses.Comparison };

                // Scores far apart: rows of probabilities near 1 and 0, sums of exponentials that overflow where the largest is not taken out.
                yield return Case(new([33, 65], 2, 32, 32, relations) { Scale = 8 }) with { Tolerance = 1e-4, Uses = Uses.Comparison };
            }

            foreach (var one in (Relations[])[Relations.QueryKey, Relations.QueryQuery, Relations.KeyKey, Relations.ValueValue])
            {
                yield return Case(new([24, 3, 17], 2, 12, 20, one));
                yield return Case(new([24, 3, 17], 2, 12, 20, one) { Gradient = false });
            }

            // MiniLM learns from BERT base in 12 relation heads, and in 48.
            yield return Case(new(Repeat(128, 32), 12, 32, 64, MiniLmV2)) with { Uses = Uses.Speed };
            yield return Case(new(Repeat(128, 32), 48, 8, 16, MiniLmV2)) with { Uses = Uses.Speed };
            yield return Case(new(Repeat(512, 8), 12, 32, 64, MiniLmV2)) with { Uses = Uses.Speed };
        }
    }

    private sealed record Batch(int[] Lengths, int Heads, int Size, int TeacherSize, Relations Relations)
    {
        public bool Strided { get; init; }

        public bool Gradient { get; init; } = true;

        /// <summary>Queries, keys and values lie in [−Scale, Scale].</summary>
        public float Scale { get; init; } = 1.5f;

        public int Tokens => Lengths.Sum();

        public int Longest => Lengths.Max();

        public int[] Starts => [0, .. Lengths.Select((_, b) => Lengths.Take(b + 1).Sum())];

        public double Scores => (double)Heads * Lengths.Sum(length => (double)length * length) * BitOperations.PopCount((uint)Relations);

        public override string ToString()
        {
            var lengths = Lengths.Distinct().Count() == 1 && Lengths.Length > 1 ? $"{Lengths.Length} × {Lengths[0]}" : string.Join("+", Lengths);
            return $"{Relations}, {lengths}, {Heads} heads of {Size} and {TeacherSize}, scale {Scale}{(Strided ? " strided" : "")}{(Gradient ? "" : " without gradient")}";
        }
    }

    // Two products for the scores, and two for the gradient.
    private static OpCase Case(Batch batch) => new(
        nameof(IBackend.RelationLoss),
        batch.ToString(),
        23,
        new(
            (2.0 * batch.TeacherSize + (batch.Gradient ? 6.0 : 2.0) * batch.Size) * batch.Scores,
            3.0 * sizeof(float) * batch.Tokens * batch.Heads * (batch.TeacherSize + (batch.Gradient ? 3 : 1) * batch.Size)),
        operands =>
        {
            const float share = 0.7f;
            var backend = operands.Backend;
            var hidden = batch.Heads * batch.Size;
            var student = operands.Input(batch.Tokens, 3 * hidden, batch.Scale, batch.Strided);
            var teacher = operands.Input(batch.Tokens, 3 * batch.Heads * batch.TeacherSize, batch.Scale, batch.Strided);
            var starts = operands.Indices(batch.Starts);
            var losses = operands.Output("losses", batch.Lengths.Length, batch.Heads);
            var gradient = batch.Gradient ? operands.InOut("student gradient", batch.Tokens, 3 * hidden, 1e-3f, batch.Strided) : Matrix.None;

            // What is differentiated is the sum of the losses, times the share.
            var shares = operands.Input(batch.Lengths.Length, batch.Heads, _ => share);
            return new(() => backend.RelationLoss(student, teacher, starts, batch.Longest, batch.Relations, batch.Heads, share, losses, gradient))
            {
                Differentiation = batch.Gradient
                    ? new(
                        () => backend.RelationLoss(student, teacher, starts, batch.Longest, batch.Relations, batch.Heads, 0, losses, Matrix.None),
                        losses,
                        shares,
                        new Differentiation.Input("student", student, gradient))
                    : null,
            };
        })
    {
        Tolerance = 1e-5,

        // A divergence is a difference of numbers as large as the scores, and zero of one token.
        Floor = 2e-6,
    };

    private static int[] Repeat(int length, int count) => [.. Enumerable.Repeat(length, count)];
}
