using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Beret.Data;
using Beret.Evaluation;
using Beret.Inference;
using Beret.Numerics;
using Beret.Text;
using Beret.Training;

namespace Beret.Reports;

/// <summary>The files that tell of a run, beside its model: curves.svg, report.html, metrics.json, with test texts test_metrics.json, and README.md (the model card).</summary>
public static class RunReport
{
    /// <summary>Writes the files into a folder.</summary>
    /// <param name="folder">The model folder, or the temporary one that will take its place.</param>
    /// <param name="summary">The run so far.</param>
    /// <param name="samples">Some texts with what the model says of them; null for none.</param>
    public static void Write(string folder, TrainingSummary summary, IReadOnlyList<SamplePrediction>? samples = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(summary);
        var history = History(summary);
        Save(folder, "curves.svg", CurvesSvg.Render(history));
        Save(folder, "report.html", HtmlReport.Render(Content(summary, history, samples ?? [])));
        Save(folder, "README.md", ModelCard.Render(Card(summary)));
        if (summary.Validation is not null)
        {
            Save(folder, "metrics.json", summary.Validation.ToJson() + "\n");
        }

        if (summary.Test is not null)
        {
            Save(folder, TrainingSummary.TestMetricsFile, summary.Test.ToJson() + "\n");
        }
    }

    /// <summary>The run's curves: its epochs and validations, and the steps that log.jsonl in the run's folder tells of.</summary>
    public static TrainingHistory History(TrainingSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        return new TrainingHistory
        {
            StepsPerEpoch = summary.Plan.StepsPerEpoch,
            Epochs = [.. summary.Points.Where(p => p.EndsEpoch).Select(p =>
                new EpochRecord(p.Epoch, p.Step, p.Loss, p.Accuracy, p.ValidationLoss, p.ValidationAccuracy, p.Seconds))],
            Validations = [.. summary.Points.Where(p => p.ValidationLoss is not null).Select(p =>
                new ValidationRecord(p.Step, p.ValidationLoss!.Value, p.ValidationAccuracy ?? double.NaN))],
            MetricName = summary.Plan.Headline switch { "f1_micro" => "F1", "pearson" => "correlation", var key => key },
            Steps = Steps(Path.Combine(summary.Folder, "log.jsonl")),
        };
    }

    private static void Save(string folder, string name, string text) =>
        File.WriteAllText(Path.Combine(folder, name), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

    private static List<StepRecord> Steps(string path)
    {
        var steps = new List<StepRecord>();
        if (!File.Exists(path))
        {
            return steps;
        }

        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line)
        {
            using var document = JsonDocument.Parse(line);
            var entry = document.RootElement;
            if (entry.GetProperty("event").GetString() == "step")
            {
                steps.Add(new StepRecord(
                    entry.GetProperty("step").GetInt32(), entry.GetProperty("loss").GetDouble(), null, entry.GetProperty("learning_rate").GetDouble()));
            }
        }

        return steps;
    }

