namespace Beret.Data;

/// <summary>
/// A task of the GLUE benchmark (A. Wang et al., "GLUE: A Multi-Task Benchmark and Analysis Platform for Natural Language Understanding", 2019) as its published archive
/// holds it: tables with tabs between the cells, in which a quotation mark is a character like any other.
/// </summary>
public sealed record GlueTask
{
    private static readonly string[] TrueOrFalse = ["0", "1"];
    private static readonly string[] Entailment = ["entailment", "not_entailment"];

    /// <summary>The name by which it is asked for, such as <c>glue/sst2</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The name of its folder and of its archive, such as <c>SST-2</c>.</summary>
    public required string Folder { get; init; }

    /// <summary>What its texts are labelled with.</summary>
    public LabelKind Kind { get; init; } = LabelKind.Class;

    /// <summary>Its labels in the order of GLUE's other implementations; of numbers what they are called.</summary>
    public IReadOnlyList<string> Labels { get; init; } = TrueOrFalse;

    /// <summary>The figures that GLUE judges it by, as keys of an evaluation.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = ["accuracy"];

    /// <summary>The parts to validate on, the first of them unless another is named.</summary>
    public IReadOnlyList<string> Validation { get; init; } = ["dev"];

    /// <summary>The parts without labels, and what the file of a submission for each is called.</summary>
    public IReadOnlyList<(string Split, string File)> Submission { get; init; } = [];

    /// <summary>The name of the column of the text, or of the first of a pair.</summary>
    internal string TextColumn { get; init; } = "sentence";

    internal string? PairColumn { get; init; }

    internal string LabelColumn { get; init; } = "label";

    internal string IndexColumn { get; init; } = "index";

    /// <summary>Whether the files that GLUE's are made from are read where those are not there: MRPC's.</summary>
    internal bool HasOriginal { get; init; }

    /// <summary>The columns of the parts with labels where the files do not name them.</summary>
    internal string[]? UnnamedColumns { get; init; }

    /// <summary>All tasks.</summary>
    public static IReadOnlyList<GlueTask> All { get; } =
    [
        new()
        {
            Name = "glue/cola", Folder = "CoLA", Metrics = ["matthews"], Submission = [("test", "CoLA.tsv")], UnnamedColumns = ["source", "label", "author's label", "sentence"],
        },
        new() { Name = "glue/sst2", Folder = "SST-2", Submission = [("test", "SST-2.tsv")] },
        new()
        {
            Name = "glue/mrpc", Folder = "MRPC", Metrics = ["f1", "accuracy"], Submission = [("test", "MRPC.tsv")],
            TextColumn = "#1 String", PairColumn = "#2 String", LabelColumn = "Quality", HasOriginal = true,
        },
        new()
        {
            Name = "glue/stsb", Folder = "STS-B", Kind = LabelKind.Number, Labels = ["score"], Metrics = ["pearson", "spearman"], Submission = [("test", "STS-B.tsv")],
            TextColumn = "sentence1", PairColumn = "sentence2", LabelColumn = "score",
        },
        new()
        {
            Name = "glue/qqp", Folder = "QQP", Metrics = ["f1", "accuracy"], Submission = [("test", "QQP.tsv")],
            TextColumn = "question1", PairColumn = "question2", LabelColumn = "is_duplicate", IndexColumn = "id",
        },
        new()
        {
            Name = "glue/mnli", Folder = "MNLI", Labels = ["entailment", "neutral", "contradiction"], Validation = ["dev_matched", "dev_mismatched"],
            Submission = [("test_matched", "MNLI-m.tsv"), ("test_mismatched", "MNLI-mm.tsv")],
            TextColumn = "sentence1", PairColumn = "sentence2", LabelColumn = "gold_label",
        },
        new() { Name = "glue/qnli", Folder = "QNLI", Labels = Entailment, Submission = [("test", "QNLI.tsv")], TextColumn = "question", PairColumn = "sentence" },
        new() { Name = "glue/rte", Folder = "RTE", Labels = Entailment, Submission = [("test", "RTE.tsv")], TextColumn = "sentence1", PairColumn = "sentence2" },
        new() { Name = "glue/wnli", Folder = "WNLI", Submission = [("test", "WNLI.tsv")], TextColumn = "sentence1", PairColumn = "sentence2" },
    ];

    /// <summary>The task of a name such as <c>glue/sst2</c>, or null.</summary>
    public static GlueTask? Find(string name) => All.FirstOrDefault(task => task.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
