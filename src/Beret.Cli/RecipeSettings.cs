using System.CommandLine;
using Beret.Training;

namespace Beret.Cli;

/// <summary>The settings of a recipe as options of a verb: <c>--recipe FILE</c>, and one for each setting, which comes before the file.</summary>
internal sealed class RecipeSettings
{
    private readonly Option<string> file = CommonOptions.PathOption("--recipe", "A recipe file (JSON with comments); options given beside it come first", "FILE");
    private readonly List<(RecipeOption Setting, Option<string?> Option)> settings;

    /// <param name="offered">Those that the verb has.</param>
    public RecipeSettings(IEnumerable<RecipeOption> offered) => settings = [.. offered.Select(setting => (setting, Of(setting)))];

    public void AddTo(Command verb)
    {
        verb.Add(file);
        foreach (var (_, option) in settings)
        {
            verb.Add(option);
        }
    }

    /// <summary>Whether an option is one of these, or names a file of them.</summary>
    public bool Contain(Option option) => option == file || settings.Exists(setting => setting.Option == option);

    /// <summary>A recipe as the arguments change it.</summary>
    public TrainingRecipe Apply(ParseResult arguments, TrainingRecipe start)
    {
        var recipe = arguments.GetValue(file) is { } path ? RecipeFile.Read(path, start) : start;
        foreach (var (setting, option) in settings)
        {
            if (arguments.GetValue(option) is { } text)
            {
                recipe = setting.Set(recipe, text);
            }
        }

        return recipe;
    }

    private static Option<string?> Of(RecipeOption setting)
    {
        var shown = setting.Get(new TrainingRecipe());
        var option = new Option<string?>($"--{setting.Name}")
        {
            Description = $"{setting.Description}{(shown.Length == 0 ? "" : $" [default: {shown}]")}",
            HelpName = setting.Choices.Count > 0 ? string.Join('|', [.. setting.Choices, .. setting.Other is { } other ? [other] : Array.Empty<string>()])
                : setting.JsonType != "integer" ? "X" : setting.Keyword is { } word ? $"N|{word}" : "N",
        };
        if (setting.Alias is { } alias)
        {
            option.Aliases.Add($"--{alias}");
        }

        if (setting.JsonType == "boolean")
        {
            // --name alone is yes; --name false takes back what a recipe file says.
            option.HelpName = "true|false";
            option.Arity = ArgumentArity.ZeroOrOne;
            option.CustomParser = result => result.Tokens is [var token] ? token.Value : "true";
            option.AcceptOnlyFromAmong("true", "false");
        }
        else if (setting is { Choices.Count: > 0, Other: null })
        {
            option.AcceptOnlyFromAmong([.. setting.Choices]);
        }
        else if (setting.Choices.Count > 0)
        {
            option.CompletionSources.Add([.. setting.Choices]);
        }

        return option;
    }
}
