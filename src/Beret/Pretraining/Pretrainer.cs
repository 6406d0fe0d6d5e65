using System.Diagnostics;
using System.Text.Json;
using Beret.Checkpoints;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pretraining;

/// <summary>
/// Pre-trains an encoder by masked language modelling (Devlin et al., BERT, 2019, §3.1) or replaced-token detection (Clark et al., ELECTRA, 2020) and writes a folder in the Hugging Face layout, which fine-tuning starts from.
/// An interrupted run goes on, from its last checkpoint, to the same bits as one that was never interrupted.
/// </summary>
public sealed class Pretrainer
{
    private readonly PretrainingJob job;
    private readonly PretrainingCallbacks callbacks;

    /// <summary>Creates a pre-trainer for one run.</summary>
    /// <param name="job">What to work on.</param>
    /// <param name="callbacks">Is told what happens; may be null.</param>
    public Pretrainer(PretrainingJob job, PretrainingCallbacks? callbacks = null)
    {
        ArgumentNullException.ThrowIfNull(job);
        var recipe = job.Recipe;
        this.job = job with { Recipe = recipe with { Precision = recipe.Precision.Resolve(), TeacherPrecision = recipe.TeacherPrecision.Resolve() } };
        this.callbacks = callbacks ?? new Silent();
    }

    /// <summary>What the interrupted run in a folder works on.</summary>
    /// <exception cref="TrainingException">There is none.</exception>
    public static InterruptedPretraining Interrupted(string folder)
    {
        AtomicFolder.Recover(folder);
        var state = PretrainingState.Find(folder).State;
        return new InterruptedPretraining(state.Recipe, state.Model, state.Vocabulary, state.Teacher?.Name, state.Texts);
    }

    /// <summary>How a finished run was trained.</summary>
    /// <exception cref="TrainingException">It is of another kind, or its recipe is damaged.</exception>
    public static PretrainingRecipe RecipeOf(RunRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return PretrainingState.Begin(record).Recipe;
    }

    /// <summary>
    /// Trains to the end of the recipe, or until cancelled: then the step under way is finished and what <see cref="PretrainingJob.Resume"/> needs is saved.
    /// </summary>
    /// <exception cref="BeretException">Something about the model, the texts, the recipe or the output folder is wrong, or the loss is no longer a number.</exception>
    public PretrainingSummary Run(CancellationToken cancellation = default)
    {
        using var claim = OutputClaim.Take(job.Output);
        var before = Open();
        using var session = PretrainingSession.Prepare(job, callbacks, cancellation);
        var state = before?.State ?? new PretrainingState
        {
            Recipe = job.Recipe,
            Model = job.ModelName,
            Vocabulary = job.Vocabulary,
            Teacher = session.Teacher is { } teacher ? (job.TeacherName ?? job.TeacherFolder!, teacher) : null,
            Texts = job.TextNames,
            Fingerprint = session.Corpus.Fingerprint,
        };
        if (before is not null)
        {
            Match(state, session);
            GoOnFrom(before, session);
        }

        var plan = session.Plan(state.Step);
        var record = Record(state, session);
        using var folder = before is null
            ? RunFolder.Begin(job.Output, record, state, session.Parameters, job.HasTensorBoard)
            : RunFolder.GoOn(job.Output, record, state, session.Parameters, job.HasTensorBoard);
        callbacks.Starting(plan);
        return new Loop(job, callbacks, session, plan, state, folder).Go(cancellation);
    }

    /// <summary>Checks the output folder; what to go on with, or null for a new run.</summary>
    private Resumption<PretrainingState>? Open()
    {
        AtomicFolder.Recover(job.Output);
        if (job.Resume)
        {
            return PretrainingState.Find(job.Output);
        }

        OutputFolder.Check(job.Output, job.Overwrite);
        return null;
    }

    /// <summary>What run.json says of this run; that of the run that goes on, if this is one.</summary>
    /// <exception cref="TrainingException">Texts or model are not those of the run that it is to repeat.</exception>
    private RunRecord Record(PretrainingState state, PretrainingSession session)
    {
        if (job.Repeats is { } run && (run.Fingerprint != state.Fingerprint || run.ModelFingerprint != session.ModelFingerprint))
        {
            throw new TrainingException(run.Fingerprint != state.Fingerprint
                ? $"the texts of {string.Join(", ", job.TextNames)} do not give the tokens that the run was trained on: the data have changed (or name those of the run, --data)"
                : $"the model {job.ModelName} is not the one that the run to repeat began with: its weights or its vocabulary have changed");
        }

        if (job.Repeats is { } taught && PretrainingState.Begin(taught).Teacher?.Fingerprint != session.Teacher)
        {
            throw new TrainingException($"the teacher {job.TeacherName} is not the one that the run learned from: it has changed");
        }

        var fresh = new RunRecord
        {
            Kind = state.Key, Command = job.Command, Seed = job.Recipe.Seed, ModelFingerprint = session.ModelFingerprint, Fingerprint = state.Fingerprint, Sessions = [],
        };
        return ((job.Resume ? RunRecord.Find(job.Output) : null) ?? fresh).Continued(state.Step, RunEnvironment.Current(job.Recipe.ThreadCount, job.Recipe.Precision));
    }

