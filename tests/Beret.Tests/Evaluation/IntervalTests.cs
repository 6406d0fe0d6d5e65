using Beret.Evaluation;

namespace Beret.Tests.Evaluation;

public class IntervalTests
{
    [Fact]
    public void Wilson_matches_published_figures()
    {
        // R. Newcombe, Statistics in Medicine 17, 1998, table I, method 3 (score), to its four decimals.
        (long Successes, long Trials, double Lower, double Upper)[] cases =
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)];
        foreach (var (successes, trials, lower, upper) in cases)
        {
            var interval = Interval.Wilson(successes, trials)!.Value;
            Assert.Equal(lower, interval.Lower, 5e-5);
            Assert.Equal(upper, interval.Upper, 5e-5);
        }
    }

    [Fact]
    public void Wilson_solves_its_equation()
    {
        // Both ends satisfy (p̂ − p)² = z² p (1 − p) / n.
        var interval = Interval.Wilson(17, 23)!.Value;
        foreach (var p in new[] { interval.Lower, interval.Upper })
        {
            Assert.Equal(Interval.Z * Interval.Z * p * (1 - p) / 23, Math.Pow(17 / 23.0 - p, 2), 1e-14);
        }

        Assert.Equal(1, Interval.Wilson(5, 5)!.Value.Upper);
        Assert.Null(Interval.Wilson(0, 0));
    }

    [Fact]
    public void F1_interval_covers_the_truth_about_95_times_in_100()
    {
        // Multinomial draws with tp, fp, fn, tn = 30, 7, 13, 50%: F1 = 0.75. Fixed seed; 4,000 rounds have a standard error of 0.35 points.
        var random = new Random(7);
        var covered = 0;
        for (var round = 0; round < 4000; round++)
        {
            long tp = 0, fp = 0, fn = 0;
            for (var i = 0; i < 200; i++)
            {
                _ = random.NextDouble() switch { < 0.30 => tp++, < 0.37 => fp++, < 0.50 => fn++, _ => 0 };
            }

            covered += Interval.F1(tp, fp, fn) is { Lower: <= 0.75, Upper: >= 0.75 } ? 1 : 0;
        }

        Assert.InRange(covered / 4000.0, 0.94, 0.965);
    }

    [Fact]
    public void DeLong_equals_the_variance_of_the_pair_matrix()
    {
        var random = new Random(3);
        for (var round = 0; round < 100; round++)
        {
            var labels = Enumerable.Range(0, 60).Select(i => i < 2 ? 1 : i < 4 ? 0 : random.Next(2)).ToArray();
            var scores = labels.Select(label => (float)random.Next(12) + 3 * label).ToArray();

            var area = RocAuc.Compute(labels, scores);

            var half = Interval.Z * Math.Sqrt(NaiveMetrics.DeLongVariance(labels, scores));
            Assert.Equal(Math.Max(0, area.Value - half), area.Interval95!.Value.Lower, 1e-12);
            Assert.Equal(Math.Min(1, area.Value + half), area.Interval95!.Value.Upper, 1e-12);
        }
    }

    [Fact]
    public void Perfect_separation_has_area_one_and_no_interval()
    {
        var area = RocAuc.Compute([0, 0, 1, 1], [1f, 2f, 3f, 4f]);

        Assert.Equal(1, area.Value);
        Assert.Null(area.Interval95);
        Assert.NotNull(area.Note);
        Assert.Equal(0, RocAuc.Compute([1, 1, 0, 0], [1f, 2f, 3f, 4f]).Value);
        Assert.Equal(0.5, RocAuc.Compute([1, 1, 0, 0], [0f, -0f, 0f, 0f]).Value);
    }

    [Fact]
    public void Macro_F1_interval_covers_the_truth_about_95_times_in_100()
    {
        double[,] cells = { { 0.25, 0.05, 0.02 }, { 0.04, 0.20, 0.06 }, { 0.03, 0.05, 0.30 } };
        var truth = Enumerable.Range(0, 3)
            .Average(k => 2 * cells[k, k] / Enumerable.Range(0, 3).Sum(j => cells[k, j] + cells[j, k]));
        var random = new Random(11);
        var covered = 0;
        for (var round = 0; round < 1500; round++)
        {
            var labels = new int[300];
            var logits = new float[900];
            for (var i = 0; i < 300; i++)
            {
                var draw = random.NextDouble();
                var cell = 0;
                while (cell < 8 && draw >= cells[cell / 3, cell % 3])
                {
                    draw -= cells[cell / 3, cell % 3];
                    cell++;
                }

                labels[i] = cell / 3;
                logits[i * 3 + cell % 3] = 1;
            }

            var interval = MultiClassMetrics.Evaluate(labels, logits, 3).Macro.F1.Interval95!.Value;
            covered += interval.Lower <= truth && truth <= interval.Upper ? 1 : 0;
        }

        Assert.InRange(covered / 1500.0, 0.93, 0.97);
    }

    [Fact]
    public void Loss_interval_is_that_of_a_mean()
    {
        int[] labels = [1, 1, 1, 0];
        float[] logits = [2f, -1f, 0.5f, 1f];
        var losses = labels.Zip(logits, (y, x) => Math.Log(1 + Math.Exp(y == 1 ? -x : x))).ToArray();
        var mean = losses.Average();
        var error = Math.Sqrt(losses.Sum(l => (l - mean) * (l - mean)) / 3 / 4);

        var loss = BinaryMetrics.Evaluate(labels, logits).Loss;

        Assert.Equal(mean - Interval.Z * error, loss.Interval95!.Value.Lower, 1e-12);
        Assert.Equal(mean + Interval.Z * error, loss.Interval95!.Value.Upper, 1e-12);
    }
}
