using System.Text.Json;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Tasks;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pipelines;

/// <summary>
/// The same training several times: with several seeds, to see how much of a figure is chance, or in cross-validation, to judge on all texts. Each run has a folder of its own with
/// everything that a single run leaves. What was interrupted goes on in the run under way.
/// </summary>
public sealed class RepeatedTrainer
{
    private readonly RepeatedJob job;
    private readonly RepeatedCallbacks callbacks;
    private readonly LabelledTexts data;

    /// <summary>Creates a trainer for some runs.</summary>
    /// <param name="job">What to work on.</param>
    /// <param name="callbacks">Is told what happens; may be null.</param>
    /// <exception cref="BeretException">There are too few runs, or nothing to judge them on.</exception>
    public RepeatedTrainer(RepeatedJob job, RepeatedCallbacks? callbacks = null)
    {
        ArgumentNullException.ThrowIfNull(job);
        var run = job.Run;
        if (job.Count < 2)
        {
            throw new PipelineException($"there is nothing to compare in {job.Count} run: {(job.Kind == RepeatKind.Seeds ? "--seeds" : "--folds")} is at least 2");
        }

        if (job.Kind == RepeatKind.Seeds && run.Recipe.Seed > int.MaxValue - job.Count)
        {
            throw new PipelineException($"the seeds count up from --seed {run.Recipe.Seed}, and there is none above {int.MaxValue}");
        }

        if (job.Kind == RepeatKind.Seeds && run.Validation is null && run.Test is null && run.Recipe.ValidationSplit == 0)
        {
            throw new PipelineException("runs are compared on validation texts: give some (--validation), or a part of the others (--validation-split)");
        }

        if (job.Kind == RepeatKind.Folds && run.Test is not null)
        {
            throw new PipelineException("in cross-validation each fold is the test texts of a run: there can be no others");
        }

        // What auto means is decided once, here, as a single run does.
        this.job = job with { Run = run with { Recipe = run.Recipe with { Precision = run.Recipe.Precision.Resolve() } } };
        this.callbacks = callbacks ?? new Silent();
        data = run.Data.As(TaskNames.KindOf(run.Recipe.Task) ?? run.Data.Kind);
    }

    /// <summary>Goes through the runs, until all are done or it is cancelled.</summary>
    /// <exception cref="BeretException">Something about model, texts, recipe or folder is wrong.</exception>
    public RepeatedSummary Run(CancellationToken cancellation = default)
    {
        using var claim = OutputClaim.Take(job.Output);
        var recipe = job.Run.Recipe;
        var folds = job.Kind != RepeatKind.Folds ? []
            : recipe.Split == SplitMethod.Grouped ? GroupedFolds.Of(data, job.Count, recipe.Seed)
            : StratifiedFolds.Of(data, job.Count, recipe.Seed);
        var state = Open();
        state.Write(job.Output);
        var answers = folds.Length == 0 ? null
            : state.Results.Count == 0 ? OutOfFold.Begin(job.Output, data, folds)
            : OutOfFold.GoOn(job.Output, data, folds, state.Results.Count);
        var seeds = answers is null ? RunTexts.Split(data, job.Run.Validation, job.Run.Recipe) : default;
        for (var i = 0; i < job.Count; i++)
        {
            var name = job.NameOf(i);
            if (i < state.Results.Count)
            {
                callbacks.Finished(state.Results[i]);
                continue;
            }

            callbacks.Starting(name, i + 1, job.Count, job.FolderOf(name));
            var run = answers is null
                ? job.Run with { Data = seeds.Training, Validation = seeds.Validation, Recipe = job.Run.Recipe with { Seed = job.Run.Recipe.Seed + i } }
                : job.Run with { Data = data.Subset(answers.TextsBeside(i)), Test = data.Subset(answers.TextsOf(i)) };
            // The command asks for all runs, and so for none of them by itself.
            var repeats = job.Repeats is { } before ? RunRecord.Read(Path.Combine(before, name)) : null;
            if (Go(run with { Output = job.FolderOf(name), Command = null, Repeats = repeats }, cancellation) is not { } summary)
            {
                return new RepeatedSummary(job.Kind, state.Results, null, null, IsInterrupted: true);
            }

            answers?.Add(i, summary.TestLogits, TaskOf(name));
            state = state with { Results = [.. state.Results, RepeatedResult.Of(name, summary)] };
            state.Write(job.Output);
            callbacks.Finished(state.Results[i]);
        }

        var all = new RepeatedSummary(job.Kind, state.Results, answers?.Evaluate(TaskOf(job.NameOf(0))), answers is null ? Best(state.Results) : null, IsInterrupted: false);
        AtomicFile.Write(
            Path.Combine(job.Output, RepeatedSummary.FileName),
            stream =>
            {
                using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" });
                all.WriteJson(writer);
            });
        return all;
    }

