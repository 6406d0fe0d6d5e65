using System.Globalization;
using Beret.Data;
using Beret.Numerics;
using Beret.Reports;
using Beret.Tasks;
using Beret.Text;
using Beret.Training;

namespace Beret.Cli;

/// <summary>Shows a run as the tutorial's notebook does: what was found, three samples, the model, a line of progress, a line an epoch, the curves.</summary>
internal sealed class TrainingDisplay(Terminal terminal, TrainingJob job, bool quiet) : TrainingCallbacks
{
    private const int LongestSample = 300;

    private readonly Progress progress = new(terminal);
    private TrainingPlan? plan;

    public override void Preparing(string what) => progress.Show(() => what);

    public override void Surveyed(LengthSurvey survey)
    {
        progress.Clear();
        if (quiet)
        {
            terminal.Say(LengthTable.Taken(survey));
            return;
        }

        terminal.Output.Write(LengthTable.Render(survey, job.Recipe.Truncation));
        terminal.Output.Flush();
    }

    public override void Starting(TrainingPlan plan)
    {
        this.plan = plan;
        progress.Clear();
        if (quiet)
        {
            return;
        }

        var all = plan.Training.Examples.Count + (job.Validation is null ? plan.Validation?.Examples.Count ?? 0 : 0);
        Line($"Found {all} texts {Labels(plan)}.");
        Line($"Using {plan.Training.Examples.Count} texts for training ({plan.Training.Distribution()}){(plan.Unlabelled > 0 ? $", and {plan.Unlabelled} without labels" : "")}.");
        if (plan.Validation is not null)
        {
            Line($"Using {plan.Validation.Examples.Count} texts for validation ({plan.Validation.Distribution()}).");
        }

        if (plan.Validation is not null && job.Validation is null)
        {
            Line($"Split {Split(plan)} (seed {plan.Recipe.Seed}).");
        }

        if (plan.Teacher is not null)
        {
            Line($"The teacher is {plan.Teacher}{(plan.TeacherEvaluation?.Headline is { } figure ? $", validation {figure.Key} {figure.Estimate.Value.ToString("f4", CultureInfo.InvariantCulture)}" : "")}; temperature {plan.Recipe.Temperature}, alpha {plan.Recipe.Alpha}.");
            if (plan.Guidance is { } states)
            {
                Line($"Held to it as well: {states}.");
            }
        }

        Line($"");
        foreach (var sample in plan.Samples)
        {
            Line($"Text : {Short(sample.Text)}");
            Line($"Label: {(plan.Training.Kind == LabelKind.Class ? $"{sample.Label} ({plan.Labels[sample.Label]})" : plan.Training.LabelOf(sample))}");
        }

        Line($"");
        Line($"Encoder      : {plan.Model}: {plan.Architecture}");
        Line($"New layers   : {(plan.NewLayers.Count == 0 ? "none, the model's own classifier is trained further" : string.Join(", ", plan.NewLayers))}{(plan.ReplacedLabels is { } before ? $" (a new classifier: the model's own is for {string.Join(", ", before.Take(10))}{(before.Count > 10 ? ", …" : "")})" : "")}");
        Line($"Preprocessing: {plan.Preprocessing}");
        Line($"Texts        : {plan.MeanTokens:f1} tokens on average{(plan.Recipe.Truncation == Truncation.Windows ? Windows(plan) : $", {plan.CutShare.ToString("p1", CultureInfo.InvariantCulture)} are longer and cut")}");
        Line($"Parameters   : {plan.Parameters:n0}{(plan.FrozenParameters > 0 ? string.Create(CultureInfo.InvariantCulture, $", and {plan.FrozenParameters:n0} that keep their values") : "")}");
        Line($"Memory       : {plan.ProcessPeak / 1e6:n0} MB at the peak; weights {plan.Memory.Weights / 1e6:n0}, gradients {plan.Memory.Gradients / 1e6:n0}, moments {plan.Memory.Moments / 1e6:n0}, activations {plan.Memory.Activations / 1e6:n0}{(plan.Memory.Teacher > 0 ? $", teacher {(plan.Memory.Teacher / 1e6).ToString("n0", CultureInfo.InvariantCulture)}" : "")}");
        Line($"Precision    : {plan.Recipe.Precision.Format()}{(Precisions.HasInstruction(plan.Recipe.Precision) ? "" : ", without an instruction of this processor for it: the same numbers, no faster than fp32")}");
        Line($"Steps        : {plan.Steps} ({plan.Epochs} epochs of {plan.StepsPerEpoch}), about {Progress.Time(plan.ExpectedTime)} on {plan.Recipe.ThreadCount} threads");
        Line($"Untrained    : {string.Join(", ", plan.UntrainedLogits.Select(logit => logit.ToString("f4", CultureInfo.InvariantCulture)))} (the output for the first text: meaningless, the model has not been trained yet)");
        if (plan.StepsDone > 0)
        {
            Line($"Going on after step {plan.StepsDone}.");
        }

