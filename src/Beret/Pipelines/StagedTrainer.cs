using System.Diagnostics;
using Beret.Data;
using Beret.Hub;
using Beret.Inference;
using Beret.Pretraining;
using Beret.Text;
using Beret.Tokens;
using Beret.Training;
using Beret.Training.Runs;
using Beret.Training.Teachers;

namespace Beret.Pipelines;

/// <summary>
/// Training in stages: masked language modelling on the task's own texts, fine-tuning on all pieces of long texts and then as usual, distillation into a smaller encoder, int8. Every stage has a folder of its own and is
/// held to a gate: all are judged on the same validation texts, of which no stage sees anything else. What was interrupted goes on in the stage under way.
/// </summary>
public sealed class StagedTrainer
{
    // Before the clock runs: the first texts compile the kernels.
    private const int WarmupTexts = 32;

    private readonly StagedJob job;
    private readonly StagedCallbacks callbacks;
    private readonly LabelledTexts training;
    private readonly LabelledTexts validation;

    /// <summary>Creates a trainer for one run.</summary>
    /// <param name="job">What to work on.</param>
    /// <param name="callbacks">Is told what happens; may be null.</param>
    /// <exception cref="BeretException">The stages need a student or validation texts, and there are none.</exception>
    public StagedTrainer(StagedJob job, StagedCallbacks? callbacks = null)
    {
        ArgumentNullException.ThrowIfNull(job);
        this.job = job;
        this.callbacks = callbacks ?? new Silent();
        if (job.Student is null && job.Recipe.Stages.Contains(TrainingStage.Distil))
        {
            throw new PipelineException("--student is missing: name the encoder that the stage distil is to teach, such as beret/mini");
        }

        if (job.Recipe.Stages.Contains(TrainingStage.Chunks))
        {
            CheckChunks();
        }

        var texts = RunTexts.Of(job.Data, job.Validation, job.Recipe.FineTuning);
        training = texts.Task.Kind != LabelKind.Number ? texts.Training
            : throw new PipelineException($"stages are held to their accuracy, and {texts.Training.Origin} is labelled with numbers, of which there is none: fine-tune without --stages (beret train, then beret quantize)");
        validation = texts.Validation
            ?? throw new PipelineException("stages are held to their accuracy on validation texts: give some (--validation), or a part of the others (--validation-split)");
    }

    private void CheckChunks()
    {
        var recipe = job.Recipe.Chunks;
        if (recipe.MaxLength == TrainingRecipe.AutoLength)
        {
            throw new PipelineException("the stage chunks cuts texts into pieces of --max-length tokens: give it as a number, not auto");
        }

        if (recipe.WindowOverlap > EncodeOptions.LargestOverlap(recipe.MaxLength))
        {
            throw new PipelineException(
                $"chunks.window-overlap {recipe.WindowOverlap} is more than half of --max-length {recipe.MaxLength}: pieces of so many tokens overlap by 0 to {EncodeOptions.LargestOverlap(recipe.MaxLength)}");
        }

        if (job.Data.Examples is StoredExamples)
        {
            throw new PipelineException("the stage chunks holds the pieces of all texts in memory, and these texts lie on disk because they are many: leave out chunks, or, where there is memory, add --on-disk never");
        }
    }

    /// <summary>Goes through the stages, until all are done, one does not pass its gate, or it is cancelled.</summary>
    /// <exception cref="BeretException">Something about models, texts, recipe or folder is wrong.</exception>
    public StagedSummary Run(CancellationToken cancellation = default)
    {
        using var claim = OutputClaim.Take(job.Output);
        var state = Open();
        state.Write(job.Output);
        var results = new List<StageResult>();
        string? kept = null;
        var stages = job.Recipe.Stages;
        for (var i = 0; i < stages.Count; i++)
        {
            var result = state.Results.FirstOrDefault(done => done.Stage == stages[i]);
            if (result is null)
            {
                callbacks.Starting(stages[i], i + 1, stages.Count, job.FolderOf(stages[i]));
                result = Go(stages[i], results, cancellation);
                if (result is null)
                {
                    return new StagedSummary(results, null, kept, IsInterrupted: true);
                }

                // What was not written cannot be gone on from.
                if (result.Bytes > 0)
                {
                    state = state with { Results = [.. state.Results, result] };
                    state.Write(job.Output);
                }
            }

            results.Add(result);
            callbacks.Finished(result);
            if (result.FailureBy(job.Recipe) is { } failure)
            {
                return new StagedSummary(results, $"{stages[i].Format()}: {failure}", kept, IsInterrupted: false);
            }

            kept = stages[i] < TrainingStage.FineTune ? null : job.FolderOf(stages[i]);
        }

        return new StagedSummary(results, null, kept, IsInterrupted: false);
    }

