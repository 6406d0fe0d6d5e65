using Beret.Numerics;

namespace Beret.Models;

/// <summary>What stands between an encoder and the tokens it guesses, by the names of the family's checkpoints: dense layer, activation, LayerNorm, and a decoder tied to the word embeddings.</summary>
/// <param name="Architecture">The class of Hugging Face transformers that loads it.</param>
/// <param name="Transform">The dense layer, from the hidden size to that of the embeddings.</param>
/// <param name="Norm">Its normalisation.</param>
/// <param name="Bias">The decoder's bias, all of its name.</param>
internal sealed record MaskedHeadLayout(string Architecture, string Transform, string Norm, string Bias)
{
    /// <summary>The activation of the dense layer; null for the encoder's own.</summary>
    public Activation? Activation { get; init; }
}
