using System.CommandLine;
using System.CommandLine.Parsing;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Cli;

/// <summary>Arguments and options that several verbs have, with one name and one meaning.</summary>
internal static class CommonOptions
{
    public static Argument<string> Model() => Path("MODEL", "A model folder (one that beret train wrote, or a Hugging Face one), or the classifier that TensorFlow's tutorial saved");

    public static Argument<string> Path(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(result => RefuseEmpty(result, name));
        return argument;
    }

    public static Argument<string[]> Paths(string name, string description)
    {
        var argument = new Argument<string[]>(name) { Description = description, HelpName = name, Arity = ArgumentArity.OneOrMore };
        argument.Validators.Add(result => RefuseEmpty(result, name));
        return argument;
    }

    public static Option<string> PathOption(string name, string description, string helpName = "PATH", bool required = false)
    {
        var option = new Option<string>(name) { Description = description, HelpName = helpName, Required = required };
        option.Validators.Add(result => RefuseEmpty(result, name));
        return option;
    }

    public static Option<int?> Threads(string otherwise = "one for each processor")
    {
        var option = new Option<int?>("--threads") { Description = $"Threads that compute; the results do not depend on it [default: {otherwise}]", HelpName = "N" };
        option.Validators.Add(result => RefuseBelow(result, "--threads", 1));
        return option;
    }

    public static Option<int?> MaxLength(string description, int least)
    {
        var option = new Option<int?>("--max-length") { Description = description, HelpName = "N" };
        option.Validators.Add(result => RefuseBelow(result, "--max-length", least));
        return option;
    }

    public static Option<int?> Count(string name, string description)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result => RefuseBelow(result, name, 1));
        return option;
    }

    public static Option<string?> Truncation()
    {
        var option = new Option<string?>("--truncation")
        {
            Description = "Which tokens of a longer text are kept; windows: all, in several windows that overlap", HelpName = string.Join('|', Truncations.Names),
        };
        option.AcceptOnlyFromAmong([.. Truncations.Names]);
        return option;
    }

    public static Option<int?> WindowOverlap(string otherwise)
    {
        var option = new Option<int?>("--window-overlap")
        {
            Description = $"With truncation windows: tokens that a window has in common with the one before it, at most half of --max-length [default: {otherwise}]", HelpName = "N",
        };
        option.Validators.Add(result => RefuseBelow(result, "--window-overlap", 0));
        return option;
    }

    public static Option<string?> WindowPooling()
    {
        var option = new Option<string?>("--window-pooling")
        {
            Description = "With truncation windows: how the logits of a text are made of those of its windows [default: as the model was trained, else mean]", HelpName = string.Join('|', WindowPoolings.Names),
        };
        option.AcceptOnlyFromAmong([.. WindowPoolings.Names]);
        return option;
    }

    public static Option<string?> Precision()
    {
        var option = new Option<string?>("--precision") { Description = "The arithmetic of the matrix products [default: as the model was trained or quantized]", HelpName = string.Join('|', Precisions.Names) };
        option.AcceptOnlyFromAmong([.. Precisions.Names]);
        return option;
    }

    public static Option<bool> Json(string description) => new("--json") { Description = description };

    /// <summary>A path as it can be typed in a command.</summary>
    public static string Quote(string text) => text.All(c => char.IsLetterOrDigit(c) || "-_./\\:+".Contains(c)) ? text : $"\"{text}\"";

    public static void RefuseBelow(OptionResult result, string name, int least)
    {
        if (result.Tokens is [var token] && (!int.TryParse(token.Value, out var value) || value < least))
        {
            result.AddError($"{name} is '{token.Value}', not a whole number from {least} on");
        }
    }

    private static void RefuseEmpty(SymbolResult result, string name)
    {
        if (result.Tokens.Any(token => token.Value.Length == 0))
        {
            result.AddError($"{name} is empty");
        }
    }
}
