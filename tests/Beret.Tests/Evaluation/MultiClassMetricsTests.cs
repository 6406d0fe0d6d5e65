using Beret.Evaluation;

namespace Beret.Tests.Evaluation;

public class MultiClassMetricsTests
{
    [Fact]
    public void Hand_computed_case_with_a_class_never_predicted_and_one_absent()
    {
        // True 0 0 1 1 2, predicted 0 1 1 1 0; class 3 occurs nowhere.
        int[] labels = [0, 0, 1, 1, 2];
        var result = MultiClassMetrics.Evaluate(labels, OneHot([0, 1, 1, 1, 0], 4), 4, ["a", "b", "c", "d"]);

        Assert.Equal(3 / 5.0, result.Accuracy.Value, 1e-15);
        Assert.Equal([1 / 2.0, 2 / 3.0, 0, 0], result.Classes.Select(c => c.Precision.Value));
        Assert.Equal([1 / 2.0, 1.0, 0, 0], result.Classes.Select(c => c.Recall.Value));
        Assert.Equal([2 / 4.0, 4 / 5.0, 0, 0], result.Classes.Select(c => c.F1.Value));
        Assert.Equal([2L, 2L, 1L, 0L], result.Classes.Select(c => c.Support));
        Assert.Equal("never predicted", result.Classes[2].Precision.Note);
        Assert.NotNull(result.Classes[3].F1.Note);

        // Averages are over a, b and c: scikit-learn's labels are those that occur.
        Assert.Equal((0.5 + 2 / 3.0 + 0) / 3, result.Macro.Precision.Value, 1e-15);
        Assert.Equal((0.5 + 0.8 + 0) / 3, result.Macro.F1.Value, 1e-15);
        Assert.Equal((2 * 0.5 + 2 * 0.8 + 0) / 5, result.Weighted.F1.Value, 1e-15);
        Assert.Equal(result.Accuracy, result.Micro.F1);
    }

    [Fact]
    public void Equal_logits_predict_the_first_class() =>
        Assert.Equal(1, MultiClassMetrics.Evaluate([1], [0f, 2f, 2f], 3).Confusion[1, 1]);

    [Fact]
    public void Loss_is_softmax_cross_entropy_without_overflow()
    {
        Assert.Equal(Math.Log(3), MultiClassMetrics.Evaluate([1], [5f, 5f, 5f], 3).Loss.Value, 1e-15);
        Assert.Equal(2000, MultiClassMetrics.Evaluate([1], [1000f, -1000f], 2).Loss.Value);
        Assert.Equal(2 * Math.Exp(-50), MultiClassMetrics.Evaluate([0], [50f, 0f, 0f], 3).Loss.Value, 1e-32);
    }

    [Fact]
    public void Agrees_with_naive_formulas_on_random_cases()
    {
        var random = new Random(2);
        for (var round = 0; round < 100; round++)
        {
            int n = random.Next(1, 80), classes = random.Next(2, 9);
            var labels = Enumerable.Range(0, n).Select(_ => random.Next(classes)).ToArray();
            var logits = Enumerable.Range(0, n * classes).Select(_ => random.Next(-8, 9) / 4f).ToArray();
            var predicted = new int[n];
            double loss = 0;
            for (var i = 0; i < n; i++)
            {
                var row = logits[(i * classes)..((i + 1) * classes)];
                predicted[i] = Array.IndexOf(row, row.Max());
                loss -= Math.Log(Math.Exp(row[labels[i]]) / row.Sum(x => Math.Exp(x)));
            }

            var result = MultiClassMetrics.Evaluate(labels, logits, classes);

            Assert.Equal(loss / n, result.Loss.Value, 1e-12);
            Assert.Equal(Enumerable.Range(0, n).Count(i => labels[i] == predicted[i]) / (double)n, result.Accuracy.Value, 1e-12);
            var present = labels.Union(predicted).ToList();
            var naive = Enumerable.Range(0, classes).Select(k => NaiveMetrics.OfClass(labels, predicted, k)).ToArray();
            for (var k = 0; k < classes; k++)
            {
                Assert.Equal(naive[k].Precision, result.Classes[k].Precision.Value, 1e-12);
                Assert.Equal(naive[k].Recall, result.Classes[k].Recall.Value, 1e-12);
                Assert.Equal(naive[k].F1, result.Classes[k].F1.Value, 1e-12);
            }

            Assert.Equal(present.Average(k => naive[k].Precision), result.Macro.Precision.Value, 1e-12);
            Assert.Equal(present.Average(k => naive[k].Recall), result.Macro.Recall.Value, 1e-12);
            Assert.Equal(present.Average(k => naive[k].F1), result.Macro.F1.Value, 1e-12);
            Assert.Equal(labels.Average(k => naive[k].Precision), result.Weighted.Precision.Value, 1e-12);
            Assert.Equal(labels.Average(k => naive[k].Recall), result.Weighted.Recall.Value, 1e-12);
            Assert.Equal(labels.Average(k => naive[k].F1), result.Weighted.F1.Value, 1e-12);
        }
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Contains("example 0 has the label 3", Assert.Throws<EvaluationException>(() => MultiClassMetrics.Evaluate([3], [0f, 0f, 0f], 3)).Message);
        Assert.Contains("infinite logit for example 1", Assert.Throws<EvaluationException>(() => MultiClassMetrics.Evaluate([0, 1], [0f, 0f, 0f, float.PositiveInfinity], 2)).Message);
        Assert.Throws<ArgumentException>(() => MultiClassMetrics.Evaluate([0, 1], [0f, 0f, 0f], 2));
        Assert.Throws<ArgumentException>(() => MultiClassMetrics.Evaluate([0], [0f, 0f], 2, ["a"]));
    }

    private static float[] OneHot(int[] predicted, int classes)
    {
        var logits = new float[predicted.Length * classes];
        for (var i = 0; i < predicted.Length; i++)
        {
            logits[i * classes + predicted[i]] = 1;
        }

        return logits;
    }
}
