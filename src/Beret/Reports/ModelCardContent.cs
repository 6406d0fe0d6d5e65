namespace Beret.Reports;

/// <summary>Everything that a model card says. Whatever is empty or null is left out, or left to its reader where the card needs it.</summary>
public sealed record ModelCardContent
{
    /// <summary>The model's name: "imdb-minilm".</summary>
    public required string Name { get; init; }

    /// <summary>The classes in the model's order; for a binary task the negative and the positive one; empty for a task without classes.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>The kind of task: <c>binary</c>, <c>multi-class</c>.</summary>
    public required string Task { get; init; }

    /// <summary>The encoder that was fine-tuned, as it is known: "sentence-transformers/all-MiniLM-L6-v2".</summary>
    public string? BaseModel { get; init; }

    /// <summary>The name of the training data: "imdb".</summary>
    public string? Dataset { get; init; }

    /// <summary>ISO 639 code of the texts' language, where the user gave one.</summary>
    public string? Language { get; init; }

    /// <summary>The licence's identifier. Only the user can know it: null leaves a place for it.</summary>
    public string? License { get; init; }

    /// <summary>The most tokens of a text that the model reads.</summary>
    public required int MaxLength { get; init; }

    /// <summary>What becomes of the rest of a longer text: "head", "tail", "head+tail", "windows".</summary>
    public string Truncation { get; init; } = "head";

    /// <summary>The class of Hugging Face transformers that loads the folder: "BertForSequenceClassification".</summary>
    public string? TransformersClass { get; init; }

    /// <summary>More about the model and the data.</summary>
    public IReadOnlyList<FactSection> Summary { get; init; } = [];

    /// <summary>The evaluations, the most telling first.</summary>
    public IReadOnlyList<NamedEvaluation> Evaluations { get; init; } = [];

    /// <summary>The recipe's settings.</summary>
    public IReadOnlyList<Fact> Recipe { get; init; } = [];

    /// <summary>Some texts with the model's answer.</summary>
    public IReadOnlyList<SamplePrediction> Samples { get; init; } = [];
}
