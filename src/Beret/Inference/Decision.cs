using Beret.Evaluation;

namespace Beret.Inference;

/// <summary>From logits to a prediction, by the task.</summary>
internal static class Decision
{
    /// <param name="logits">As many as the task has for one text.</param>
    public static Prediction Decide(ModelDescription description, ReadOnlySpan<float> logits, int tokens, int cut)
    {
        var labels = description.Labels;
        var probabilities = new double[labels.Count];
        switch (description.Task)
        {
            case TaskNames.Binary:
                // Each from its own exponential: 1 − p loses the small one's digits.
                probabilities[1] = Sigmoid(logits[0]);
                probabilities[0] = Sigmoid(-logits[0]);
                return Make(logits[0] > 0 ? 1 : 0, probabilities[1], logits);
            case TaskNames.MultiLabel:
                for (var k = 0; k < probabilities.Length; k++)
                {
                    probabilities[k] = Sigmoid(logits[k]);
                }

                break;
            default:
                Softmax(logits, probabilities);
                break;
        }

        var best = MultiClassMetrics.IndexOfLargest(logits);
        return Make(best, probabilities[best], logits);

        Prediction Make(int label, double score, ReadOnlySpan<float> logits) => new(labels[label], score, probabilities, logits.ToArray(), tokens, cut);
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static void Softmax(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
        var largest = double.NegativeInfinity;
        foreach (var logit in logits)
        {
            largest = Math.Max(largest, logit);
        }

        double sum = 0;
        for (var k = 0; k < logits.Length; k++)
        {
            sum += probabilities[k] = Math.Exp(logits[k] - largest);
        }

        for (var k = 0; k < logits.Length; k++)
        {
            probabilities[k] /= sum;
        }
    }
}
