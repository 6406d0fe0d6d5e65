using System.Diagnostics;
using Beret.Baselines;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Evaluation;
using Beret.Inference;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training.Runs;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>
/// Fine-tunes an encoder with a new classifier on labelled texts and writes a model folder. An interrupted run goes on, from its last checkpoint,
/// to the same bits as one that was never interrupted.
/// </summary>
public sealed class Trainer
{
    private readonly TrainingCallbacks callbacks;
    private TrainingJob job;

    /// <summary>Creates a trainer for one run.</summary>
    /// <param name="job">What to work on.</param>
    /// <param name="callbacks">Is told what happens; may be null.</param>
    public Trainer(TrainingJob job, TrainingCallbacks? callbacks = null)
    {
        ArgumentNullException.ThrowIfNull(job);

        // What auto means is decided once, here: the run goes on with it, wherever that is.
        this.job = job with { Recipe = job.Recipe with { Precision = job.Recipe.Precision.Resolve() } };
        this.callbacks = callbacks ?? new Silent();
    }

    /// <summary>The recipe, model and data of the interrupted run in a folder.</summary>
    /// <exception cref="TrainingException">There is none.</exception>
    public static (TrainingRecipe Recipe, string Model, string Data) Interrupted(string folder)
    {
        AtomicFolder.Recover(folder);
        var state = RunState.Find(folder).State;
        return (state.Recipe, state.Model, state.Data);
    }

    /// <summary>The teacher of the interrupted run in a folder, and its texts without labels, by the names that they were asked for; null where it has no teacher.</summary>
    /// <exception cref="TrainingException">There is no interrupted run.</exception>
    public static (string Teacher, IReadOnlyList<string> Unlabelled)? InterruptedTeacher(string folder)
    {
        AtomicFolder.Recover(folder);
        var state = RunState.Find(folder).State;
        return state.Teacher is { } teacher ? (teacher.Name, state.Unlabelled) : null;
    }

    /// <summary>Whether a folder holds a finished run.</summary>
    public static bool IsFinished(string folder)
    {
        AtomicFolder.Recover(folder);
        return RunRecord.Find(folder) is { IsFinished: true };
    }

    /// <summary>Takes away what the session of a finished run left beside its folder, where it was ended in its last moment.</summary>
    /// <exception cref="BeretException">Another run is working on the folder.</exception>
    public static void TidyUp(string folder)
    {
        using var claim = OutputClaim.Take(folder);
        AtomicFolder.Sweep(folder);
        File.Delete(TeacherAnswers.PathBeside(folder));
    }

    /// <summary>Whether a folder holds an interrupted run.</summary>
    public static bool IsInterrupted(string folder) => OutputFolder.IsInterrupted(folder);

    /// <summary>
    /// Trains to the end of the recipe, or until cancelled: then the step under way is finished and what <see cref="TrainingJob.Resume"/> needs is saved.
    /// </summary>
    /// <exception cref="BeretException">Something about the model, the data, the recipe or the output folder is wrong, or the loss is no longer a number.</exception>
    public TrainingSummary Run(CancellationToken cancellation = default)
    {
        using var claim = OutputClaim.Take(job.Output);
        var before = Open();
        job = job with { Recipe = LengthSurvey.Decide(job, before?.State.Recipe, callbacks, cancellation) };
        using var session = TrainingSession.Prepare(job, callbacks, (texts, teacher) => Match(before?.State, texts, teacher), cancellation);
        var state = before?.State ?? new RunState
        {
            Recipe = job.Recipe, Model = job.ModelName, Data = job.DataName, Fingerprint = session.Fingerprint,
            Teacher = job.Teacher is { } teacher ? (teacher.Name, session.TeacherFingerprint!) : null, Unlabelled = job.Teacher?.UnlabelledNames ?? [],
        };
        var record = Record(state, session);
        if (before is not null)
        {
            GoOnFrom(before, session);
        }

        var plan = session.Plan(state.Step, cancellation);
        using var folder = before is null
            ? RunFolder.Begin(job.Output, record, state, session.Parameters, job.HasTensorBoard)
            : RunFolder.GoOn(job.Output, record, state, session.Parameters, job.HasTensorBoard);
        callbacks.Starting(plan);
        return new Loop(job, callbacks, session, plan, state, folder).Go(cancellation);
    }