        Line($"");
        terminal.Output.Flush();
    }

    public override void Stepped(in TrainingProgress state)
    {
        var now = state;
        progress.Show(() => string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {now.Epoch}/{plan!.Epochs} step {now.StepInEpoch}/{Math.Min(plan.StepsPerEpoch, plan.Steps - (now.Epoch - 1) * plan.StepsPerEpoch)} loss {now.Loss:f4}{(double.IsNaN(now.Accuracy) ? "" : string.Create(CultureInfo.InvariantCulture, $" accuracy {now.Accuracy:f4}"))} lr {now.LearningRate:0.00e+0} {now.TextsPerSecond:f1} texts/s {Progress.Time(now.TimeLeft)} left"));
    }

    public override void Validating(int done, int total) =>
        progress.Show(() => string.Create(CultureInfo.InvariantCulture, $"validating: {done}/{total} texts"));

    public override void Reached(TrainingPoint point, bool isKept)
    {
        progress.Clear();
        if (!quiet)
        {
            Line($"{(point.EndsEpoch ? $"epoch {point.Epoch}/{plan!.Epochs}" : $"step {point.Step}")}: {point.Seconds:f0} s - loss: {point.Loss:f4}{Parts(point)}{Accuracy(point)}{Validation(point)}{Agreement(point)}{(isKept ? "  (kept)" : "")}");
            terminal.Output.Flush();
        }
    }

    public override void Noticed(string message)
    {
        progress.Clear();
        terminal.Say(message);
    }

    public override void Saving(string folder, TrainingSummary summary) => RunReport.Write(folder, summary);

    /// <summary>Takes the line of progress away.</summary>
    public void Clear() => progress.Clear();

    /// <summary>The curves, the figures, and where everything is.</summary>
    public void Finish(TrainingSummary summary)
    {
        progress.Clear();
        if (summary.IsInterrupted)
        {
            return;
        }

        if (summary.StoppedEarly)
        {
            Line($"Stopped early: the last {plan!.Recipe.EarlyStopping} validations brought no improvement.");
        }

        ShowCurves(summary);
        if (summary.Validation is not null)
        {
            Line($"");
            Line($"The kept model (epoch {summary.Kept!.Epoch}, step {summary.Kept.Step}) on the validation texts:");
            terminal.Output.Write(summary.Validation.ToTable());
        }

        if (summary.Test is not null)
        {
            Line($"");
            Line($"The same model on the test texts ({job.Test!.Origin}):");
            terminal.Output.Write(summary.Test.ToTable());
        }

        Line($"");
        Line($"Model, report.html, curves.svg, metrics.json and log.jsonl are in {summary.Folder}");
        Line($"Try it: echo \"this is such an amazing movie!\" | beret predict {summary.Folder}");
    }

    /// <summary>The curves.</summary>
    public void ShowCurves(TrainingSummary summary)
    {
        progress.Clear();
        if (summary.Points.Count > 0)
        {
            Line($"");
            terminal.Output.Write(TerminalChart.Render(RunReport.History(summary), new TerminalChartOptions { Color = terminal.HasColor }));
        }
    }

    private static string Split(TrainingPlan plan) => plan.Recipe.Split switch
    {
        SplitMethod.Stratified => plan.Training.Kind switch
        {
            LabelKind.Number => "stratified, every tenth of the numbers in both parts",
            LabelKind.Set => "stratified, every set of labels in both parts",
            _ => "stratified, every label in both parts",
        },
        SplitMethod.Grouped => $"grouped, {Groups(plan.Training)} groups for training and {Groups(plan.Validation!)} others for validation",
        _ => "as in the tutorial",
    };

    private static int Groups(LabelledTexts texts) => texts.Examples.Select(text => text.Group).Distinct().Count();

    private static string Windows(TrainingPlan plan) => string.Create(
        CultureInfo.InvariantCulture, $" in {plan.MeanWindows:f2} windows, {plan.CutShare:p1} have more than {plan.Recipe.MaxWindows}, of which training reads so many");

    private static string Labels(TrainingPlan plan) => plan.Task switch
    {
        TaskNames.MultiLabel => $"with any of {plan.Labels.Count} labels (multi-label): {string.Join(", ", plan.Labels)}",
        TaskNames.Regression => $"with a number each (regression): {plan.Labels[0]}",
        _ => $"belonging to {plan.Labels.Count} classes ({plan.Task}): {string.Join(", ", plan.Labels)}",
    };

    private static string Accuracy(TrainingPoint point) =>
        double.IsNaN(point.Accuracy) ? "" : string.Create(CultureInfo.InvariantCulture, $" - accuracy: {point.Accuracy:f4}");

    private string Validation(TrainingPoint point) => point.ValidationLoss is { } loss
        ? string.Create(CultureInfo.InvariantCulture, $" - val_loss: {loss:f4} - val_{plan!.Headline}: {point.ValidationAccuracy ?? double.NaN:f4}{Chosen(point)}") : "";

    /// <summary>What the kept model is chosen by, where that is not shown anyway.</summary>
    private string Chosen(TrainingPoint point) => plan!.ChosenFigure is { } key
        ? string.Create(CultureInfo.InvariantCulture, $" - val_{key}: {point.Figure ?? double.NaN:f4}") : "";

    private static string Agreement(TrainingPoint point) =>
        point.Agreement is { } agreement ? string.Create(CultureInfo.InvariantCulture, $" - as the teacher: {agreement:f4}") : "";

    private static string Parts(TrainingPoint point) => point.Parts is not { } parts ? ""
        : string.Create(CultureInfo.InvariantCulture, $" (logits {parts.Logits:f4}{(parts.Relations is { } relations ? $", relations {relations:f4}" : "")}{(parts.Hidden is { } hidden ? $", hidden {hidden:f4}" : "")})");

    /// <summary>One line of a text, without what a terminal would obey.</summary>
    private static string Short(string text)
    {
        var line = string.Concat(text.Take(LongestSample).Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length > LongestSample ? line + "…" : line;
    }

    private void Line(FormattableString text) => terminal.Output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
