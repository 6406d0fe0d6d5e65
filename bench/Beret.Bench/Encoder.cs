using Beret.Models;
using Beret.Numerics;

namespace Beret.Bench;

/// <summary>A BERT encoder of some size with random weights, and its batches. The sizes of the vocabulary and the dropout are those of the peers' programs.</summary>
internal sealed record Encoder(int Layers, int Hidden, int Heads, int Batch, int Length, int Steps)
{
    private const int Vocabulary = 30522;

    public static Encoder Parse(string[] numbers)
    {
        int[] n = [.. numbers.Select(int.Parse)];
        return n.All(value => value > 0) && n[1] % n[2] == 0
            ? new Encoder(n[0], n[1], n[2], n[3], n[4], n[5])
            : throw new FormatException($"{string.Join(' ', numbers)}: six numbers above 0, and the hidden size a multiple of the heads");
    }

    public override string ToString() => $"L{Layers} H{Hidden} A{Heads} b{Batch} s{Length}";

    public SequenceClassifier Create(IBackend backend)
    {
        var config = new EncoderConfig
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
        var model = new SequenceClassifier(backend, config, 1);
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

        return model;
    }
}
