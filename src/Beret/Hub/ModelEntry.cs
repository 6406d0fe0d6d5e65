namespace Beret.Hub;

/// <summary>How a model's text becomes tokens.</summary>
public enum TextPreprocessing
{
    /// <summary>WordPiece over lower-cased text without accents.</summary>
    UncasedWordPiece,

    /// <summary>WordPiece over the text as it is written.</summary>
    CasedWordPiece,

    /// <summary>Cased WordPiece over the scripts of some hundred languages.</summary>
    MultilingualWordPiece,

    /// <summary>WordPiece over single Chinese characters.</summary>
    ChineseWordPiece,

    /// <summary>A SentencePiece unigram model.</summary>
    SentencePiece,

    /// <summary>Byte pair encoding over bytes.</summary>
    ByteLevelBpe,
}

/// <summary>What was measured of a model: the figures of docs/performance.md and docs/results.md.</summary>
/// <param name="TextsPerSecond">Predicted texts of 128 tokens a second, fp32, on two cores.</param>
/// <param name="TrainedPerSecond">Texts of 128 tokens that fine-tuning takes a second, fp32, on two cores.</param>
/// <param name="ImdbAccuracy">The share of the 25,000 IMDB test reviews that the fine-tuned model labels right, where it was trained.</param>
public sealed record MeasuredModel(double TextsPerSecond, double TrainedPerSecond, double? ImdbAccuracy = null);

/// <summary>A model that is known by name.</summary>
/// <param name="Name">What a user types: a name of the tutorial, or <c>owner/name</c> of Hugging Face.</param>
/// <param name="Source">Whose definition the name stands for; it need not be that of the place where its weights come from.</param>
public sealed record ModelEntry(string Name, ModelSource Source)
{
    /// <summary>The family, such as <c>ALBERT</c>.</summary>
    public required string Family { get; init; }

    /// <summary>The number of blocks, L.</summary>
    public required int Layers { get; init; }

    /// <summary>The size of a token's vector, H.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The number of attention heads, A.</summary>
    public required int Heads { get; init; }

    /// <summary>The number of weights of the encoder, its pooler included.</summary>
    public required long Parameters { get; init; }

    /// <summary>How its text becomes tokens.</summary>
    public required TextPreprocessing Preprocessing { get; init; }

    /// <summary>The licence of the weights, by its SPDX identifier.</summary>
    public required string Licence { get; init; }

    /// <summary>The Hugging Face repository with its weights, <c>owner/name</c>; null where there is none.</summary>
    public string? Repository { get; init; }

    /// <summary>The archive that its authors published: a TensorFlow checkpoint or a SavedModel; null where the repository is the only place.</summary>
    public Uri? Archive { get; init; }

    /// <summary>Its path on TensorFlow Hub without the version, such as <c>tensorflow/small_bert/bert_en_uncased_L-4_H-512_A-8</c>; null where it has none.</summary>
    public string? TensorFlowHub { get; init; }

    /// <summary>Its successor on Kaggle, <c>owner/model/variation</c>; null where it has none.</summary>
    public string? Kaggle { get; init; }

    /// <summary>Whether the library carries it in itself: then it is never downloaded.</summary>
    public bool IsEmbedded => Embedded is not null;

    /// <summary>What was measured of it, or null.</summary>
    public MeasuredModel? Measured { get; init; }

    /// <summary>The size of its weights in bytes, 4 for each; its download is about as large.</summary>
    public long Bytes => 4 * Parameters;

    /// <summary>The name without its first part where that is an owner's: a name that is known too.</summary>
    public string ShortName => Source == ModelSource.HuggingFace && !IsEmbedded ? Name[(Name.LastIndexOf('/') + 1)..] : Name;

    /// <summary>Where the library has it, if it carries it.</summary>
    internal EmbeddedModel? Embedded { get; init; }
}
