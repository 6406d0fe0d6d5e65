using System.CommandLine;
using Beret.Training;

namespace Beret.Cli;

/// <summary>The settings of a recipe as options of a verb: <c>--preset NAME</c>, <c>--recipe FILE</c>, and one for each setting; the later of these come before the earlier.</summary>
internal sealed class RecipeSettings
{
    private readonly Option<string?> preset = new("--preset")
    {
        Description = $"What the recipe begins with: {string.Join("; ", TrainingPreset.All.Select(preset => $"{preset.Name}, {preset.Description}"))}", HelpName = string.Join('|', TrainingPreset.All.Select(preset => preset.Name)),
    };

    private readonly Option<string> file = CommonOptions.PathOption("--recipe", "A recipe file (JSON with comments); it comes before a preset, and options given beside it come before both", "FILE");
    private readonly List<(RecipeOption Setting, Option<string?> Option)> settings;
    private readonly bool hasPresets;

    /// <param name="offered">Those that the verb has.</param>
    /// <param name="hasPresets">Whether it has presets, too.</param>
    public RecipeSettings(IEnumerable<RecipeOption> offered, bool hasPresets = false)
    {
        settings = [.. offered.Select(setting => (setting, Of(setting)))];
        this.hasPresets = hasPresets;
        preset.AcceptOnlyFromAmong([.. TrainingPreset.All.Select(known => known.Name)]);
    }

    public void AddTo(Command verb)
    {
        if (hasPresets)
        {
            verb.Add(preset);
        }

        verb.Add(file);
        foreach (var (_, option) in settings)
        {
            verb.Add(option);
        }
    }

    /// <summary>Whether an option is one of these, or names many of them.</summary>
    public bool Contain(Option option) => option == file || option == preset || settings.Exists(setting => setting.Option == option);

    /// <summary>A recipe as the arguments change it.</summary>
    public TrainingRecipe Apply(ParseResult arguments, TrainingRecipe start)
    {
        var recipe = hasPresets && arguments.GetValue(preset) is { } name ? TrainingPreset.Find(name).Apply(start) : start;
        recipe = arguments.GetValue(file) is { } path ? RecipeFile.Read(path, recipe) : recipe;
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
