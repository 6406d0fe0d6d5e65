using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// From encoded tokens to those that were hidden (Devlin et al., BERT, 2019, §3.1, "Masked LM"): dense layer, activation, LayerNorm, and a decoder that is the table of
/// word embeddings (Press and Wolf, "Using the Output Embedding to Improve Language Models", 2017) with a bias of its own.
/// </summary>
internal sealed class MaskedHead
{
    private readonly ParameterSet set;
    private readonly Dense transform;
    private readonly LayerNorm norm;
    private readonly Activation activation;
    private readonly Parameter word;
    private readonly Parameter bias;

    /// <param name="set">The model's parameters.</param>
    /// <param name="prefix">Before the layout's names.</param>
    /// <param name="layout">The names.</param>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="word">The table [V, E]; its gradient is a matrix from now on.</param>
    public MaskedHead(ParameterSet set, string prefix, MaskedHeadLayout layout, EncoderConfig config, Parameter word)
    {
        this.set = set;
        this.word = word;

        // The decoder gives every row of the table a gradient: it is a matrix, to which the lookup adds.
        word.HasRowGradient = false;
        transform = set.DeclareDense("", [prefix + layout.Transform], config.HiddenSize, config.EmbeddingSize);
        norm = set.DeclareLayerNorm(prefix + layout.Norm, config.EmbeddingSize, config.LayerNormEpsilon);
        bias = set.Declare(prefix + layout.Bias, [config.VocabularySize], decays: false);
        activation = layout.Activation ?? config.Activation;
    }

    /// <summary>The hidden tokens as the decoder reads them: [T, H] → [M, E].</summary>
    public Value Forward(Ops ops, Value sequence, Indices rows)
    {
        var x = ops.Gather(sequence, rows);                                             // [M, H]
        return ops.Norm(ops.Linear(x, transform, activation), norm);                    // [M, E]
    }

    /// <summary>The loss of each hidden token, and whether it was guessed: <see cref="Ops.TiedDecoderLoss"/>.</summary>
    public Matrix Loss(Ops ops, Value masked, Indices targets, float share) => ops.TiedDecoderLoss(masked, word, bias, targets, share, set.Arithmetic);

    /// <summary>A token for each, drawn by its logits: [M, 1].</summary>
    public Matrix Sample(Ops ops, Value masked, Matrix draws) => ops.SampleTokens(masked, word, bias, draws, set.Arithmetic);

    /// <summary>The logits of each hidden token: [M, V].</summary>
    public void Decode(Value masked, Matrix logits) =>
        set.Backend.Linear(masked.Data, word.Value, Matrix.None, bias.Value, Activation.None, Matrix.None, logits, set.Arithmetic);
}
