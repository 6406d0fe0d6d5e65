using Beret.Evaluation;

namespace Beret.Tests.Evaluation;

public class BinaryMetricsTests
{
    // Eight examples by hand: at logit > 0 the predictions are 0 0 1 1 0 1 1 1.
    private static readonly int[] Labels = [0, 0, 0, 0, 1, 1, 1, 1];
    private static readonly float[] Logits = [-2f, -1f, 0.25f, 2f, 0f, 0.25f, 1f, 3f];

    [Fact]
    public void Hand_computed_case()
    {
        var result = BinaryMetrics.Evaluate(Labels, Logits, ["neg", "pos"]);

        Assert.Equal(8, result.Count);
        Assert.Equal([2L, 2L, 1L, 3L], [result.Confusion[0, 0], result.Confusion[0, 1], result.Confusion[1, 0], result.Confusion[1, 1]]);
        Assert.Equal(5 / 8.0, result.Accuracy.Value, 1e-15);
        Assert.Equal(5 / 8.0, result.AccuracyAtLogitHalf.Value, 1e-15); // wrong: the negative at 2, the positives at 0 and 0.25
        Assert.Equal(3 / 5.0, result.Precision.Value, 1e-15);
        Assert.Equal(3 / 4.0, result.Recall.Value, 1e-15);
        Assert.Equal(2 / 4.0, result.Specificity.Value, 1e-15);
        Assert.Equal(6 / 9.0, result.F1.Value, 1e-15);

        // Pairs won by each positive: 0 → 2; 0.25 → 2 and a tie; 1 → 3; 3 → 4: 11.5 of 16.
        Assert.Equal(11.5 / 16, result.RocAuc.Value, 1e-15);
    }

    [Fact]
    public void The_threshold_is_strict_at_both_figures()
    {
        var result = BinaryMetrics.Evaluate([1, 1, 0], [0f, 0.5f, 0.5f]);

        Assert.Equal(1 / 3.0, result.Accuracy.Value, 1e-15); // logit 0 is p = 0.5: not positive
        Assert.Equal(1 / 3.0, result.AccuracyAtLogitHalf.Value, 1e-15); // logit 0.5 is not above 0.5
    }

    [Fact]
    public void Agrees_with_naive_formulas_on_random_cases_with_ties()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var n = random.Next(2, 120);
            var grain = random.Next(1, 40);
            var labels = new int[n];
            var logits = new float[n];
            for (var i = 0; i < n; i++)
            {
                labels[i] = random.Next(2);
                logits[i] = (float)Math.Round((random.NextDouble() - 0.5 + labels[i] * 0.3) * grain) / 4;
            }

            var result = BinaryMetrics.Evaluate(labels, logits);
            double tp = 0, fp = 0, fn = 0, tn = 0, loss = 0;
            for (var i = 0; i < n; i++)
            {
                var p = 1 / (1 + Math.Exp(-(double)logits[i]));
                loss -= labels[i] == 1 ? Math.Log(p) : Math.Log(1 - p);
                _ = (p > 0.5, labels[i]) switch { (true, 1) => tp++, (true, _) => fp++, (false, 1) => fn++, _ => tn++ };
            }

            Assert.Equal(loss / n, result.Loss.Value, 1e-12);
            Assert.Equal((tp + tn) / n, result.Accuracy.Value, 1e-12);
            Assert.Equal(tp + fp == 0 ? 0 : tp / (tp + fp), result.Precision.Value, 1e-12);
            Assert.Equal(tp + fn == 0 ? 0 : tp / (tp + fn), result.Recall.Value, 1e-12);
            Assert.Equal(tp + fp + fn == 0 ? 0 : 2 * tp / (2 * tp + fp + fn), result.F1.Value, 1e-12);
            Assert.Equal(NaiveMetrics.AreaByPairs(labels, logits), result.RocAuc.Value, 1e-12);
        }
    }

    [Fact]
    public void Loss_neither_overflows_nor_loses_small_values()
    {
        // Right by 40: −ln σ(40) = ln(1 + e⁻⁴⁰) = e⁻⁴⁰ to 17 digits. Wrong by 1000: the loss is the logit.
        Assert.Equal(Math.Exp(-40), BinaryMetrics.Evaluate([1], [40f]).Loss.Value, 1e-30);
        Assert.Equal(1000, BinaryMetrics.Evaluate([0], [1000f]).Loss.Value);
        Assert.Equal(Math.Log(2), BinaryMetrics.Evaluate([0], [0f]).Loss.Value, 1e-15);
    }

    [Fact]
    public void What_is_not_defined_is_zero_as_in_scikit_learn_and_said()
    {
        var result = BinaryMetrics.Evaluate([0, 0, 0], [-1f, -2f, -3f]);

        Assert.Equal(0, result.Precision.Value);
        Assert.Equal("no example was predicted positive", result.Precision.Note);
        Assert.Equal(0, result.Recall.Value);
        Assert.Equal("no example is of the positive class", result.Recall.Note);
        Assert.Equal(0, result.F1.Value);
        Assert.NotNull(result.F1.Note);
        Assert.Equal(double.NaN, result.RocAuc.Value);
        Assert.NotNull(result.RocAuc.Note);
        Assert.Null(result.RocAuc.Interval95);
        Assert.Equal(1, result.Accuracy.Value);
    }

    [Fact]
    public void Zero_hits_give_an_F1_of_zero_that_is_defined()
    {
        var result = BinaryMetrics.Evaluate([1, 0], [-1f, 1f]);

        Assert.Equal(0, result.F1.Value);
        Assert.Null(result.F1.Note);
        Assert.NotNull(result.F1.Interval95);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Contains("no example", Assert.Throws<EvaluationException>(() => BinaryMetrics.Evaluate([], [])).Message);
        Assert.Contains("example 1 has the label 2", Assert.Throws<EvaluationException>(() => BinaryMetrics.Evaluate([0, 2], [0f, 0f])).Message);
        Assert.Contains("NaN for example 1", Assert.Throws<EvaluationException>(() => BinaryMetrics.Evaluate([0, 1], [0f, float.NaN])).Message);
        Assert.Throws<ArgumentException>(() => BinaryMetrics.Evaluate([0, 1], [0f]));
        Assert.Throws<ArgumentException>(() => BinaryMetrics.Evaluate([0], [0f], ["one"]));
    }
}