    private void GoOnFrom(Resumption<PretrainingState> before, PretrainingSession session)
    {
        if (before.Notice is { } notice)
        {
            callbacks.Noticed(notice);
        }

        session.Steps = before.State.Step;
        session.Order.Seek(before.State.Epoch, before.State.Place);
        if (before.Promote(job.Output).File is { } file)
        {
            ResumeFile.Restore(file, session.Parameters);
        }
    }

    /// <summary>A run goes on only with what it began with; how many threads there are makes no difference.</summary>
    private void Match(PretrainingState state, PretrainingSession session)
    {
        foreach (var option in PretrainingOption.All.Where(option => option.Name != "threads"))
        {
            var (before, now) = (option.Get(state.Recipe), option.Get(job.Recipe));
            if (before != now)
            {
                throw new TrainingException($"the interrupted run in {job.Output} has --{option.Name} {before}, not {now}; go on with the same recipe, or start anew (--overwrite)");
            }
        }

        if (state.Teacher?.Fingerprint != session.Teacher)
        {
            throw new TrainingException(
                $"the interrupted run in {job.Output} began {(state.Teacher is { } teacher ? $"with {teacher.Name}" : "without a teacher")}, not {(job.TeacherName is { } name ? $"with {name} as it is now" : "without a teacher")}");
        }

        if (state.Fingerprint != session.Corpus.Fingerprint)
        {
            throw new TrainingException(
                $"the texts of {string.Join(", ", job.TextNames)} do not give the tokens that the interrupted run in {job.Output} began with ({string.Join(", ", state.Texts)})");
        }
    }

    private sealed class Silent : PretrainingCallbacks;