    /// <summary>Checks the output folder; what to go on with, or null for a new run.</summary>
    private Resumption<RunState>? Open()
    {
        AtomicFolder.Recover(job.Output);
        if (job.Resume)
        {
            var found = RunState.Find(job.Output);
            return (found.State.Teacher, job.Teacher) switch
            {
                ({ } teacher, null) => throw new TrainingException($"the interrupted run in {job.Output} has the teacher {teacher.Name}: go on with beret distil --resume"),
                (null, not null) => throw new TrainingException($"the interrupted run in {job.Output} has no teacher: go on with beret train --resume"),
                _ => found,
            };
        }

        OutputFolder.Check(job.Output, job.Overwrite);
        return null;
    }

    /// <summary>What run.json says of this run; that of the run that goes on, if this is one.</summary>
    /// <exception cref="TrainingException">The model or the validation texts are not those that the run began with, or that it is to repeat.</exception>
    private RunRecord Record(RunState state, TrainingSession session)
    {
        var fresh = new RunRecord
        {
            Kind = state.Key, Command = job.Command, Seed = job.Recipe.Seed, ModelFingerprint = session.ModelFingerprint, Fingerprint = session.Fingerprint,
            ValidationFingerprint = session.ValidationFingerprint, Sessions = [],
        };
        var known = job.Resume ? RunRecord.Find(job.Output) : null;
        Match(known, fresh, $"the interrupted run in {job.Output}");
        Match(job.Repeats, fresh, "the run to repeat");
        return (known ?? fresh).Continued(state.Step, RunEnvironment.Current(job.Recipe.ThreadCount, job.Recipe.Precision));
    }

    private void Match(RunRecord? before, RunRecord now, string run)
    {
        if (before?.ModelFingerprint is { } model && model != now.ModelFingerprint)
        {
            throw new TrainingException($"the model {job.ModelName} is not the one that {run} began with: its weights or its vocabulary have changed");
        }

        if (before is not null && before.ValidationFingerprint != now.ValidationFingerprint)
        {
            throw new TrainingException($"the validation texts are not those of {run}: give the same (--validation)");
        }
    }

    /// <summary>Takes the weights and moments of the checkpoint, and says what is lost.</summary>
    private void GoOnFrom(Resumption<RunState> before, TrainingSession session)
    {
        if (before.Notice is { } notice)
        {
            callbacks.Noticed(notice);
        }

        var state = before.State;
        session.Learner.Steps = state.Step;
        if (before.Promote(job.Output).File is { } file)
        {
            ResumeFile.Restore(file, session.Parameters);
        }

        if (!File.Exists(Path.Combine(job.Output, ModelFolder.Weights)) && state.LoseModel() is { } lost)
        {
            callbacks.Noticed($"{lost}, is gone from {job.Output}: the best of those that follow will be kept");
        }
    }

    /// <summary>A run goes on only with what it began with; how many threads there are makes no difference.</summary>
    private void Match(RunState? state, string texts, string? teacher)
    {
        if (job.Repeats is { } repeated && (repeated.Fingerprint != texts || TeacherOf(repeated) != teacher))
        {
            throw new TrainingException(repeated.Fingerprint != texts
                ? $"the training texts of {job.DataTitle} are not those that the run was trained on: the data have changed (or name those of the run, --data)"
                : $"the teacher {job.Teacher!.Name} is not the one that the run learned from: it has changed");
        }

        if (state is null)
        {
            return;
        }

        foreach (var option in RecipeOption.All.Where(option => option.Name != "threads"))
        {
            var (before, now) = (option.Get(state.Recipe), option.Get(job.Recipe));
            if (before != now)
            {
                throw new TrainingException($"the interrupted run in {job.Output} has --{option.Name} {before}, not {now}; go on with the same recipe, or start anew (--overwrite)");
            }
        }

        if (state.Teacher?.Fingerprint != teacher)
        {
            throw new TrainingException($"the teacher {job.Teacher!.Name} is not the one that the interrupted run in {job.Output} began with ({state.Teacher?.Name})");
        }

        if (state.Fingerprint != texts)
        {
            throw new TrainingException($"the training texts of {job.DataName} are not those that the interrupted run in {job.Output} began with ({state.Data})");
        }
    }

    private static string? TeacherOf(RunRecord record) => record.Root.TryGetProperty("teacher", out var teacher) ? teacher.GetProperty("fingerprint").GetString() : null;

    private sealed class Silent : TrainingCallbacks;

