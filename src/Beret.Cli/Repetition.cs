using System.Globalization;
using Beret.Pipelines;
using Beret.Pretraining;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Cli;

/// <summary>Runs a finished run again, into another folder, and compares the two.</summary>
/// <param name="run">The folder of the run.</param>
/// <param name="record">What its folder says of it; of a run in stages, or of several, null.</param>
/// <param name="threads">Threads that compute, or null: as many as the run had. The results do not depend on it.</param>
/// <param name="tolerance">How far figures may be apart where the environment differs.</param>
/// <param name="isJson">Whether the outcome is to be JSON.</param>
/// <param name="terminal">Where to.</param>
internal sealed class Repetition(string run, RunRecord? record, int? threads, double tolerance, bool isJson, Terminal terminal)
{
    /// <summary>Repeats a run, and gives the exit code.</summary>
    /// <param name="job">The job that the run's own command describes, with another output folder.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public int Go(TrainingJob job, CancellationToken cancellation)
    {
        var recipe = record!.Recipe();
        job = job with { Recipe = recipe with { Threads = threads ?? recipe.Threads }, Repeats = record, Command = record.Command };
        var summary = new Trainer(job, new TrainingDisplay(terminal, job, quiet: isJson)).Run(cancellation);
        return summary.IsInterrupted ? Interrupted(job.Output) : Compared(job.Output);
    }

    /// <summary>Repeats a pre-training run, and gives the exit code.</summary>
    /// <param name="job">The job that the run's own command describes, with another output folder.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public int Go(PretrainingJob job, CancellationToken cancellation)
    {
        var recipe = Pretrainer.RecipeOf(record!);
        job = job with { Recipe = recipe with { Threads = threads ?? recipe.Threads }, Repeats = record, Command = record!.Command };
        var summary = new Pretrainer(job, new PretrainingDisplay(terminal, quiet: isJson)).Run(cancellation);
        return summary.IsInterrupted ? Interrupted(job.Output) : Compared(job.Output);
    }

    /// <summary>Repeats a run in stages, and gives the exit code.</summary>
    /// <param name="job">The job that the run's own command describes, with another output folder.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public int Go(StagedJob job, CancellationToken cancellation)
    {
        var before = StagedState.Read(run);
        job = job with { Recipe = before.Recipe, Repeats = run, Command = before.Command };
        var summary = new StagedTrainer(job, new StagedDisplay(terminal, quiet: isJson)).Run(cancellation);
        return summary.IsInterrupted ? Interrupted(job.Output) : Compared(job.Output);
    }

    /// <summary>Repeats several runs of the same, and gives the exit code.</summary>
    /// <param name="job">The job that the runs' own command describes, with another output folder.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public int Go(RepeatedJob job, CancellationToken cancellation)
    {
        var before = RepeatedState.Read(run);
        job = job with
        {
            Kind = before.Kind,
            Count = before.Count,
            Repeats = run,
            Run = job.Run with { Recipe = before.Recipe with { Threads = threads ?? before.Recipe.Threads }, Command = before.Command },
        };
        var summary = new RepeatedTrainer(job, new RepeatedDisplay(terminal, isJson)).Run(cancellation);
        return summary.IsInterrupted ? Interrupted(job.Run.Output) : Compared(job.Run.Output);
    }

    private int Interrupted(string output)
    {
        terminal.Say($"interrupted, all saved; go on with: beret reproduce {CommonOptions.Quote(run)} --output {CommonOptions.Quote(output)} --resume");
        return ExitCode.Interrupted;
    }

    /// <summary>Compares the run with its finished repetition, shows it, and gives the exit code.</summary>
    public int Compared(string output)
    {
        var comparison = Reproduction.Compare(run, output, tolerance);
        if (isJson)
        {
            terminal.Output.WriteLine(JsonText.Indented(comparison.WriteJson));
        }
        else
        {
            Show(comparison, output);
        }

        return comparison.Holds ? ExitCode.Ok : ExitCode.FailedCheck;
    }

    private void Show(Reproduction comparison, string output)
    {
        terminal.Output.Write($"\n{run} and {output}:\n{comparison.ToTable()}\n");
        foreach (var (part, weights) in comparison.Models)
        {
            var name = part.Length == 0 ? "weights" : $"weights of {part}";
            terminal.Output.WriteLine(weights.IsIdentical
                ? $"{name}: identical, all {weights.Tensors} tensors, bit by bit"
                : string.Create(CultureInfo.InvariantCulture, $"{name}: {weights.Different} of {weights.Tensors} tensors differ, most {weights.Where} (by {weights.Largest:0.0e+0})"));
        }

        foreach (var difference in comparison.Environment)
        {
            terminal.Output.WriteLine($"environment: {difference}");
        }

        var apart = comparison.Tolerance.ToString("0.####", CultureInfo.InvariantCulture);
        terminal.Output.WriteLine((comparison.Holds, comparison.Environment.Count > 0) switch
        {
            (true, false) => "reproduced",
            (true, true) => $"reproduced: the environment differs, so not the bits but the figures count; they are within {apart} of each other",
            (false, true) => $"NOT reproduced: the environment differs, and the figures are further apart than {apart} (--tolerance)",
            (false, false) => $"NOT reproduced, though the environment is the same: were files of {run} changed since?",
        });
    }
}
