namespace Beret.Evaluation;

/// <summary>The correlation of truth and prediction, from −1 to 1 and 0 for guessing, however unequal the classes are.</summary>
internal static class MatthewsCorrelation
{
    /// <summary>
    /// Matthews' correlation coefficient, of more than two classes in J. Gorodkin's form (Computational Biology and Chemistry 28, 2004), as scikit-learn computes it:
    /// (c·s − Σ p_k t_k) / √((s² − Σ p_k²)(s² − Σ t_k²)) with s examples, c right ones, t_k of class k and p_k predicted to be; 0 where either has one class only.
    /// </summary>
    public static Estimate Of(ConfusionMatrix confusion)
    {
        double s = confusion.Total;
        double together = confusion.Correct * s, predictions = s * s, truth = s * s;
        for (var k = 0; k < confusion.Labels.Count; k++)
        {
            double p = confusion.Predicted(k), t = confusion.Actual(k);
            together -= p * t;
            predictions -= p * p;
            truth -= t * t;
        }

        return predictions == 0 || truth == 0
            ? new Estimate(0, null, truth == 0 ? "all examples are of one class" : "all examples were predicted to be of one class")
            : new Estimate(together / Math.Sqrt(predictions * truth));
    }
}
