using Beret.Evaluation;

namespace Beret.Tests.Evaluation;

public class RunningMetricsTests
{
    [Fact]
    public void Batches_of_unequal_size_give_the_mean_over_examples()
    {
        var running = new RunningMetrics();
        running.Add(meanLoss: 1.0, correct: 3, count: 3);
        running.Add(meanLoss: 3.0, correct: 0, count: 1);

        Assert.Equal(1.5, running.Loss);
        Assert.Equal(0.75, running.Accuracy);
        Assert.Equal(4, running.Count);
    }

    [Fact]
    public void Streaming_equals_evaluating_at_once()
    {
        var random = new Random(5);
        var labels = Enumerable.Range(0, 100).Select(_ => random.Next(2)).ToArray();
        var logits = labels.Select(_ => (float)random.NextDouble() * 4 - 2).ToArray();
        var running = new RunningMetrics();
        foreach (var batch in Enumerable.Range(0, 100).Chunk(32))
        {
            running.AddBinary([.. batch.Select(i => labels[i])], [.. batch.Select(i => logits[i])]);
        }

        var whole = BinaryMetrics.Evaluate(labels, logits);
        Assert.Equal(whole.Loss.Value, running.Loss, 1e-15);
        Assert.Equal(whole.Accuracy.Value, running.Accuracy, 1e-15);

        running.Reset();
        int[] classes = [2, 0];
        float[] rows = [0f, 1f, 2f, 0f, 1f, 2f];
        running.AddMultiClass(classes, rows);
        Assert.Equal(MultiClassMetrics.Evaluate(classes, rows, 3).Loss.Value, running.Loss, 1e-15);
        Assert.Equal(0.5, running.Accuracy);
    }

    [Fact]
    public void Before_the_first_batch_and_after_a_reset_the_means_are_not_numbers()
    {
        var running = new RunningMetrics();
        Assert.Equal(double.NaN, running.Loss);
        running.Add(double.NaN, 0, 1);
        Assert.Equal(double.NaN, running.Loss);
        running.Reset();
        running.Add(2, 1, 1);
        Assert.Equal(2, running.Loss);
    }
}
