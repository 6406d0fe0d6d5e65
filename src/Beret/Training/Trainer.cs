using System.Diagnostics;
using Beret.Baselines;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Evaluation;
using Beret.Numerics;

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
        var state = RunStateFile.Read(folder);
        return (state.Recipe, state.Model, state.Data);
    }

    /// <summary>The teacher of the interrupted run in a folder, and its texts without labels, by the names that they were asked for; null where it has no teacher.</summary>
    /// <exception cref="TrainingException">There is no interrupted run.</exception>
    public static (string Teacher, IReadOnlyList<string> Unlabelled)? InterruptedTeacher(string folder)
    {
        AtomicFolder.Recover(folder);
        var state = RunStateFile.Read(folder);
        return state.Teacher is { } teacher ? (teacher.Name, state.Unlabelled) : null;
    }

    /// <summary>Whether a folder holds an interrupted run.</summary>
    public static bool IsInterrupted(string folder) => File.Exists(ResumeFile.PathIn(folder));

    /// <summary>
    /// Trains to the end of the recipe, or until cancelled: then the step under way is finished and what <see cref="TrainingJob.Resume"/> needs is saved.
    /// </summary>
    /// <exception cref="BeretException">Something about the model, the data, the recipe or the output folder is wrong, or the loss is no longer a number.</exception>
    public TrainingSummary Run(CancellationToken cancellation = default)
    {
        using var claim = OutputClaim.Take(job.Output);
        var state = Open();
        job = job with { Recipe = LengthSurvey.Decide(job, state?.Recipe, callbacks, cancellation) };
        using var session = TrainingSession.Prepare(job, callbacks, (texts, teacher) => Match(state, texts, teacher), cancellation);
        if (state is null)
        {
            Directory.CreateDirectory(job.Output);
            state = new RunState
            {
                Recipe = job.Recipe, Model = job.ModelName, Data = job.DataName, Fingerprint = session.Fingerprint,
                Teacher = job.Teacher is { } teacher ? (teacher.Name, session.TeacherFingerprint!) : null, Unlabelled = job.Teacher?.UnlabelledNames ?? [],
            };
        }
        else
        {
            session.Learner.Steps = state.Step;
            ResumeFile.Restore(job.Output, session.Parameters);
        }

        var plan = session.Plan(state.Step, cancellation);
        using var log = new RunLog(job.Output, state.LogBytes);
        callbacks.Starting(plan);
        return new Loop(job, callbacks, session, plan, state, log).Go(cancellation);
    }

    /// <summary>Checks the output folder; the state to go on with, or null for a new run.</summary>
    private RunState? Open()
    {
        AtomicFolder.Recover(job.Output);
        if (job.Resume)
        {
            var state = RunStateFile.Read(job.Output);
            return (state.Teacher, job.Teacher) switch
            {
                ({ } teacher, null) => throw new TrainingException($"the interrupted run in {job.Output} has the teacher {teacher.Name}: go on with beret distil --resume"),
                (null, not null) => throw new TrainingException($"the interrupted run in {job.Output} has no teacher: go on with beret train --resume"),
                _ => state,
            };
        }

        OutputFolder.Prepare(job.Output, job.Overwrite);
        return null;
    }

    /// <summary>A run goes on only with what it began with; how many threads there are makes no difference.</summary>
    private void Match(RunState? state, string texts, string? teacher)
    {
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

    private sealed class Silent : TrainingCallbacks;

    /// <summary>The loop over steps.</summary>
    private sealed class Loop(
        TrainingJob job, TrainingCallbacks callbacks, TrainingSession session, TrainingPlan plan, RunState state, RunLog log)
    {
        private readonly LearningRateSchedule schedule = new(
            plan.Recipe.LearningRate, (int)(plan.Recipe.Warmup * plan.Steps), plan.Steps, plan.Recipe.DecayStart, plan.Recipe.Schedule);

        private readonly StepRate speed = new();
        private readonly PlateauWatch plateau = new(session.ChanceLoss);
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
            if (state.Step == 0)
            {
                log.Message("start", $"{plan.Model} on {job.DataTitle}");
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
                if (!state.ValidationPending && recipe.CheckpointEvery > 0 && state.Step % recipe.CheckpointEvery == 0)
                {
                    Checkpoint();
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
                Checkpoint();
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
            log.Step(progress);
            callbacks.Stepped(progress);
            if (rate > 0 && state.Step > schedule.WarmupSteps && plateau.Add(result.Loss) is { } message)
            {
                log.Message("notice", message);
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
                session.Save(job, plan, folder => callbacks.Saving(folder, Summary(interrupted: false)));
            }

            state.ValidationPending = false;
            log.Point(point, plan.Headline, isKept, plan.ChosenFigure);
            callbacks.Reached(point, isKept);
            Checkpoint();
            return true;
        }

        private void Checkpoint()
        {
            state.LogBytes = log.Length;
            RunStateFile.Write(job.Output, state, session.Parameters);
        }

        private TrainingSummary Stop(bool interrupted)
        {
            if (interrupted)
            {
                Checkpoint();
                return Summary(interrupted: true);
            }

            if (state.Kept < 0)
            {
                // No step was asked for: the untrained model is what there is.
                session.Save(job, plan, _ => { });
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

            log.Message("end", StopsEarly ? "stopped early: validation no longer improves" : "finished");
            var summary = Summary(interrupted: false);
            AtomicFolder.Write(
                job.Output,
                folder =>
                {
                    callbacks.Saving(folder, summary);
                    baseline?.Save(Path.Combine(folder, Baseline.FileName));
                },
                name => name is ResumeFile.Name or Baseline.FileName);
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

    /// <summary>Notices a run that learns nothing: the loss stays where guessing by the labels' shares would have it.</summary>
    private sealed class PlateauWatch(double chance)
    {
        private const int Window = 150;

        private readonly double[] losses = new double[Window];
        private int count;
        private bool said;

        public string? Add(double loss)
        {
            losses[count++ % Window] = loss;
            if (said || count % Window != 0 || losses.Average() < 0.985 * chance)
            {
                return null;
            }

            said = true;
            return $"the loss of the last {Window} steps is {losses.Average():f3}, no better than guessing ({chance:f3}): the learning rate is probably too high "
                + "(try a third of it, or a longer warm-up), or the labels do not follow from the texts";
        }
    }
}
