using System.Globalization;
using Beret.Data.Files;

namespace Beret.Data;

/// <summary>The folder or the zip archive of a GLUE task as it is published: training, validation and test texts in files of their own.</summary>
public sealed class GlueSource : DataSource
{
    private const string OriginalTrain = "msr_paraphrase_train.txt";
    private const string OriginalTest = "msr_paraphrase_test.txt";

    private readonly DataOptions options;
    private readonly GlueFiles files;

    internal GlueSource(string path, GlueTask task, DataOptions options) : base(path)
    {
        Task = task;
        this.options = options;
        files = new GlueFiles(path, task.Folder);
        if (FileOf(Train) is null)
        {
            throw new DataException($"{Shown.Path(path)} has no {FileName(Train)}: is it the folder or the zip archive of {task.Folder}, as GLUE publishes it?");
        }
    }

    /// <summary>Which task it is.</summary>
    public GlueTask Task { get; }

    /// <inheritdoc/>
    public override string? ValidationSplit => Splits().FirstOrDefault(Task.Validation.Contains);

    /// <inheritdoc/>
    public override string EvaluationSplit => ValidationSplit ?? Test;

    /// <summary>The task whose folder, with its training texts, lies at a path; null where it is none.</summary>
    internal static GlueTask? Recognize(string path) =>
        Directory.Exists(path) && GlueTask.All.FirstOrDefault(task => task.Folder == Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)))) is { } task
            && (File.Exists(Path.Combine(path, FileName(Train))) || File.Exists(Path.Combine(path, OriginalTrain)))
            ? task
            : null;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Splits(CancellationToken cancellationToken = default) =>
        [.. ((string[])[Train, .. Task.Validation, .. Task.Submission.Select(part => part.Split)]).Where(split => FileOf(split) is not null)];

    /// <inheritdoc/>
    public override IReadOnlyList<LabelledTexts> Load(IReadOnlyList<string> splits, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(splits);
        return [.. splits.Select(split => Labelled(split == "dev" ? Task.Validation[0] : split, cancellationToken))];
    }

    /// <summary>The texts of a part without labels, in order.</summary>
    /// <param name="split">One of <see cref="GlueTask.Submission"/>.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="DataException">The part is not there, or a row of it cannot be read: a submission needs an answer for each.</exception>
    public IReadOnlyList<GlueText> Unlabelled(string split, CancellationToken cancellationToken = default)
    {
        var (file, rows) = Rows(split, cancellationToken);
        var names = rows[0].Cells;
        var (text, pair, index) = (Required(names, Task.TextColumn, file), Pair(names, file), Array.IndexOf(names, Task.IndexColumn));
        return [.. rows.Skip(1).Select((row, number) => FaultOf(row, text, pair) is { } fault
            ? throw new DataException($"{file}, line {row.Line}: {fault}")
            : new GlueText(index >= 0 ? row.Cells[index]! : number.ToString(CultureInfo.InvariantCulture), row.Cells[text]!, pair is { } second ? row.Cells[second] : null))];
    }

    private LabelledTexts Labelled(string split, CancellationToken cancellation)
    {
        var (file, rows) = Rows(split, cancellation);
        var unnamed = Task.Submission.Any(part => part.Split == split) ? null : Task.UnnamedColumns;
        var names = unnamed ?? rows[0].Cells;
        var (text, pair) = (Required(names, Task.TextColumn, file), Pair(names, file));
        var label = Array.IndexOf(names, Task.LabelColumn);
        if (label < 0)
        {
            throw new DataException($"{file} has no labels: GLUE does not publish those of its test texts. Evaluate on {string.Join(" or ", Task.Validation)} (--split), or write a submission (beret predict --submission).");
        }

        var numbers = Task.Labels.Index().ToDictionary(one => one.Item, one => one.Index, StringComparer.Ordinal);
        var (examples, bad) = (new List<Example>(rows.Count), new List<(long Line, string What)>());
        foreach (var row in rows.Skip(unnamed is null ? 1 : 0))
        {
            var cell = label < row.Cells.Length ? row.Cells[label]?.Trim() ?? "" : "";
            var value = LabelledTexts.Number(cell);
            var number = Task.Kind == LabelKind.Class ? numbers.GetValueOrDefault(cell, -1) : -1;
            var fault = FaultOf(row, text, pair) ?? ((Task.Kind == LabelKind.Class ? number >= 0 : value is not null) ? null
                : cell.Length == 0 ? "it has no label"
                : cell == "-" ? "its judges did not agree on a label"
                : $"its label `{Shown.Path(cell)}` is {(Task.Kind == LabelKind.Class ? $"none of {string.Join(", ", Task.Labels)}" : "no number")}");
            if (fault is null)
            {
                examples.Add(new Example(
                    row.Cells[text]!, pair is { } second ? row.Cells[second] : null, number, string.Create(CultureInfo.InvariantCulture, $"{split}, line {row.Line}"))
                {
                    Value = Task.Kind == LabelKind.Number ? value!.Value : 0,
                });
            }
            else
            {
                bad.Add((row.Line, fault));
            }
        }

        // The published files have such rows, QQP some and MNLI those whose judges disagree: everybody leaves them out.
        IReadOnlyList<string> notes = bad.Count == 0 ? []
            : [$"{file}: {Shown.Count(bad.Count, "row")} left out: {string.Join("; ", bad.Take(5).Select(row => $"line {row.Line}: {row.What}"))}{(bad.Count > 5 ? "; and more" : "")}."];
        return examples.Count > 0 ? new LabelledTexts(Task.Labels, examples, Origin, notes, Task.Kind) : throw new DataException($"{file}: no row is left. {string.Join(" ", notes)}");
    }

    private static string? FaultOf(TableRow row, int text, int? pair) =>
        row.Fault ?? (Math.Max(text, pair ?? 0) >= row.Cells.Length ? $"it has {Shown.Count(row.Cells.Length, "cell")} only" : null);

    private (string File, List<TableRow> Rows) Rows(string split, CancellationToken cancellation)
    {
        if (!Splits(cancellation).Contains(split))
        {
            throw new DataException($"{Origin} has no split `{Shown.Path(split)}`; it has {string.Join(", ", Splits(cancellation).Select(name => $"`{name}`"))}.");
        }

        var name = FileOf(split)!;
        var rows = new List<TableRow>();
        long characters = 0;
        foreach (var row in files.Rows(name, options))
        {
            cancellation.ThrowIfCancellationRequested();
            rows.Add(row);
            characters += row.Cells.Sum(cell => (long)(cell?.Length ?? 0) + 8);
            if (characters > options.MaxTotalBytes / sizeof(char))
            {
                throw new DataException($"{name} in {Origin} holds more than {Shown.Bytes(options.MaxTotalBytes)} of text, the most that is read.");
            }
        }

        return rows.Count > 0 ? ($"{Origin}/{name}", rows) : throw new DataException($"{name} in {Origin} is empty.");
    }

    /// <summary>The file of a part; null where there is none. Of MRPC the files that Microsoft published are taken where GLUE's, which are made from them, are not there.</summary>
    private string? FileOf(string split) =>
        files.Has(FileName(split)) ? FileName(split)
        : !Task.HasOriginal ? null
        : split == Train && files.Has(OriginalTrain) ? OriginalTrain
        : split != Train && files.Has(OriginalTest) ? OriginalTest
        : null;

    private static string FileName(string split) => $"{split}.tsv";

    private int? Pair(string?[] names, string file) => Task.PairColumn is { } pair ? Required(names, pair, file) : null;

    private static int Required(string?[] names, string name, string file) =>
        Array.IndexOf(names, name) is >= 0 and var column ? column
        : throw new DataException($"{file} has no column `{name}`; its columns are {string.Join(", ", names.Select(cell => $"`{Shown.Path(cell ?? "")}`"))}. Is it the file that GLUE publishes?");
}
