using System.CommandLine;
using System.CommandLine.Parsing;
using Beret.Training;

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
        var result = arguments.CommandResult;
        return new RunCommand(
            result.Command.Name,
            [.. result.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)],
            [
                .. result.Children.OfType<OptionResult>().Where(option => !option.Implicit && !own.Contains(option.Option.Name) && !isOfRecipe(option.Option))
                    .SelectMany(option => option.Tokens.Count == 0 ? [option.Option.Name] : option.Tokens.SelectMany(token => (string[])[option.Option.Name, token.Value])),
            ]);
    }
}
