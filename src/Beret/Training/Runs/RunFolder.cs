using System.Text.Json;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Numerics;

namespace Beret.Training.Runs;

/// <summary>
/// A run's folder while the run works: its record, its log, its event files and its checkpoints. What cannot be written ends the run with a message that says what is safe and how to
/// go on.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const int MostAttempts = 20;
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);

    private readonly string path;
    private readonly IRunState state;
    private readonly ParameterSet set;
    private readonly RunLog log;
    private readonly EventFile? events;
    private readonly RunRecord record;
    private int? saved;

    private RunFolder(string path, RunRecord record, IRunState state, ParameterSet set, bool hasEvents, int? saved)
    {
        (this.path, this.record, this.state, this.set, this.saved) = (path, record, state, set, saved);
        RunLog? opened = null;
        EventFile? begun = null;
        Try(() =>
        {
            opened = new RunLog(path, state.LogBytes);
            begun = hasEvents ? EventFile.Begin(path, state.Step) : null;
        });
        (log, events) = (opened!, begun);
    }

    /// <summary>Begins a run, in the place of an earlier one: its log and checkpoints go in the moment when this one's record comes.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="record">What is known of the run.</param>
    /// <param name="state">Its state.</param>
    /// <param name="set">Its weights and their moments.</param>
    /// <param name="hasEvents">Whether TensorBoard's files are written.</param>
    /// <exception cref="TrainingException">The folder cannot be written.</exception>
    public static RunFolder Begin(string path, RunRecord record, IRunState state, ParameterSet set, bool hasEvents)
    {
        try
        {
            AtomicFolder.Write(path, folder => record.Write(folder, state), name => IsOfRun(name) || name is RunLog.Name or EventFile.Folder);
        }
        catch (CheckpointException error)
        {
            throw new TrainingException($"{error.Message}. Choose another folder (--output), or make room for it and give leave to write it", error);
        }

        return new RunFolder(path, record, state, set, hasEvents, saved: null);
    }

    /// <summary>Goes on with a run, from a checkpoint or from its beginning.</summary>
    public static RunFolder GoOn(string path, RunRecord record, IRunState state, ParameterSet set, bool hasEvents)
    {
        var folder = new RunFolder(path, record, state, set, hasEvents, saved: state.Step > 0 ? state.Step : null);
        folder.Try(() => record.Replace(path, state));
        return folder;
    }

    /// <summary>Whether nothing was logged yet.</summary>
    public bool IsNew => log.Length == 0;

    public void Step(in TrainingProgress progress)
    {
        var now = progress;
        Try(() => log.Step(now));
        Show(
            now.Step, ("train/loss", now.StepLoss), ("train/learning_rate", now.LearningRate), ("train/gradient_norm", now.GradientNorm), ("train/teacher_loss", now.TeacherLoss),
            ("train/logits_loss", now.StepParts?.Logits), ("train/relation_loss", now.StepParts?.Relations), ("train/hidden_loss", now.StepParts?.Hidden),
            ("speed/texts_per_second", now.TextsPerSecond), ("speed/tokens_per_second", now.TokensPerSecond));
    }

    /// <param name="point">A judgement of the model.</param>
    /// <param name="headline">What the task is judged by.</param>
    /// <param name="isKept">Whether this model is the one to keep.</param>
    /// <param name="chosen">What the kept model is chosen by, where that is something else.</param>
    public void Point(TrainingPoint point, string headline, bool isKept, string? chosen = null)
    {
        Try(() => log.Point(point, headline, isKept, chosen));
        Show(
            point.Step, ("epoch/loss", point.Loss), ("epoch/accuracy", double.IsNaN(point.Accuracy) ? null : point.Accuracy), ("validation/loss", point.ValidationLoss),
            ($"validation/{headline}", point.ValidationAccuracy), ($"validation/{chosen}", chosen is null ? null : point.Figure), ("validation/agreement", point.Agreement));
    }

    public void Message(string kind, string text) => Try(() => log.Message(kind, text));

    /// <summary>Saves what the run goes on with.</summary>
    public void Checkpoint()
    {
        Require();
        try
        {
            Try(Save);
        }
        catch (TrainingException)
        {
            // Because somebody deletes the folder just now?
            Require();
            throw;
        }
    }

    /// <summary>Lets the model be written, which replaces the folder.</summary>
    public void Replace(Action write) => Try(() =>
    {
        log.LetGo();
        write();
        if (!log.Follow())
        {
            // The folder was deleted; the model is there again, and so is all else now.
            record.Replace(path, state);
            log.WriteAgain();
        }
    });

    /// <summary>Ends the run: more is written into the folder, its record says what came of it, and what it would be gone on with goes.</summary>
    /// <param name="ending">How it ended, in words.</param>
    /// <param name="result">What came of it, a JSON object.</param>
    /// <param name="write">Given the folder that will take the place of this one.</param>
    /// <param name="drop">Given the name of an entry that the new folder lacks: whether it goes too.</param>
    public void Finish(string ending, JsonElement result, Action<string> write, Func<string, bool> drop)
    {
        Require();
        Message("end", ending);
        Replace(() => AtomicFolder.Write(
            path,
            folder =>
            {
                write(folder);
                (record with { Result = result }).Write(folder, state);
            },
            name => IsOfRun(name) || drop(name)));
    }

    /// <summary>Where somebody deleted the folder, or what is in it, all that is left of the run is written again, and the run ends. To be asked between two steps, when the state is whole.</summary>
    /// <exception cref="TrainingException">It was.</exception>
    public void Require()
    {
        if (IsThere)
        {
            return;
        }

        var lost = File.Exists(Path.Combine(path, ModelFolder.Weights)) ? null : state.LoseModel();
        Try(WriteAgain);
        throw new TrainingException(
            $"{path} was deleted while the run was working on it. The run has stopped; its log and its state after step {state.Step} are there again: go on with --resume"
            + $"{(lost is null ? "" : $". Gone is {lost}: the best of those that follow will be kept")}");
    }

    public void Dispose() => log.Dispose();

    /// <summary>Whether an entry of the folder is there for a run that is under way only.</summary>
    public static bool IsOfRun(string name) => ResumeFile.Names.Contains(name) || (name.StartsWith('.') && name.EndsWith(".new", StringComparison.Ordinal));

    private bool IsThere => File.Exists(Path.Combine(path, RunLog.Name));

    /// <summary>Writes all that is left of the run. Whoever deletes may not be done yet: what is written into a folder that is being emptied goes too, and is written once more.</summary>
    private void WriteAgain()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.CreateDirectory(path);
                record.Replace(path, state);
                if (!IsThere)
                {
                    log.WriteAgain();
                }

                Save();
            }
            catch (Exception error) when (attempt < MostAttempts && !IsThere && (error is CheckpointException || FileFault.Is(error)))
            {
                // It went while it was written.
            }

            Thread.Sleep(BetweenAttempts);
            if (attempt == MostAttempts || (IsThere && File.Exists(ResumeFile.PathIn(path)) && File.Exists(RunRecord.PathIn(path))))
            {
                return;
            }
        }
    }

    private void Show(int step, params ReadOnlySpan<(string Tag, double? Value)> figures)
    {
        if (events is null || !IsThere)
        {
            return;
        }

        try
        {
            events.Add(step, figures);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw Failed(error);
        }
    }

    private void Save()
    {
        log.FlushToDisk();
        state.LogBytes = log.Length;
        ResumeFile.Write(path, state, set);
        saved = state.Step;
    }

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is CheckpointException || FileFault.Is(error))
        {
            throw Failed(error);
        }
    }

    private TrainingException Failed(Exception error)
    {
        var what = error is CheckpointException ? error.Message : $"{path} cannot be written: {FileFault.Say(error)}";
        var safe = saved is { } step ? $"its state after step {step} is safe" : "it had saved nothing yet";
        return new TrainingException($"{what.TrimEnd('.')}. The run has stopped; {safe}: when there is room again and leave to write, go on with --resume", error);
    }
}
