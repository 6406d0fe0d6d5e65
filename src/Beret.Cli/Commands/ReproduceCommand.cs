using System.CommandLine;
using System.Globalization;
using Beret.Pipelines;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Cli.Commands;

/// <summary><c>beret reproduce</c>: repeats a finished run from what its folder remembers, and compares.</summary>
internal static class ReproduceCommand
{
    private const double UsualTolerance = 0.02;

    public static Command Create(Terminal terminal)
    {
        var run = CommonOptions.Path("RUN", "The folder of a finished run of beret train (also in stages, or several runs), distil or pretrain");
        var data = CommonOptions.PathOption("--data", "Where the texts are now [default: where they were]", "DATA");
        var validation = CommonOptions.PathOption("--validation", "Where the validation texts are now [default: where they were]", "DATA");
        var model = CommonOptions.PathOption("--model", "Where the encoder is now [default: where it was]", "MODEL");
        var output = CommonOptions.PathOption("--output", "The folder that the repetition is written to [default: RUN-again]", "DIR");
        var threads = CommonOptions.Threads("as the run had");
        var tolerance = new Option<double?>("--tolerance")
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"How far figures may be apart where the environment differs; of those above 1 in proportion [default: {UsualTolerance}]"), HelpName = "X",
        };
        tolerance.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !(value >= 0)))
            {
                result.AddError($"--tolerance is '{token.Value}', not a number from 0 up");
            }
        });
        var resume = new Option<bool>("--resume") { Description = "Go on with the interrupted repetition in the output folder" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace what is in the output folder" };
        var json = CommonOptions.Json("Print the comparison as JSON");
        var verb = new Verb(
            "reproduce",
            "Repeat a finished run from what its folder remembers, and compare: weights bit by bit, figures side by side.",
            "beret reproduce runs/imdb",
            "beret reproduce runs/tickets --data /mnt/data/tickets.csv --output /tmp/tickets",
            "beret reproduce runs/imdb --tolerance 0.01 --json")
        {
            run, data, validation, model, output, threads, tolerance, resume, overwrite, json,
        };
        verb.Details = "The texts and the encoder have to be those that the run had; that is checked first. With the same version on the same instruction set the weights have to be the same to the\n"
            + "bit; where the environment differs, it says in what, and compares the figures. Exit code 0: it holds; 1: it does not.";
        verb.Runs(
            async (arguments, cancellation) =>
            {
                var folder = Path.TrimEndingDirectorySeparator(arguments.GetRequiredValue(run));
                var record = StagedState.IsIn(folder) || RepeatedState.IsIn(folder) ? null : Finished(folder);
                var command = RunArguments.CommandOf(folder)
                    ?? throw new BeretException(
                        $"{folder} does not remember the command that it was trained by: it is a part of another run (then reproduce that one, the folder above it), or was trained by a program or an earlier version");
                command = arguments.GetValue(data) is { } texts ? command with { Arguments = [texts] } : command;
                command = With(command, "--validation", arguments.GetValue(validation));
                command = With(command, command.Verb == "distil" ? "--student" : "--model", arguments.GetValue(model));
                var repetition = new Repetition(
                    folder, record, arguments.GetValue(threads), arguments.GetValue(tolerance) ?? UsualTolerance, arguments.GetValue(json), terminal);
                var again = arguments.GetValue(output) ?? $"{folder}-again";
                if (arguments.GetValue(resume) && Trainer.IsFinished(again))
                {
                    return repetition.Compared(again);
                }

                string[] words =
                [
                    .. command.Options, "--output", again,
                    .. arguments.GetValue(resume) ? ["--resume"] : Array.Empty<string>(), .. arguments.GetValue(overwrite) ? ["--overwrite"] : Array.Empty<string>(),
                    .. command.Arguments.Count > 0 ? ["--", .. command.Arguments] : Array.Empty<string>(),
                ];
                var parsed = Again(command.Verb, repetition, terminal).Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
                return parsed.Errors is [var error, ..]
                    ? throw new BeretException($"the command that {folder} remembers is none of this version: {error.Message}")
                    : await parsed.InvokeAsync(
                        new InvocationConfiguration { Output = terminal.Output, Error = terminal.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancellation);
            },
            endsByItself: true);
        return verb;
    }

    private static RunRecord Finished(string folder) => RunRecord.Read(folder) is { IsFinished: true } record ? record
        : throw new BeretException($"the run in {folder} is not finished: go on with it first (--resume)");

    /// <summary>The verb of the run, which hands its job to the repetition.</summary>
    private static Command Again(string verb, Repetition repetition, Terminal terminal) => verb switch
    {
        "train" => TrainCommand.Create(terminal, repetition),
        "distil" => DistilCommand.Create(terminal, repetition),
        "pretrain" => PretrainCommand.Create(terminal, repetition),
        _ => throw new BeretException($"runs of beret {verb} cannot be repeated, only those of beret train, distil and pretrain"),
    };

    /// <summary>The command with another value of an option; null leaves it as it is.</summary>
    private static RunCommand With(RunCommand command, string option, string? value)
    {
        if (value is null)
        {
            return command;
        }

        var options = command.Options.ToList();
        var place = options.IndexOf(option);
        if (place >= 0)
        {
            options[place + 1] = value;
        }
        else
        {
            options.AddRange([option, value]);
        }

        return command with { Options = options };
    }
}