    /// <summary>Checks the output folder; gives the state to go on with, or a new one.</summary>
    private RepeatedState Open()
    {
        var fresh = new RepeatedState
        {
            Kind = job.Kind, Count = job.Count, Model = job.Run.ModelName, Data = job.Run.DataName, Recipe = job.Run.Recipe,
            Command = job.Run.Command,
            Fingerprint = string.Join(' ', new[] { data, job.Run.Validation, job.Run.Test }.Select(texts => texts?.Fingerprint ?? "-")),
        };
        if (job.Repeats is { } repeated && RepeatedState.Read(repeated).Fingerprint != fresh.Fingerprint)
        {
            throw new PipelineException($"the texts of {job.Run.DataName} are not those that the runs in {repeated} were trained and judged on: the data have changed (or name those of the runs, --data)");
        }

        if (!job.Run.Resume)
        {
            OutputFolder.Check(job.Output, job.Run.Overwrite);
            RepeatedState.Clear(job.Output);
            return fresh;
        }

        var state = RepeatedState.Read(job.Output);
        if (state.Kind != job.Kind || job.Count < state.Results.Count || (job.Kind == RepeatKind.Folds && job.Count != state.Count))
        {
            throw new PipelineException($"the run in {job.Output} began with {(state.Kind == RepeatKind.Seeds ? "--seeds" : "--folds")} {state.Count}; go on with the same (there may be more seeds), or start anew (--overwrite)");
        }

        foreach (var option in RecipeOption.All.Where(option => option.Name != "threads"))
        {
            var (before, now) = (option.Get(state.Recipe), option.Get(fresh.Recipe));
            if (before != now)
            {
                throw new PipelineException($"the run in {job.Output} has --{option.Name} {before}, not {now}; go on with the same recipe, or start anew (--overwrite)");
            }
        }

        return state.Model != fresh.Model
            ? throw new PipelineException($"the run in {job.Output} began with the model {state.Model}, not {fresh.Model}; go on with the same, or start anew (--overwrite)")
            : state.Fingerprint != fresh.Fingerprint
            ? throw new PipelineException($"the texts of {job.Run.DataName} are not those that the run in {job.Output} began with ({state.Data})")
            : state with { Count = job.Count };
    }

    /// <summary>One run; null where it was interrupted.</summary>
    private TrainingSummary? Go(TrainingJob run, CancellationToken cancellation)
    {
        var isInterrupted = Trainer.IsInterrupted(run.Output);
        run = run with { Resume = isInterrupted, Overwrite = !isInterrupted };
        try
        {
            var summary = new Trainer(run, callbacks.Training(run)).Run(cancellation);
            return summary.IsInterrupted ? null : summary;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private ClassificationTask TaskOf(string name) => ModelDescription.Read(job.FolderOf(name))!.ClassificationTask;

    private string? Best(IReadOnlyList<RepeatedResult> results) =>
        results.Where(result => result.Validation is not null).MaxBy(result => result.Validation) is { } best ? job.FolderOf(best.Name) : null;

    private sealed class Silent : RepeatedCallbacks;
}