    private static ReportContent Content(TrainingSummary summary, TrainingHistory history, IReadOnlyList<SamplePrediction> samples)
    {
        var plan = summary.Plan;
        return new ReportContent
        {
            Title = $"{plan.Model} fine-tuned on {plan.Training.Origin}",
            Subtitle = summary.Kept is { } kept ? $"the model after epoch {kept.Epoch}, step {Count(kept.Step)} of {Count(plan.Steps)}" : null,
            Summary =
            [
                new FactSection("Model",
                [
                    new Fact("Encoder", plan.Model), new Fact("Architecture", plan.Architecture), new Fact("Preprocessing", plan.Preprocessing),
                    new Fact("Parameters", Count(plan.Parameters)), new Fact("Task", $"{plan.Task}: {string.Join(", ", plan.Labels)}"),
                    .. Teacher(summary),
                ]),
                new FactSection("Data",
                [
                    new Fact("Source", plan.Training.Origin), new Fact("Training texts", Texts(plan.Training)),
                    .. plan.Unlabelled > 0 ? [new Fact("Texts without labels", Count(plan.Unlabelled))] : Array.Empty<Fact>(),
                    new Fact("Validation texts", plan.Validation is null ? "none" : Texts(plan.Validation)),
                    new Fact("Tokens of a text", $"{plan.MeanTokens.ToString("f1", CultureInfo.InvariantCulture)} on average, "
                        + $"{(100 * plan.CutShare).ToString("f1", CultureInfo.InvariantCulture)}% of the texts were cut"),
                    .. plan.Recipe.Truncation == Truncation.Windows
                        ? [new Fact("Windows of a text", plan.MeanWindows.ToString("f2", CultureInfo.InvariantCulture) + " on average")] : Array.Empty<Fact>(),
                ]),
                new FactSection("Run",
                [
                    new Fact("Steps", $"{Count(summary.Steps)}{(summary.StoppedEarly ? ", stopped early" : "")}"),
                    new Fact("Time", TimeSpan.FromSeconds(Math.Round(summary.Seconds)).ToString("c", CultureInfo.InvariantCulture)),
                ]),
            ],
            History = summary.Points.Count > 0 ? history : null,
            Evaluations = Evaluations(summary),
            Samples = samples,
            Structure = ModelStructure.Of(plan),
            Recipe = Recipe(plan),
            Environment =
            [
                new Fact("Beret", ModelDescription.ThisVersion), new Fact(".NET", RuntimeInformation.FrameworkDescription),
                new Fact("System", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
                new Fact("Processors", $"{Environment.ProcessorCount}, {plan.Recipe.ThreadCount} in use"),
                new Fact("Instructions", InstructionSets.Name(InstructionSets.Chosen())),
            ],
        };
    }

    private static ModelCardContent Card(TrainingSummary summary)
    {
        var plan = summary.Plan;
        return new ModelCardContent
        {
            Name = Path.GetFileName(Path.GetFullPath(summary.Folder)),
            Labels = plan.Labels,
            Task = plan.Task,
            BaseModel = plan.Model,
            Dataset = plan.Training.Origin,
            MaxLength = plan.Recipe.MaxLength,
            Truncation = plan.Recipe.Truncation.Format(),
            TransformersClass = "BertForSequenceClassification",
            Summary = plan.Teacher is null ? [] : [new FactSection("Teacher", [.. Teacher(summary)])],
            Evaluations = Evaluations(summary),
            Recipe = Recipe(plan),
        };
    }

    private static IReadOnlyList<NamedEvaluation> Evaluations(TrainingSummary summary) =>
    [
        .. summary.Test is { } test ? [new NamedEvaluation("Test", test)] : Array.Empty<NamedEvaluation>(),
        .. summary.Validation is { } validation ? [new NamedEvaluation("Validation", validation)] : Array.Empty<NamedEvaluation>(),
    ];

    private static List<Fact> Recipe(TrainingPlan plan) =>
        [.. RecipeOption.Of(plan).Select(option => new Fact(option.Name, option.Get(plan.Recipe) is { Length: > 0 } value ? value : option.Unset))];

    private static IEnumerable<Fact> Teacher(TrainingSummary summary)
    {
        if (summary.Plan.Teacher is not { } name)
        {
            yield break;
        }

        yield return new Fact("Teacher", name);
        if (summary.Plan.TeacherEvaluation?.Headline is { } figure)
        {
            yield return new Fact($"Teacher's validation {figure.Key}", EvaluationResult.Figure(figure.Estimate.Value));
        }

        if (summary.Kept?.Agreement is { } agreement)
        {
            yield return new Fact("Decides as its teacher", $"{(100 * agreement).ToString("f2", CultureInfo.InvariantCulture)}% of the validation texts");
        }
    }

    private static string Texts(LabelledTexts texts) =>
        $"{Count(texts.Examples.Count)} ({texts.Distribution()})";

    private static string Count(long value) => value.ToString("n0", CultureInfo.InvariantCulture);
}
