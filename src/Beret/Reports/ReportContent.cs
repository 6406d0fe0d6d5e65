using Beret.Evaluation;

namespace Beret.Reports;

/// <summary>A name and its value, both as they are to be read.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">Its value.</param>
public sealed record Fact(string Name, string Value);

/// <summary>Facts under a heading.</summary>
/// <param name="Title">The heading: "Model", "Data".</param>
/// <param name="Facts">The facts in the order in which they are shown.</param>
public sealed record FactSection(string Title, IReadOnlyList<Fact> Facts);

/// <summary>An evaluation and what it was made on.</summary>
/// <param name="Name">The split or file: "test".</param>
/// <param name="Result">What was found.</param>
public sealed record NamedEvaluation(string Name, EvaluationResult Result);

/// <summary>One text and what the model says of it.</summary>
/// <param name="Text">The text.</param>
/// <param name="Predicted">The predicted label.</param>
/// <param name="Score">The score as it is printed: of the positive class in a binary task, of the predicted class otherwise.</param>
/// <param name="Actual">The true label, or null where it is not known.</param>
public sealed record SamplePrediction(string Text, string Predicted, double Score, string? Actual = null);

/// <summary>Everything that a report shows. Whatever is empty is left out.</summary>
public sealed record ReportContent
{
    /// <summary>The report's title, such as "imdb, all-MiniLM-L6-v2".</summary>
    public required string Title { get; init; }

    /// <summary>A sentence under the title; null for none.</summary>
    public string? Subtitle { get; init; }

    /// <summary>What was trained on what: sections such as "Model" and "Data".</summary>
    public IReadOnlyList<FactSection> Summary { get; init; } = [];

    /// <summary>The curves; null for none.</summary>
    public TrainingHistory? History { get; init; }

    /// <summary>The evaluations; the first is the one whose figures stand at the top.</summary>
    public IReadOnlyList<NamedEvaluation> Evaluations { get; init; } = [];

    /// <summary>Some texts with their predictions.</summary>
    public IReadOnlyList<SamplePrediction> Samples { get; init; } = [];

    /// <summary>The model's structure.</summary>
    public IReadOnlyList<DiagramNode> Structure { get; init; } = [];

    /// <summary>The recipe's settings.</summary>
    public IReadOnlyList<Fact> Recipe { get; init; } = [];

    /// <summary>The machine and the versions.</summary>
    public IReadOnlyList<Fact> Environment { get; init; } = [];
}
