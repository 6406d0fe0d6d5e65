using Beret.Numerics;

namespace Beret.Models;

/// <summary>How a family's classification head is built and what its tensors are called.</summary>
/// <param name="Output">The layer that gives the logits: "classifier".</param>
internal sealed record HeadLayout(string Output)
{
    /// <summary>A dense layer of the hidden size before it, or null.</summary>
    public string? Transform { get; init; }

    /// <summary>Whether the transform has a bias.</summary>
    public bool TransformHasBias { get; init; } = true;

    /// <summary>What follows the transform.</summary>
    public Activation Activation { get; init; }

    /// <summary>A layer normalisation after that, or null.</summary>
    public string? Norm { get; init; }

    /// <summary>Whether the normalisation has a shift β.</summary>
    public bool NormHasBias { get; init; } = true;

    /// <summary>Whether there is dropout before the transform, too.</summary>
    public bool DropsInput { get; init; }
}
