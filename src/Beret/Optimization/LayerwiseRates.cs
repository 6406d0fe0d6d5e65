using Beret.Numerics;

namespace Beret.Optimization;

/// <summary>
/// Lower learning rates for the lower layers (Howard and Ruder, "Universal Language Model Fine-tuning for Text Classification", 2018, §3.2, "discriminative
/// fine-tuning"): block i of L learns at f^(L−i) of the rate, the embeddings at f^(L+1), pooler and head at the rate itself.
/// </summary>
internal static class LayerwiseRates
{
    /// <param name="parameters">The parameters of a model, by the names of their checkpoint.</param>
    /// <param name="layers">The number of blocks, L.</param>
    /// <param name="factor">f; 1 for one rate everywhere.</param>
    public static void Apply(ParameterSet parameters, int layers, double factor)
    {
        foreach (var parameter in parameters.All)
        {
            parameter.RateFactor = Math.Pow(factor, StepsDown(parameter.Name, layers));
        }
    }

    /// <summary>How far below the head a parameter is. A block that several layers share, and what belongs to no block, stays at the rate itself.</summary>
    private static int StepsDown(string name, int layers) => ParameterPlace.LayerOf(name) is { } layer ? layers + 1 - layer : 0;
}
