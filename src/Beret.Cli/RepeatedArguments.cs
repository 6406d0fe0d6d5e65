using System.CommandLine;
using System.Globalization;
using Beret.Pipelines;
using Beret.Training;

namespace Beret.Cli;

/// <summary>The options of <c>beret train</c> for training several times, and what it does with them.</summary>
internal sealed class RepeatedArguments
{
    private readonly Option<int?> seeds = new("--seeds")
    {
        Description = "Train so many times, with --seed and the seeds after it on the same texts, and say how far the figures are apart", HelpName = "N",
    };

    private readonly Option<int?> folds = new("--folds")
    {
        Description = "Cross-validation: divide the texts into so many parts with the same shares of labels, and train once for each part, which judges what learned from the others", HelpName = "N",
    };

    /// <summary>Adds the options to a verb.</summary>
    public RepeatedArguments(Command verb)
    {
        foreach (var option in (Option<int?>[])[seeds, folds])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 2))
                {
                    result.AddError($"{option.Name} is '{token.Value}', not a whole number from 2 up");
                }
            });
            verb.Add(option);
        }

        verb.Validators.Add(result =>
        {
            if (result.GetResult(seeds) is not null && result.GetResult(folds) is not null)
            {
                result.AddError("--seeds and --folds are two ways to train several times: give one of them");
            }
        });
    }

    /// <summary>What is to be repeated, and how often; null where one run is meant.</summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="before">The state of the run that goes on, or null.</param>
    public (RepeatKind Kind, int Count)? Asked(ParseResult arguments, RepeatedState? before) =>
        arguments.GetValue(seeds) is { } runs ? (RepeatKind.Seeds, runs)
        : arguments.GetValue(folds) is { } parts ? (RepeatKind.Folds, parts)
        : before is not null ? (before.Kind, before.Count)
        : null;

    /// <summary>Trains several times, shows it, and gives the exit code.</summary>
    /// <param name="job">What to train.</param>
    /// <param name="asked">How often.</param>
    /// <param name="again">The command that an interrupted run goes on with.</param>
    /// <param name="isJson">Whether the outcome is to be JSON.</param>
    /// <param name="terminal">Where to.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public static int Go(TrainingJob job, (RepeatKind Kind, int Count) asked, string again, bool isJson, Terminal terminal, CancellationToken cancellation)
    {
        var summary = new RepeatedTrainer(new RepeatedJob { Run = job, Kind = asked.Kind, Count = asked.Count }, new RepeatedDisplay(terminal, isJson)).Run(cancellation);
        terminal.Output.Write(isJson ? JsonText.Indented(summary.WriteJson) + "\n" : summary.IsInterrupted ? "" : Lines(summary, job.Output));
        if (!summary.IsInterrupted)
        {
            return ExitCode.Ok;
        }

        terminal.Say($"interrupted after {summary.Results.Count} of {asked.Count} runs, all saved; go on with: {again}");
        return ExitCode.Interrupted;
    }

    private static string Lines(RepeatedSummary summary, string folder) => $"{summary.ToTable()}\n" + (summary.Kind == RepeatKind.Folds
        ? $"What each text was answered is in {Path.Combine(folder, "out-of-fold.jsonl")}, all figures in {Path.Combine(folder, "metrics.json")}\nFor a model that learns from all texts, train once more without --folds.\n"
        : $"All figures are in {Path.Combine(folder, "metrics.json")}\n{(summary.Best is { } best ? $"The best on the validation texts is {best}\n" : "")}");
}