    /// <summary>The loop over steps.</summary>
    private sealed class Loop(
        TrainingJob job, TrainingCallbacks callbacks, TrainingSession session, TrainingPlan plan, RunState state, RunFolder folder)
    {
        private readonly LearningRateSchedule schedule = new(
            plan.Recipe.LearningRate, (int)(plan.Recipe.Warmup * plan.Steps), plan.Steps, plan.Recipe.DecayStart, plan.Recipe.Schedule);

        private readonly StepRate speed = new();
        private EvaluationResult? keptEvaluation;
        private (EvaluationResult Result, float[] Logits)? test;
        private TimeSpan validationTime;

        public TrainingSummary Go(CancellationToken cancellation)
        {
            var recipe = plan.Recipe;
            var order = new EpochOrder(session.Store.Count, (ulong)recipe.Seed, recipe.Shuffle);
            var texts = new int[session.Store.Count];
            var epochLoaded = -1;
            var clock = Stopwatch.StartNew();
            var (before, epochBefore) = (state.Seconds, state.EpochSeconds);
            if (folder.IsNew)
            {
                folder.Message("start", $"{plan.Model} on {job.DataTitle}");
            }

            while (true)
            {
                if (state.ValidationPending && !Reach(cancellation))
                {
                    return Stop(interrupted: true);
                }

                if (state.Step == plan.Steps || StopsEarly)
                {
                    return Stop(interrupted: false);
                }

                if (cancellation.IsCancellationRequested)
                {
                    return Stop(interrupted: true);
                }

                var epoch = state.Step / plan.StepsPerEpoch;
                var stepInEpoch = state.Step % plan.StepsPerEpoch;
                if (epoch != epochLoaded)
                {
                    order.Fill(epoch, texts);
                    epochLoaded = epoch;
                }

                if (stepInEpoch == 0)
                {
                    (state.LossSum, state.PartSums, state.Correct, state.Count, state.EpochSeconds) = (0, null, 0, 0, 0);
                    epochBefore = -clock.Elapsed.TotalSeconds;
                }

                var start = (int)(stepInEpoch * recipe.StepTexts);
                Step(texts.AsSpan(start, (int)Math.Min(recipe.StepTexts, texts.Length - start)), epoch + 1, stepInEpoch + 1);
                state.Seconds = before + clock.Elapsed.TotalSeconds;
                state.EpochSeconds = epochBefore + clock.Elapsed.TotalSeconds;
                state.ValidationPending = state.Step % plan.StepsPerEpoch == 0 || state.Step == plan.Steps || (recipe.ValidateEvery > 0 && state.Step % recipe.ValidateEvery == 0);
                folder.Require();
                if (!state.ValidationPending && recipe.CheckpointEvery > 0 && state.Step % recipe.CheckpointEvery == 0)
                {
                    folder.Checkpoint();
                }
            }
        }

        private double Accuracy => session.HasAccuracy ? (double)state.Correct / state.Count : double.NaN;

        private bool StopsEarly => plan.Recipe.EarlyStopping > 0 && state.WithoutImprovement >= plan.Recipe.EarlyStopping;

        private void Step(ReadOnlySpan<int> texts, int epoch, int stepInEpoch)
        {
            var started = Stopwatch.GetTimestamp();
            var rate = schedule.At(state.Step);
            var result = session.Step(texts, rate, out var correct);
            if (!result.IsFinite)
            {
                folder.Checkpoint();
                throw new TrainingException(
                    $"the loss is no longer a number at step {state.Step + 1} (loss {result.Loss}, gradient norm {result.GradientNorm}, learning rate {rate:g3}): "
                    + "the learning rate is too high; try a third of it (--learning-rate), or a longer warm-up (--warmup), in a run that starts anew (--overwrite)");
            }

            state.Step++;
            state.LossSum += result.Loss * texts.Length;
            state.PartSums = session.Learner.Parts is { } parts ? (state.PartSums ?? default).Plus(parts, texts.Length) : null;
            state.Correct += correct;
            state.Count += texts.Length;
            speed.Add(Stopwatch.GetElapsedTime(started), texts.Length, session.Tokens);
            var stepsLeft = plan.Steps - state.Step;
            var progress = new TrainingProgress(
                epoch, state.Step, stepInEpoch, state.LossSum / state.Count, Accuracy, result.Loss, rate, result.GradientNorm,
                speed.TextsPerSecond, speed.TokensPerSecond, stepsLeft * speed.PerStep + (stepsLeft + plan.StepsPerEpoch - 1) / plan.StepsPerEpoch * validationTime,
                StepParts: session.Learner.Parts);
            folder.Step(progress);
            callbacks.Stepped(progress);
            if (rate > 0 && state.Step > schedule.WarmupSteps && state.Plateau.Add(result.Loss, session.ChanceLoss) is { } message)
            {
                folder.Message("notice", message);
                callbacks.Noticed(message);
            }
        }

        /// <summary>Ends an epoch, or validates within it: judges the model, keeps it if it is the best, and makes a checkpoint. False: cancelled on the way.</summary>
        private bool Reach(CancellationToken cancellation)
        {
            EvaluationResult? evaluation = null;
            double? agreement = null;
            if (session.HasValidation)
            {
                var started = Stopwatch.GetTimestamp();
                if (session.Validate(callbacks, cancellation) is not { } judged)
                {
                    return false;
                }

                (evaluation, agreement) = judged;
                validationTime = Stopwatch.GetElapsedTime(started);
            }

            var endsEpoch = state.Step % plan.StepsPerEpoch == 0;
            var point = new TrainingPoint(
                (state.Step - 1) / plan.StepsPerEpoch + 1, state.Step, state.LossSum / state.Count, Accuracy,
                evaluation?.Loss.Value, evaluation?.Headline.Estimate.Value is { } figure && double.IsFinite(figure) ? figure : null, state.EpochSeconds, endsEpoch, agreement,
                Parts: state.PartSums?.DividedBy(state.Count), Figure: session.Keep.FigureOf(evaluation));
            state.Points.Add(point);
            var isKept = session.Keep.Prefers(point, state.Kept < 0 ? null : state.Points[state.Kept]);
            state.WithoutImprovement = isKept ? 0 : state.WithoutImprovement + 1;
            if (isKept)
            {
                state.Kept = state.Points.Count - 1;
                keptEvaluation = evaluation;
                folder.Replace(() => session.Save(job, plan, place => callbacks.Saving(place, Summary(interrupted: false))));
            }

            state.ValidationPending = false;
            folder.Point(point, plan.Headline, isKept, plan.ChosenFigure);
            callbacks.Reached(point, isKept);
            folder.Checkpoint();
            return true;
        }

        private TrainingSummary Stop(bool interrupted)
        {
            if (interrupted)
            {
                folder.Checkpoint();
                return Summary(interrupted: true);
            }

            if (state.Kept < 0)
            {
                // No step was asked for, or the kept model was deleted in the end: the model as it is now is what there is.
                folder.Replace(() => session.Save(job, plan, _ => { }));
            }
            else if (keptEvaluation is null && session.HasValidation)
            {
                // The best model is of an earlier session: it is judged again for the report.
                session.Reload(job.Output);
                keptEvaluation = session.Validate(callbacks, CancellationToken.None)?.Result;
            }

            if (job.Test is { } texts)
            {
                if (state.Kept >= 0 && state.Kept < state.Points.Count - 1)
                {
                    session.Reload(job.Output);
                }

                test = session.Evaluate(texts, callbacks);
            }

            var baseline = keptEvaluation is null && test is null ? null : session.TrainBaseline(callbacks);
            if (baseline is not null)
            {
                keptEvaluation = keptEvaluation is null ? null : keptEvaluation with { Baseline = baseline.Evaluate(plan.Validation!) };
                test = test is { } judged ? judged with { Result = judged.Result with { Baseline = baseline.Evaluate(job.Test!) } } : null;
            }

            var summary = Summary(interrupted: false);
            folder.Finish(
                StopsEarly ? "stopped early: validation no longer improves" : "finished",
                RunOutcome.Of(summary),
                place =>
                {
                    callbacks.Saving(place, summary);
                    baseline?.Save(Path.Combine(place, Baseline.FileName));
                },
                name => name is Baseline.FileName or TrainingSummary.TestMetricsFile);
            File.Delete(TeacherAnswers.PathBeside(job.Output));
            return summary;
        }

        private TrainingSummary Summary(bool interrupted) => new()
        {
            Plan = plan,
            Points = [.. state.Points],
            Kept = state.Kept < 0 ? null : state.Points[state.Kept],
            Validation = keptEvaluation,
            Test = test?.Result,
            TestLogits = test?.Logits ?? [],
            IsInterrupted = interrupted,
            StoppedEarly = !interrupted && StopsEarly && state.Step < plan.Steps,
            Steps = state.Step,
            Seconds = state.Seconds,
            Folder = job.Output,
        };
    }
}
