using Beret.Models;

namespace Beret.Optimization;

/// <summary>A learning rate of its own for what stands on the encoder, which starts from random weights where the encoder is pretrained.</summary>
internal static class HeadRate
{
    /// <summary>Sets the rates of all that is not the encoder's, whatever they were.</summary>
    /// <param name="model">The model.</param>
    /// <param name="factor">The head's rate, of that of the encoder's last layer.</param>
    public static void Apply(SequenceClassifier model, double factor)
    {
        foreach (var parameter in model.Parameters.All.Where(parameter => !parameter.Name.StartsWith(model.Config.Family.Prefix, StringComparison.Ordinal)))
        {
            parameter.RateFactor = factor;
        }
    }
}
