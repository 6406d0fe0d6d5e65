using Beret.Numerics;

namespace Beret.Models;

/// <summary>The sizes and rates of an encoder, as its config.json gives them.</summary>
internal record EncoderConfig
{
    /// <summary>The architecture.</summary>
    public required EncoderFamily Family { get; init; }

    public required int VocabularySize { get; init; }

    public required int HiddenSize { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    /// <summary>The width of the feed-forward layer.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The longest sequence that the model takes.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>The row of the position table that belongs to position 0; more than 0 where the family counts positions on from the padding token.</summary>
    public int FirstPosition { get; init; }

    /// <summary>The number of token types (segments), or 0 where the model does not look at them.</summary>
    public required int TypeVocabularySize { get; init; }

    /// <summary>The width of the embedding tables; where it differs from the hidden size, a dense layer leads from one to the other.</summary>
    public required int EmbeddingSize { get; init; }

    public required Activation Activation { get; init; }

    public required float LayerNormEpsilon { get; init; }

    public required double HiddenDropout { get; init; }

    public required double AttentionDropout { get; init; }

    /// <summary>The rate before the classifier.</summary>
    public required double ClassifierDropout { get; init; }

    /// <summary>The rate before the dense layer of the head, where that is another.</summary>
    public double? PoolerDropout { get; init; }

    /// <summary>What goes to the classifier.</summary>
    public Pooling Pooling { get; init; }

    /// <summary>Whether the encoder has a pooler, where its family knows one; a masked language model that is read as an encoder has none.</summary>
    public bool HasPooler { get; init; } = true;

    /// <summary>Whether a pooler's dense layer belongs to the model.</summary>
    public virtual bool BringsPooler => HasPooler && Pooling == Pooling.Pooler;

    /// <summary>The standard deviation of new weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether a masked language model decodes with its word embeddings.</summary>
    public bool TiesDecoder { get; init; } = true;

    /// <summary>The [PAD] token, or −1. Its embedding gets no gradient in a model from Hugging Face (PyTorch's padding_idx).</summary>
    public int PaddingId { get; init; }

    /// <summary>The labels in the order of their logits, where config.json has any.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>config.json's problem_type: how a Hugging Face model was trained.</summary>
    public string? ProblemType { get; init; }

    /// <summary>The number of weights of the encoder with its pooler; a double, because a hostile configuration may ask for more than a long can count.</summary>
    public virtual double ParameterCount
    {
        get
        {
            double e = EmbeddingSize, h = HiddenSize, f = IntermediateSize;
            var embeddings = ((double)VocabularySize + FirstPosition + MaxPositions + TypeVocabularySize + 2) * e + (EmbeddingSize == HiddenSize ? 0 : (e + 1) * h);
            var block = 4 * (h + 1) * h + 2 * h * f + f + h + 4 * h;
            return embeddings + Layers * block + (BringsPooler ? (h + 1) * h : 0);
        }
    }

    /// <summary>Multiply-adds times two of the matrix products for one token of a sequence of the given length, forward only.</summary>
    public virtual double FlopsPerToken(int length) =>
        Layers * (8.0 * HiddenSize * HiddenSize + 4.0 * HiddenSize * IntermediateSize + 4.0 * length * HiddenSize)
        + (EmbeddingSize == HiddenSize ? 0 : 2.0 * EmbeddingSize * HiddenSize);
}
