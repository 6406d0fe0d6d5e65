using Beret.Models;
using Beret.Numerics;

namespace Beret.Tests.Models;

/// <summary>Random classifiers small enough to train within milliseconds, BERT unless said, and batches for them.</summary>
internal static class SmallModel
{
    public static EncoderConfig Config(double dropout = 0.1) => new()
    {
        Family = Bert.Family,
        VocabularySize = 500,
        HiddenSize = 48,
        Layers = 2,
        Heads = 4,
        IntermediateSize = 160,
        MaxPositions = 64,
        TypeVocabularySize = 2,
        EmbeddingSize = 48,
        Activation = Activation.Gelu,
        LayerNormEpsilon = 1e-12f,
        HiddenDropout = dropout,
        AttentionDropout = dropout,
        ClassifierDropout = dropout,
    };

    /// <summary>The names that <see cref="Named"/> knows: each family, in each of its forms.</summary>
    public static IEnumerable<string> Names =>
    [
        "bert", "bert, mean", "bert, largest", "albert, first token", "albert", "albert, two groups of two", "electra", "electra with a pooler", "talking heads",
        "distilbert", "distilbert with sinusoids", "roberta", "mpnet", "deberta v3", "deberta v2", "deberta with narrow tables", "modernbert",
    ];

    /// <summary>The small model of a family.</summary>
    public static EncoderConfig Named(string name, double dropout = 0.1)
    {
        var sizes = Config(dropout);
        return name switch
        {
            "bert" => sizes,
            "bert, mean" => sizes with { Pooling = Pooling.Mean },
            "bert, largest" => sizes with { Pooling = Pooling.Max },
            "albert, first token" => new AlbertConfig(sizes) { Family = Albert.Family, EmbeddingSize = 24, Layers = 3, Pooling = Pooling.FirstToken },
            "albert" => new AlbertConfig(sizes) { Family = Albert.Family, EmbeddingSize = 24, Layers = 3 },
            "albert, two groups of two" => new AlbertConfig(sizes) { Family = Albert.Family, Layers = 6, Groups = 2, LayersOfGroup = 2 },
            "electra" => new ElectraConfig(sizes) { Family = Electra.Family },
            "electra with a pooler" => new ElectraConfig(sizes) { Family = Electra.Family, EmbeddingSize = 24, HasPooler = true },
            "talking heads" => new TalkingHeadsConfig(sizes) { Family = TalkingHeads.Family },
            "distilbert" => new DistilBertConfig(sizes) { Family = DistilBert.Family, TypeVocabularySize = 0 },
            "distilbert with sinusoids" => new DistilBertConfig(sizes) { Family = DistilBert.Family, TypeVocabularySize = 0, HasSinusoidalPositions = true },
            "roberta" => new PoolerlessConfig(sizes) { Family = Roberta.Family, PaddingId = 1, FirstPosition = 2 },
            "mpnet" => new MpnetConfig(sizes) { Family = Mpnet.Family, TypeVocabularySize = 0, PaddingId = 1, FirstPosition = 2 },
            "deberta v3" => Deberta(sizes),
            "deberta v2" => Deberta(sizes) with
            {
                TypeVocabularySize = 2,
                SharesProjections = false,
                NormalizesDistances = false,
                Buckets = 0,
                FarthestDistance = 20,
                HasPositionTable = true,
                ConvolutionKernel = 3,
            },
            "deberta with narrow tables" => Deberta(sizes) with { EmbeddingSize = 24, ContentToPosition = false },
            "modernbert" => Modern(dropout),
            _ => throw new ArgumentException($"no family is called {name}", nameof(name)),
        };
    }

    private static DebertaV2Config Deberta(EncoderConfig sizes) => new(sizes)
    {
        Family = DebertaV2.Family,
        TypeVocabularySize = 0,
        PoolerDropout = 0,
        HasRelativeAttention = true,
        ContentToPosition = true,
        PositionToContent = true,
        SharesProjections = true,
        NormalizesDistances = true,
        Buckets = 16,
        FarthestDistance = 64,
        HasPositionTable = false,
        ConvolutionKernel = 0,
        ConvolutionActivation = Activation.Tanh,
        PoolerActivation = Activation.Gelu,
    };

    /// <summary>A ModernBERT whose windows are narrower than its texts, with biases in some places and dropout in all.</summary>
    private static ModernBertConfig Modern(double dropout) => new()
    {
        Family = ModernBert.Family,
        VocabularySize = 500,
        HiddenSize = 48,
        Layers = 4,
        Heads = 4,
        IntermediateSize = 72,
        MaxPositions = 64,
        TypeVocabularySize = 0,
        EmbeddingSize = 48,
        Activation = Activation.Gelu,
        LayerNormEpsilon = 1e-5f,
        HiddenDropout = dropout,
        AttentionDropout = dropout,
        ClassifierDropout = dropout,
        EmbeddingDropout = dropout,
        IsLocal = [false, true, true, false],
        LocalAttention = 16,
        GlobalTheta = 160_000,
        LocalTheta = 10_000,
        AttentionBias = false,
        MlpBias = true,
        NormBias = false,
        Pooling = Pooling.Mean,
        Head = new HeadLayout("classifier") { Transform = "head.dense", TransformHasBias = false, Activation = Activation.Gelu, Norm = "head.norm", NormHasBias = false },
    };

    /// <summary>The sizes of all-MiniLM-L6-v2.</summary>
    public static EncoderConfig MiniLm => Config() with
    {
        VocabularySize = 30522,
        HiddenSize = 384,
        Layers = 6,
        Heads = 12,
        IntermediateSize = 1536,
        MaxPositions = 512,
        EmbeddingSize = 384,
    };

    /// <summary>Weights, embeddings and biases from N(0, 0.1²) cut at two deviations, γ 1.</summary>
    public static SequenceClassifier Create(IBackend backend, EncoderConfig config, int outputs = 1, ulong seed = 1)
    {
        var model = new SequenceClassifier(backend, config, outputs);
        foreach (var parameter in model.Parameters.All)
        {
            if (parameter.Name.EndsWith("norm.weight", StringComparison.OrdinalIgnoreCase))
            {
                Initialization.Constant(backend, parameter, 1);
            }
            else
            {
                Initialization.TruncatedNormal(backend, parameter, 0.1, seed);
            }
        }

        model.Parameters.Touch();
        return model;
    }

    /// <summary>Sequences of these lengths with random tokens, of which some occur often.</summary>
    public static PackedBatch Batch(EncoderConfig config, ReadOnlySpan<int> lengths, int seed = 1)
    {
        var random = new Random(seed);
        var batch = new PackedBatch();
        foreach (var length in lengths)
        {
            batch.Add([.. Enumerable.Range(0, length).Select(_ => random.Next(random.Next(2) == 0 ? 9 : config.VocabularySize))]);
        }

        return batch;
    }

    /// <summary>0 and 1 in turn.</summary>
    public static float[] Labels(PackedBatch batch) => [.. Enumerable.Range(0, batch.Sequences).Select(b => b % 2f)];
}