    /// <summary>Checks the output folder; gives the state to go on with, or a new one.</summary>
    private StagedState Open()
    {
        var fresh = new StagedState
        {
            Model = job.Model.Name, Student = job.Student?.Name, Data = job.DataName, Unlabelled = job.UnlabelledNames, Recipe = job.Recipe,
            Command = job.Command, Fingerprint = $"{training.Fingerprint} {validation.Fingerprint}",
        };
        if (job.Repeats is { } run && StagedState.Read(run).Fingerprint != fresh.Fingerprint)
        {
            throw new PipelineException($"the texts of {job.DataName} are not those that the run in {run} was trained and judged on: the data have changed (or name those of the run, --data)");
        }

        if (!job.Resume)
        {
            OutputFolder.Check(job.Output, job.Overwrite);
            StagedState.Clear(job.Output);
            return fresh;
        }

        var state = StagedState.Read(job.Output);
        return !state.Recipe.ComputesAs(job.Recipe) || (state.Model, state.Student) != (fresh.Model, fresh.Student) || !state.Unlabelled.SequenceEqual(fresh.Unlabelled)
            ? throw new PipelineException($"the run in {job.Output} began with other stages, models or settings; go on with the same (only --max-drop and --threads may differ), or start anew (--overwrite)")
            : state.Fingerprint != fresh.Fingerprint
            ? throw new PipelineException($"the texts of {job.DataName} are not those that the run in {job.Output} began with ({state.Data})")
            : state with { Recipe = job.Recipe };
    }

