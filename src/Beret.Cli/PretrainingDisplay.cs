using System.Globalization;
using Beret.Numerics;
using Beret.Pretraining;
using Beret.Training;

namespace Beret.Cli;

/// <summary>Shows a pre-training run: what was read, the model, a line of progress, and a line at each judgement.</summary>
internal sealed class PretrainingDisplay(Terminal terminal, bool quiet) : PretrainingCallbacks
{
    private readonly Progress progress = new(terminal);
    private PretrainingPlan? plan;

    public override void Tokenizing(CorpusProgress state) =>
        progress.Show(() => string.Create(CultureInfo.InvariantCulture, $"tokenizing: {state.Texts:n0} texts, {state.Tokens:n0} tokens"));

    public override void Starting(PretrainingPlan plan)
    {
        this.plan = plan;
        progress.Clear();
        if (quiet)
        {
            return;
        }

        Line($"Texts     : {plan.Texts:n0} with {plan.Tokens + plan.HeldOutTokens:n0} tokens, {plan.Sequences:n0} sequences of at most {plan.Recipe.MaxLength}");
        Line($"Held out  : {(plan.HeldOutTokens == 0 ? "nothing" : $"{plan.HeldOutTokens.ToString("n0", CultureInfo.InvariantCulture)} tokens")}");
        Line($"Model     : {plan.Model}: {plan.Architecture}");
        Line($"New layers: {(plan.NewLayers is null ? "all, from random weights" : plan.NewLayers.Count == 0 ? "none, the model's own head goes on" : string.Join(", ", plan.NewLayers))}");
        Line($"Vocabulary: {plan.Vocabulary}");
        Line($"Parameters: {plan.Parameters:n0}");
        Line($"Memory    : weights {plan.Memory.Weights / 1e6:n0} MB, gradients {plan.Memory.Gradients / 1e6:n0}, moments {plan.Memory.Moments / 1e6:n0}, activations {plan.Memory.Activations / 1e6:n0}");
        Line($"Precision : {plan.Recipe.Precision.Format()}{(Precisions.HasInstruction(plan.Recipe.Precision) ? "" : ", without an instruction of this processor for it: the same numbers, no faster than fp32")}");
        Line($"Masks     : {plan.Recipe.Mask:p0} of the {(plan.Recipe.WholeWord ? "words" : "tokens")}{(plan.Recipe.Objective == PretrainingObjective.ReplacedTokens ? ", which the generator replaces" : "")}");
        if (plan.Teacher is { } teacher)
        {
            Line($"Teacher   : {teacher}{(plan.TeacherBytes == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; its states are kept in a file of {plan.TeacherBytes / 1e9:n1} GB until the run ends"))}");
        }

        Line($"Steps     : {plan.Steps:n0} of {(plan.Recipe.BatchSize > 0 ? $"{plan.Recipe.BatchSize} sequences" : $"{plan.Recipe.BatchTokens} tokens")}, on {plan.Recipe.ThreadCount} threads");
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
            $"step {now.Step}/{plan!.Steps} loss {now.Loss:f4} accuracy {now.Accuracy:f4}{Teacher(now.TeacherLoss)} lr {now.LearningRate:0.00e+0} {now.TokensPerSecond:n0} tokens/s {Progress.Time(now.TimeLeft)} left"));
    }

    public override void Validating(int done, int total) =>
        progress.Show(() => string.Create(CultureInfo.InvariantCulture, $"judging: {done}/{total} held-out sequences"));

    public override void Reached(TrainingPoint point)
    {
        progress.Clear();
        if (quiet)
        {
            return;
        }

        var heldOut = point.ValidationLoss is { } loss && point.ValidationAccuracy is { } accuracy
            ? string.Create(CultureInfo.InvariantCulture, $" - held out: loss {loss:f4}{(plan!.Recipe.Objective == PretrainingObjective.MaskedTokens ? string.Create(CultureInfo.InvariantCulture, $", perplexity {Math.Exp(loss):f2}") : "")}, accuracy {accuracy:f4}") : "";
        Line($"step {point.Step}: {point.Seconds:f0} s - loss {point.Loss:f4} - accuracy {point.Accuracy:f4}{Teacher(point.TeacherLoss)}{heldOut}");
        terminal.Output.Flush();
    }

    public override void Noticed(string message)
    {
        progress.Clear();
        terminal.Say(message);
    }

    /// <summary>Where everything is, and what comes next.</summary>
    public void Finish(PretrainingSummary summary)
    {
        progress.Clear();
        if (summary.IsInterrupted)
        {
            return;
        }

        Line($"");
        Line($"Model, pretraining.json and log.jsonl are in {summary.Folder}");
        Line($"Fine-tune it: beret train DATA --model {CommonOptions.Quote(summary.Folder)} --output runs/classifier");
    }

    private static string Teacher(double? loss) => loss is { } difference ? string.Create(CultureInfo.InvariantCulture, $" teacher {difference:f4}") : "";

    private void Line(FormattableString text) => terminal.Output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
