namespace Beret.Optimization;

/// <summary>The constants of the optimizer; the defaults are the tutorial's.</summary>
public sealed record AdamWOptions
{
    /// <summary>β₁, the memory of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β₂, the memory of the second moment.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>ε, added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>Weight decay, applied with the scheduled rate to all matrices and embeddings, but not to biases and layer norms.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The largest global gradient norm; larger gradients are scaled down to it. 0: no clipping.</summary>
    public double ClipTo { get; init; } = 1.0;

    /// <summary>What the learning rate is multiplied by from each block to the one below; 1: all learn alike.</summary>
    public double LayerDecay { get; init; } = 1;

    /// <summary>How the norm counts the word embeddings.</summary>
    public ClipNorm ClipNorm { get; init; } = ClipNorm.Tutorial;

    /// <summary>Where ε and the bias corrections stand.</summary>
    public AdamVariant Variant { get; init; } = AdamVariant.TensorFlow;
}
