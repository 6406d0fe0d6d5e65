using Beret.Models;
using Beret.Numerics;

namespace Beret.Bench;

/// <summary>A BERT encoder of some size with random weights and a classifier of one logit. The vocabulary and the dropout are those of the peers' programs.</summary>
internal sealed record Encoder(int Layers, int Hidden, int Heads)
{
    public const int Vocabulary = 30522;

    public EncoderConfig Config { get; } = new()
    {
        Family = Bert.Family,
        VocabularySize = Vocabulary,
        HiddenSize = Hidden,
        Layers = Layers,
        Heads = Heads,
        IntermediateSize = 4 * Hidden,
        MaxPositions = 512,
        TypeVocabularySize = 2,
        EmbeddingSize = Hidden,
        Activation = Activation.Gelu,
        LayerNormEpsilon = 1e-12f,
        HiddenDropout = 0.1,
        AttentionDropout = 0.1,
        ClassifierDropout = 0.1,
    };

    public static Encoder Parse(ReadOnlySpan<int> sizes) => sizes[1] % sizes[2] == 0
        ? new Encoder(sizes[0], sizes[1], sizes[2])
        : throw new FormatException($"the hidden size {sizes[1]} is no multiple of {sizes[2]} heads");

    public override string ToString() => $"L{Layers} H{Hidden} A{Heads}";

    public SequenceClassifier Create(IBackend backend)
    {
        var model = new SequenceClassifier(backend, Config, 1);
        foreach (var parameter in model.Parameters.All)
        {
            if (parameter.Shape.Length == 2)
            {
                Initialization.TruncatedNormal(backend, parameter, 0.02, seed: 0);
            }
            else
            {
                Initialization.Constant(backend, parameter, parameter.Name.EndsWith("LayerNorm.weight", StringComparison.Ordinal) ? 1 : 0);
            }
        }

        model.Parameters.Touch();
        return model;
    }
}