    /// <summary>The loop over steps.</summary>
    private sealed class Loop(
        PretrainingJob job, PretrainingCallbacks callbacks, PretrainingSession session, PretrainingPlan plan, PretrainingState state, RunFolder folder)
    {
        private readonly LearningRateSchedule schedule = new(
            plan.Recipe.LearningRate, (int)(plan.Recipe.Warmup * plan.Steps), plan.Steps, DecayStart.EndOfWarmup);

        private readonly StepRate speed = new();

        public PretrainingSummary Go(CancellationToken cancellation)
        {
            var clock = Stopwatch.StartNew();
            var before = state.Seconds;
            if (folder.IsNew)
            {
                folder.Message("start", $"{plan.Model} on {string.Join(", ", job.TextNames)}");
            }

            while (true)
            {
                if (state.ValidationPending && !Reach(cancellation))
                {
                    return Stop(interrupted: true);
                }

                if (state.Step == plan.Steps)
                {
                    return Stop(interrupted: false);
                }

                if (cancellation.IsCancellationRequested)
                {
                    return Stop(interrupted: true);
                }

                Step();
                state.Seconds = before + clock.Elapsed.TotalSeconds;
                state.ValidationPending = state.Step % plan.ValidateEvery == 0 || state.Step == plan.Steps;
                folder.Require();
                if (!state.ValidationPending && plan.Recipe.CheckpointEvery > 0 && state.Step % plan.Recipe.CheckpointEvery == 0)
                {
                    folder.Checkpoint();
                }
            }
        }

        private void Step()
        {
            var started = Stopwatch.GetTimestamp();
            var rate = schedule.At(state.Step);
            var sequences = session.Order.Next();
            var result = session.Step(sequences, state.Step, rate, out var outcome);
            if (!result.IsFinite)
            {
                throw new TrainingException(
                    $"the loss is no longer a number at step {state.Step + 1} (loss {result.Loss}, gradient norm {result.GradientNorm}, learning rate {rate:g3}): "
                    + "the learning rate is too high; try a third of it (--learning-rate), or a longer warm-up (--warmup), in a run that starts anew (--overwrite)");
            }

            state.Step++;
            (state.Epoch, state.Place) = (session.Order.Epoch, session.Order.Place);
            state.LossSum += outcome.Loss * outcome.Count;
            state.Right += outcome.Right;
            state.Count += outcome.Count;
            state.TeacherLoss = outcome.TeacherLoss is { } difference ? (state.TeacherLoss.Sum + difference, state.TeacherLoss.Steps + 1) : state.TeacherLoss;
            speed.Add(Stopwatch.GetElapsedTime(started), sequences.Length, session.Tokens);
            var progress = new TrainingProgress(
                state.Epoch + 1, state.Step, state.Step, state.LossSum / state.Count, (double)state.Right / state.Count, result.Loss, rate, result.GradientNorm,
                speed.TextsPerSecond, speed.TokensPerSecond, (plan.Steps - state.Step) * speed.PerStep, TeacherLoss());
            folder.Step(progress);
            callbacks.Stepped(progress);
        }

        /// <summary>Judges the model, writes its folder and makes a checkpoint. False: cancelled on the way.</summary>
        private bool Reach(CancellationToken cancellation)
        {
            (double Loss, double Accuracy)? judged = null;
            if (session.Corpus.HeldOut.Count > 0)
            {
                judged = session.Judge(callbacks, cancellation);
                if (judged is null)
                {
                    return false;
                }
            }

            var point = new TrainingPoint(
                state.Epoch + 1, state.Step, state.LossSum / state.Count, (double)state.Right / state.Count, judged?.Loss, judged?.Accuracy, state.Seconds,
                EndsEpoch: session.Order.Place == session.Corpus.Count, TeacherLoss: TeacherLoss());
            state.Points.Add(point);
            (state.LossSum, state.Right, state.Count, state.TeacherLoss, state.ValidationPending) = (0, 0, 0, (0, 0), false);
            Save();
            folder.Point(point, "accuracy", isKept: true);
            callbacks.Reached(point);
            folder.Checkpoint();
            return true;
        }

        /// <summary>Since the last judgement.</summary>
        private double? TeacherLoss() => state.TeacherLoss.Steps == 0 ? null : state.TeacherLoss.Sum / state.TeacherLoss.Steps;

        private PretrainingSummary Stop(bool interrupted)
        {
            if (interrupted)
            {
                folder.Checkpoint();
            }
            else
            {
                Save();
                folder.Finish("finished", Outcome(), _ => { }, _ => false);
            }

            return new PretrainingSummary
            {
                Plan = plan, Points = [.. state.Points], IsInterrupted = interrupted, Steps = state.Step, Seconds = state.Seconds, Folder = job.Output,
            };
        }

        private void Save() => folder.Replace(() => session.Save(Report));

        private JsonElement Outcome() => RunOutcome.Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("steps", state.Step);
            writer.WriteNumber("seconds", Math.Round(state.Seconds, 2));
            if (state.Points is [.., var last])
            {
                writer.WriteNumber("training_loss", last.Loss);
                if (last is { ValidationLoss: { } loss, ValidationAccuracy: { } accuracy })
                {
                    writer.WriteStartObject("validation");
                    writer.WriteNumber("loss", loss);
                    writer.WriteNumber("accuracy", accuracy);
                    writer.WriteEndObject();
                }
            }

            writer.WriteEndObject();
        });

        private void Report(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("model", plan.Model);
            if (state.Teacher is { } teacher)
            {
                writer.WriteString("teacher", teacher.Name);
                writer.WriteString("teacher_fingerprint", teacher.Fingerprint);
            }

            writer.WriteStartArray("texts");
            foreach (var name in job.TextNames)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
            writer.WriteString("fingerprint", state.Fingerprint);
            writer.WriteNumber("tokens", plan.Tokens);
            writer.WriteNumber("held_out_tokens", plan.HeldOutTokens);
            writer.WriteNumber("steps", state.Step);
            writer.WriteNumber("steps_planned", plan.Steps);
            writer.WriteNumber("seconds", Math.Round(state.Seconds, 2));
            writer.WritePropertyName("recipe");
            PretrainingOption.Write(writer, plan.Recipe);
            PretrainingPoints.Write(writer, plan.Recipe.Objective, state.Points);
            writer.WriteEndObject();
        }
    }
}

/// <summary>What an interrupted run works on, by the names that the user gave.</summary>
/// <param name="Recipe">How it trains.</param>
/// <param name="Model">The model; or the configuration, where there is a vocabulary.</param>
/// <param name="Vocabulary">That of a model from nothing; null where it is a checkpoint.</param>
/// <param name="Teacher">The encoder whose states are learnt; null for none.</param>
/// <param name="Texts">The texts.</param>
public sealed record InterruptedPretraining(PretrainingRecipe Recipe, string Model, string? Vocabulary, string? Teacher, IReadOnlyList<string> Texts);
