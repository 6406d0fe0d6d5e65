using Beret.Training;

namespace Beret.Cli;

/// <summary>A run of the trainer with what is shown of it, for all commands that train a classifier.</summary>
internal static class TrainingRun
{
    /// <summary>Trains, shows it, and gives the exit code.</summary>
    /// <param name="job">What to train.</param>
    /// <param name="again">The command that an interrupted run goes on with.</param>
    /// <param name="isJson">Whether the outcome is to be JSON.</param>
    /// <param name="terminal">Where to.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public static int Go(TrainingJob job, string again, bool isJson, Terminal terminal, CancellationToken cancellation)
    {
        var display = new TrainingDisplay(terminal, job, quiet: isJson);
        var summary = new Trainer(job, display).Run(cancellation);
        if (isJson)
        {
            terminal.Output.WriteLine(TrainingOutcome.Json(summary));
        }
        else
        {
            display.Finish(summary);
        }

        if (!summary.IsInterrupted)
        {
            return ExitCode.Ok;
        }

        terminal.Say($"interrupted after step {summary.Steps} of {summary.Plan.Steps}, all saved; go on with: {again}");
        return ExitCode.Interrupted;
    }

    /// <summary>Says that a run which was to go on is finished, takes away what a session that was ended in its last moment left beside it, and gives the exit code.</summary>
    public static int Finished(string folder, Terminal terminal)
    {
        Trainer.TidyUp(folder);
        terminal.Say($"the run in {folder} is finished; there is nothing to go on with");
        return ExitCode.Ok;
    }
}
