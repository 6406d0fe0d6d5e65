using System.CommandLine;
using System.CommandLine.Parsing;
using Beret.Pipelines;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Cli;

/// <summary>The options of verbs that train: where a run is written, what becomes of what is there, and what it tells of itself.</summary>
internal sealed class RunArguments
{
    private readonly Option<bool> tensorBoard = new("--tensorboard") { Description = "Write what TensorBoard shows, below tensorboard/ in the output folder: tensorboard --logdir DIR" };

    /// <summary>Adds the option to a verb.</summary>
    public RunArguments(Command verb) => verb.Add(tensorBoard);

    /// <summary>Whether TensorBoard's files are wanted.</summary>
    public bool HasTensorBoard(ParseResult arguments) => arguments.GetValue(tensorBoard);

    /// <summary>What of a command line names model and data, to be asked for again: all but the recipe, and but where and how the run is written.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="isOfRecipe">Whether an option is a setting of the recipe.</param>
    public static RunCommand Command(ParseResult arguments, Func<Option, bool> isOfRecipe)
    {
        string[] own = ["--output", "--resume", "--overwrite", "--json", "--tensorboard", "--print-recipe", "--print-schema"];
        return new RunCommand(
            arguments.CommandResult.Command.Name, Data(arguments),
            [.. Given(arguments).Where(option => !own.Contains(option.Option.Name) && !isOfRecipe(option.Option)).SelectMany(Words)]);
    }

    /// <summary>The command that began the run in a folder; null where it remembers none.</summary>
    public static RunCommand? CommandOf(string folder) =>
        StagedState.IsIn(folder) ? StagedState.Read(folder).Command
        : RepeatedState.IsIn(folder) ? RepeatedState.Read(folder).Command
        : RunRecord.Find(folder)?.Command;

    /// <summary>The command line of a run that goes on, with what the command that began the run said of its texts, and this one does not say again.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="options">The options that say something of texts.</param>
    public static ParseResult Completed(ParseResult arguments, string folder, IEnumerable<Option> options)
    {
        var command = CommandOf(folder);
        var verb = arguments.CommandResult.Command;
        if (command is null || command.Verb != verb.Name)
        {
            return arguments;
        }

        var began = verb.Parse([.. command.Options], arguments.Configuration);
        var missing = Given(began).Where(option => options.Contains(option.Option) && !Given(arguments).Any(given => given.Option == option.Option)).ToList();
        return began.Errors.Count > 0 || missing.Count == 0 ? arguments
            : verb.Parse([.. Given(arguments).Concat(missing).SelectMany(Words), .. Data(arguments) is { Count: > 0 } data ? ["--", .. data] : Array.Empty<string>()], arguments.Configuration);
    }

    private static IReadOnlyList<string> Data(ParseResult arguments) =>
        [.. arguments.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)];

    private static IEnumerable<OptionResult> Given(ParseResult arguments) => arguments.CommandResult.Children.OfType<OptionResult>().Where(option => !option.Implicit);

    private static IEnumerable<string> Words(OptionResult option) =>
        option.Tokens.Count == 0 ? [option.Option.Name] : option.Tokens.SelectMany(token => (string[])[option.Option.Name, token.Value]);
}
