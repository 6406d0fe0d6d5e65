using System.Text.Json.Nodes;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Cli;

/// <summary>The settings of a recipe on the command line, for every kind of task.</summary>
public sealed class RecipeCommandTests : IDisposable
{
    private static readonly string[] Quick = ["--epochs", "2", "--batch-size", "8", "--max-length", "32", "--learning-rate", "3e-3", "--threads", "2", "--json"];

    /// <summary>All at once, where a task has labels.</summary>
    private static readonly string[] OfLabels =
    [
        "--class-weights", "balanced", "--label-smoothing", "0.05", "--focal-gamma", "1", "--gradient-accumulation", "2", "--freeze-layers", "1", "--head-learning-rate", "1e-2", "--schedule", "cosine",
        "--max-steps", "7", "--evaluate-every", "3", "--clip", "0.5", "--layer-decay", "0.9",
    ];

    private readonly TinyWorld world = new();

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData("binary", "f1")]
    [InlineData("multi-class", "f1_macro")]
    [InlineData("multi-label", "hamming_loss")]
    [InlineData("pairs", "matthews")]
    public async Task EveryTaskWithLabelsTakesThemAll(string task, string figure)
    {
        var run = await Train(Table(task), [.. OfLabels, "--keep", figure]);
        Assert.True(run.Code == 0, run.Error);
        var outcome = JsonNode.Parse(run.Output)!;
        Assert.Equal(task == "pairs" ? "binary" : task, (string)outcome["validation"]!["task"]!);
        var history = outcome["history"]!.AsArray();
        Assert.Equal([3, 5, 6, 7], history.Select(point => (int)point!["step"]!));
        var figures = history.Select(point => (double)point![$"validation_{figure}"]!).ToList();
        var best = history.Last(point => (bool)point!["kept"]!)!;
        Assert.Equal(figure == "hamming_loss" ? figures.Min() : figures.Max(), (double)best[$"validation_{figure}"]!);

        var recipe = JsonNode.Parse(File.ReadAllText(Path.Combine(world.Output("run"), "beret.json")))!["recipe"]!;
        Assert.Equal(("balanced", figure, 3), ((string)recipe["class_weights"]!, (string)recipe["keep"]!, (int)recipe["validate_every"]!));
        Assert.Equal(0, (await CommandRun.Of(["predict", world.Output("run"), "a great film", .. task == "pairs" ? (string[])["a plot", "--pairs"] : []])).Code);
    }

    [Fact]
    public async Task AFileComesBeforeAPresetAndAnOptionBeforeBoth()
    {
        File.WriteAllText(world.Output("recipe.json"), """{"max_steps": 77, "epochs": 9}""");
        var run = await CommandRun.Of("train", "--print-recipe", "--preset", "fast", "--recipe", world.Output("recipe.json"), "--epochs", "2");
        var recipe = RecipeFile.Parse(run.Output, "what was printed");
        Assert.Equal(TrainingPreset.Find("fast").Apply(new TrainingRecipe()) with { MaxSteps = 77, Epochs = 2 }, recipe);

        var none = await CommandRun.Of("train", "--print-recipe", "--preset", "slow");
        Assert.Equal(2, none.Code);
        Assert.Contains("'fast'", none.Error);
    }

    [Fact]
    public async Task ARegressionTakesWhatSaysNothingOfLabels()
    {
        var run = await Train(Table("regression"), [.. OfLabels.Skip(6), "--keep", "mae"]);
        Assert.True(run.Code == 0, run.Error);
        Assert.All(JsonNode.Parse(run.Output)!["history"]!.AsArray(), point => Assert.True((double)point!["validation_mae"]! > 0));
    }

    [Theory]
    [InlineData("regression", "--class-weights", "balanced", "--class-weights says something of labels, and a regression has numbers")]
    [InlineData("regression", "--label-smoothing", "0.1", "--label-smoothing says something of labels")]
    [InlineData("regression", "--focal-gamma", "2", "--focal-gamma says something of labels")]
    [InlineData("regression", "--keep", "f1", "a regression model has no such figure; it has loss, mse, rmse, mae, r2, pearson, spearman")]
    [InlineData("binary", "--class-weights", "odd=2", "names the label \"odd\", and there is none such: the labels are bad, good")]
    [InlineData("binary", "--class-weights", "good", "--class-weights is \"good\", not none or balanced or LABEL=WEIGHT")]
    [InlineData("binary", "--keep", "f1_makro", "--keep is \"f1_makro\", not best-accuracy or best-loss or last or FIGURE")]
    [InlineData("binary", "--keep", "f1_macro", "a binary model has no such figure; it has loss, accuracy")]
    [InlineData("binary", "--freeze-layers", "3", "--freeze-layers is 3, and the model has 2 layers")]
    [InlineData("binary", "--gradient-accumulation", "0", "--gradient-accumulation is \"0\", not a whole number from 1")]
    [InlineData("binary", "--schedule", "step", "'step'")]
    [InlineData("binary", "--label-smoothing", "1", "--label-smoothing is \"1\", not a number from 0 to 0.99")]
    public async Task WhatDoesNotFitIsSaidAndNothingIsWritten(string task, string option, string value, string message)
    {
        var run = await Train(Table(task), option, value);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(world.Output("run")));
    }

    [Fact]
    public async Task TheHelpNamesEverySettingWithItsValuesAndItsDefault()
    {
        var help = string.Join(' ', (await CommandRun.Of("train", "--help")).Output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.All(RecipeOption.All.Where(option => !option.NeedsTeacher), option => Assert.Contains($"--{option.Name} ", help, StringComparison.Ordinal));
        Assert.Contains("none|balanced|LABEL=WEIGHT", help, StringComparison.Ordinal);
        Assert.Contains("best-accuracy|best-loss|last|FIGURE", help, StringComparison.Ordinal);
        Assert.Contains("--evaluate-every", help, StringComparison.Ordinal);
        Assert.Contains("linear|cosine|constant", help, StringComparison.Ordinal);
        Assert.Contains("[default: linear]", help, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStudentTakesThemToo()
    {
        var file = Table("binary");
        Assert.Equal(0, (await Train(file)).Code);
        var run = await CommandRun.Of(["distil", file, "--teacher", world.Output("run"), "--student", world.Model, "--output", world.Output("student"), .. Quick, .. OfLabels, "--keep", "roc_auc"]);
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(7, (int)JsonNode.Parse(run.Output)!["steps"]!);

        var refused = await CommandRun.Of(["distil", file, "--teacher", world.Output("run"), "--student", world.Model, "--output", world.Output("other"), .. Quick, "--freeze-layers", "1", "--hidden-states", "all"]);
        Assert.Equal(2, refused.Code);
        Assert.Contains("--hidden-states last", refused.Error, StringComparison.Ordinal);
    }

    private Task<CommandRun> Train(string file, params string[] more) =>
        CommandRun.Of(["train", file, "--model", world.Model, "--output", world.Output("run"), .. Quick, .. more]);

    /// <summary>A hundred texts with unequal classes: 80 are learned from, in five steps of 16.</summary>
    private string Table(string task)
    {
        var texts = TinyWorld.Texts(100).Examples;
        var lines = task switch
        {
            "multi-class" => texts.Select((one, i) => $"{one.Text}\t{(i % 7 == 0 ? "odd" : one.Label == 1 ? "good" : "bad")}").Prepend("text\tlabel"),
            "multi-label" => texts.Select((one, i) => $"{one.Text}\t{(one.Label == 1 ? "good" : "bad")}{(i % 7 == 0 ? "|odd" : "")}").Prepend("text\ttags"),
            "regression" => texts.Select((one, i) => $"{one.Text}\t{one.Label + i % 10 / 100.0}").Prepend("text\tscore"),
            "pairs" => texts.Select((one, i) => $"{one.Text}\t{texts[(i + 1) % 100].Text}\t{(one.Label == texts[(i + 1) % 100].Label ? "same" : "other")}").Prepend("sentence1\tsentence2\tlabel"),
            _ => texts.Select((one, i) => $"{one.Text}\t{(one.Label == 1 && i % 3 > 0 ? "good" : "bad")}").Prepend("text\tlabel"),
        };
        var path = world.Output($"{task}.tsv");
        File.WriteAllLines(path, lines);
        return path;
    }
}