    /// <summary>One stage; null where it was interrupted.</summary>
    private StageResult? Go(TrainingStage stage, List<StageResult> before, CancellationToken cancellation)
    {
        try
        {
            return stage switch
            {
                TrainingStage.Pretrain => Pretrain(cancellation),
                TrainingStage.Chunks => Train(stage, Chunks(Last(before), cancellation), null, cancellation),
                TrainingStage.FineTune => Train(stage, Classifying(stage, Last(before), training, job.Recipe.FineTuning), CommonestLabel(), cancellation),
                TrainingStage.Distil => Train(stage, Distillation(), before[^1].Accuracy!.Value, cancellation),
                _ => Quantize(job.FolderOf(before[^1].Stage), cancellation),
            };
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private StageResult? Pretrain(CancellationToken cancellation)
    {
        var output = job.FolderOf(TrainingStage.Pretrain);
        var isInterrupted = Trainer.IsInterrupted(output);
        var run = new PretrainingJob
        {
            ModelFolder = job.Model.Folder,
            Source = job.Model.Source,
            ModelName = job.Model.Name,
            Texts = [TextSource.Of(training), .. job.Unlabelled],
            TextNames = [job.DataName, .. job.UnlabelledNames],
            Output = output,
            Recipe = job.Recipe.Pretraining,
            HasTensorBoard = job.HasTensorBoard,
            Resume = isInterrupted,
            Overwrite = !isInterrupted,
        };
        var summary = new Pretrainer(run, callbacks.Pretraining(run)).Run(cancellation);
        if (summary.IsInterrupted)
        {
            return null;
        }

        var (first, last) = (summary.Points[0], summary.Points[^1]);
        return new StageResult(TrainingStage.Pretrain, summary.Seconds, SizeOf(output), last.ValidationLoss ?? last.Loss, null, first.ValidationLoss, null);
    }

    private static TrainingStage? Last(List<StageResult> before) => before.Count > 0 ? before[^1].Stage : null;

    /// <summary>Training a classifier from what the last stage wrote, or from the model itself.</summary>
    private TrainingJob Classifying(TrainingStage stage, TrainingStage? last, LabelledTexts data, TrainingRecipe recipe) => new()
    {
        ModelFolder = last is { } folder ? job.FolderOf(folder) : job.Model.Folder,
        ModelName = last switch
        {
            null => job.Model.Name,
            TrainingStage.Pretrain => $"{TrainingJob.TitleOf(job.Model.Name)}, pre-trained further",
            _ => $"{TrainingJob.TitleOf(job.Model.Name)}, trained on chunks",
        },
        Source = last is null ? job.Model.Source : ModelSource.HuggingFace,
        Data = data,
        Validation = validation,
        DataName = job.DataName,
        Output = job.FolderOf(stage),
        Recipe = recipe,
        HasTensorBoard = job.HasTensorBoard,

        // The model of an earlier stage is as good as that stage's own repetition.
        Repeats = job.Repeats is { } run && last is null ? RunRecord.Read(Path.Combine(run, stage.Format())) : null,
    };

    private TrainingJob Chunks(TrainingStage? last, CancellationToken cancellation)
    {
        var recipe = job.Recipe.Chunks;
        var run = Classifying(TrainingStage.Chunks, last, training, recipe with { Truncation = Truncation.Head, WindowOverlap = null });
        var tokenizer = ModelFiles.Open(run.ModelFolder, run.Source).LoadTokenizer();
        return run with { Data = TextChunks.Of(training, tokenizer, recipe.MaxLength, recipe.WindowOverlap ?? 0, recipe.ThreadCount, cancellation) };
    }

    private TrainingJob Distillation() => new()
    {
        ModelFolder = job.Student!.Folder,
        ModelName = job.Student.Name,
        Source = job.Student.Source,
        Data = training,
        Validation = validation,
        DataName = job.DataName,
        Teacher = new Teacher
        {
            Folder = job.FolderOf(TrainingStage.FineTune), Name = job.FolderOf(TrainingStage.FineTune), Unlabelled = job.Unlabelled, UnlabelledNames = job.UnlabelledNames,
        },
        Output = job.FolderOf(TrainingStage.Distil),
        Recipe = job.Recipe.Distillation,
        HasTensorBoard = job.HasTensorBoard,
    };

    private StageResult? Train(TrainingStage stage, TrainingJob run, double? baseline, CancellationToken cancellation)
    {
        var isInterrupted = Trainer.IsInterrupted(run.Output);
        run = run with { Resume = isInterrupted, Overwrite = !isInterrupted };
        var summary = new Trainer(run, callbacks.Training(run)).Run(cancellation);
        return summary.IsInterrupted ? null : Measure(stage, run.Output, summary.Seconds, baseline, cancellation);
    }

    private StageResult Quantize(string source, CancellationToken cancellation)
    {
        var output = job.FolderOf(TrainingStage.Quantize);
        if (Directory.Exists(output))
        {
            // Of a session that ended before it could note that the stage was done.
            Directory.Delete(output, recursive: true);
        }

        var clock = Stopwatch.StartNew();
        var options = new QuantizationOptions { Sample = validation, MaxDrop = job.Recipe.QuantizeMaxDrop, Threads = job.Recipe.FineTuning.ThreadCount };
        var report = ModelQuantization.Quantize(source, output, options, new Told(callbacks), cancellation);
        var (seconds, baseline) = (clock.Elapsed.TotalSeconds, report.Before!.Find("accuracy")!.Value.Value);
        return report.IsWritten
            ? Measure(TrainingStage.Quantize, output, seconds, baseline, cancellation)
            : new StageResult(TrainingStage.Quantize, seconds, 0, report.After!.Loss.Value, report.After.Find("accuracy")!.Value.Value, baseline, null);
    }

    /// <summary>The model of a folder on the validation texts, and how fast it is.</summary>
    private StageResult Measure(TrainingStage stage, string folder, double seconds, double? baseline, CancellationToken cancellation)
    {
        using var classifier = Classifier.Load(folder, new ClassifierOptions { Threads = job.Recipe.FineTuning.ThreadCount });
        classifier.Predict([.. validation.Examples.Take(WarmupTexts).Select(example => example.Text)], cancellation);
        var clock = Stopwatch.StartNew();
        var result = classifier.Evaluate(validation, new Told(callbacks), cancellation);
        var rate = result.Count / clock.Elapsed.TotalSeconds;
        return new StageResult(stage, seconds, SizeOf(folder), result.Loss.Value, result.Find("accuracy")!.Value.Value, baseline, rate);
    }

    /// <summary>The share of the validation texts that have the commonest label; of sets of labels, the commonest set.</summary>
    private double CommonestLabel() => (double)validation.Examples.CountBy(validation.LabelOf).Max(group => group.Value) / validation.Examples.Count;

    private static long SizeOf(string folder) => new FileInfo(Path.Combine(folder, ModelFolder.Weights)).Length;

    private sealed class Silent : StagedCallbacks;

    private sealed class Told(StagedCallbacks callbacks) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => callbacks.Measuring(value);
    }
}
