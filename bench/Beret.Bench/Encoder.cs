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

    /// <summary>
    /// The work of a training step by the formula of the peers' programs: six operations a weight of the layers and token, and the attention, which the backward pass
    /// does twice over. Embeddings, normalisation, the head and the optimizer are not counted; an inference batch is a third of it.
    /// </summary>
    public double Flops => (double)Batch * Length * (6.0 * Layers * 12 * Hidden * Hidden + 12.0 * Layers * Length * Hidden);

    /// <summary>The part of the attention in the forward pass: two products of every query with every key.</summary>
    public double AttentionFlops => 4.0 * Layers * Batch * Length * Length * Hidden;

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

    public PackedBatch RandomBatch(Random random)
    {
        var batch = new PackedBatch();
        for (var b = 0; b < Batch; b++)
        {
            batch.Add([.. Enumerable.Range(0, Length).Select(_ => random.Next(Vocabulary))]);
        }

        return batch;
    }
}
