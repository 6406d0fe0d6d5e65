using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Tests.Training;

namespace Beret.Tests.Cli;

/// <summary>Each task from a file to predictions by a model that was written and read again, by the command line alone.</summary>
public sealed class TaskCommandTests : IDisposable
{
    private static readonly string[] Quick = ["--epochs", "12", "--batch-size", "16", "--max-length", "32", "--learning-rate", "3e-3", "--threads", "2", "--json"];

    private readonly TinyWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task SeveralLabelsOfATextAreLearntFromJsonLists()
    {
        var (train, test) = (Sets("train.jsonl", 160, 1), Sets("test.jsonl", 60, 2));
        var trained = await Train(train, "--epochs", "30");
        Assert.Contains("JSON lists", trained.Error, StringComparison.Ordinal);
        var outcome = JsonNode.Parse(trained.Output)!;
        Assert.Equal("multi-label", (string)outcome["validation"]!["task"]!);
        Assert.Equal((double)outcome["validation"]!["f1_micro"]!, outcome["history"]!.AsArray().Max(point => (double)point!["validation_f1_micro"]!));
        Assert.Null(outcome["history"]![0]!["accuracy"]);

        var result = await Evaluate(test);
        Assert.Equal(["bad", "good", "story"], result["per_class"]!.AsArray().Select(label => (string)label!["label"]!));
        Assert.True((double)result["f1_micro"]! > 0.9, result.ToJsonString());

        var line = await CommandRun.Of("predict", world.Output("run"), "it was a great film of a plot", "the film was and of", "--json");
        var (first, second) = (JsonNode.Parse(line.Lines[0])!, JsonNode.Parse(line.Lines[1])!);
        Assert.Equal(["good", "story"], first["labels"]!.AsArray().Select(label => (string)label!));
        Assert.Empty(second["labels"]!.AsArray());
        Assert.True((double)first["probabilities"]!["story"]! > 0.5);
        Assert.Contains(": labels: good, story", (await CommandRun.Of("predict", world.Output("run"), "it was a great film of a plot")).Output, StringComparison.Ordinal);

        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(world.Output("run"), "config.json")));
        Assert.Equal("multi_label_classification", config.RootElement.GetProperty("problem_type").GetString());
        Assert.Contains("any of 3 labels", File.ReadAllText(Path.Combine(world.Output("run"), "README.md")), StringComparison.Ordinal);
        Assert.Contains("F1, micro", File.ReadAllText(Path.Combine(world.Output("run"), "report.html")), StringComparison.Ordinal);

        var quantized = await CommandRun.Of("quantize", world.Output("run"), world.Output("int8"), "--data", test, "--max-drop", "20", "--json");
        Assert.True(quantized.Code == 0, quantized.Error);
        Assert.Equal((double)result["f1_micro"]!, (double)JsonNode.Parse(quantized.Output)!["f1_micro_before"]!, 1e-12);
    }

    [Fact]
    public async Task SeveralLabelsStandBetweenADelimiterToo()
    {
        var file = world.Output("tags.csv");
        File.WriteAllLines(file, SetsOf(120, 1).Select(one => $"\"{one.Text}\",{string.Join('|', one.Labels)}").Prepend("text,tags"));
        var trained = await Train(file);
        Assert.Contains("`|` stands between labels", trained.Error, StringComparison.Ordinal);
        var unseen = world.Output("unseen.csv");
        File.WriteAllText(unseen, "text,tags\na great film,good|odd\n");
        var run = await CommandRun.Of("evaluate", world.Output("run"), unseen);
        Assert.Equal(2, run.Code);
        Assert.Contains("`odd`", run.Error, StringComparison.Ordinal);
        Assert.Contains("`bad`, `good`, `story`", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANumberIsLearnt()
    {
        var (train, test) = (Numbers("train.csv", 200, 1), Numbers("test.csv", 60, 2));
        var trained = await Train(train);
        Assert.Contains("decimal numbers", trained.Error, StringComparison.Ordinal);
        var outcome = JsonNode.Parse(trained.Output)!;
        Assert.Equal("regression", (string)outcome["validation"]!["task"]!);

        var result = await Evaluate(test);
        Assert.True((double)result["pearson"]! > 0.9, result.ToJsonString());
        Assert.True((double)result["rmse"]! < 1, result.ToJsonString());

        var predicted = await CommandRun.Of("predict", world.Output("run"), "the film was great", "the film was awful", "--json");
        var values = predicted.Lines.Select(line => (double)JsonNode.Parse(line)!["value"]!).ToArray();
        Assert.True(values[0] > values[1] + 1, predicted.Output);
        Assert.Contains(": score: ", (await CommandRun.Of("predict", world.Output("run"), "the film was great")).Output, StringComparison.Ordinal);

        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(world.Output("run"), "config.json")));
        Assert.Equal(("regression", 1), (config.RootElement.GetProperty("problem_type").GetString(), config.RootElement.GetProperty("num_labels").GetInt32()));
        Assert.Contains("gives a text's **score**, a number", File.ReadAllText(Path.Combine(world.Output("run"), "README.md")), StringComparison.Ordinal);

        var other = world.Output("other.csv");
        File.WriteAllText(other, "text,score\na great film,4.5\na film,good\n");
        var run = await CommandRun.Of("evaluate", world.Output("run"), other);
        Assert.Equal(2, run.Code);
        Assert.Contains("line 3: its label `good` is no number", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsDecidedCanBeSaid()
    {
        var file = world.Output("stars.csv");
        File.WriteAllLines(file, TinyWorld.Texts(80).Examples.Select(one => $"{one.Text},{(one.Label == 1 ? 5 : 1)}").Prepend("text,stars"));
        Assert.Equal("binary", (string)JsonNode.Parse((await Train(file, "--epochs", "1")).Output)!["validation"]!["task"]!);
        Assert.Equal("regression", (string)JsonNode.Parse((await Train(file, "--epochs", "1", "--overwrite", "--task", "regression")).Output)!["validation"]!["task"]!);
        Assert.Equal("multi-label", (string)JsonNode.Parse((await Train(file, "--epochs", "1", "--overwrite", "--task", "multi-label")).Output)!["validation"]!["task"]!);
        var shown = await CommandRun.Of("train", file, "--model", world.Model, "--output", world.Output("shown"), "--epochs", "1", "--max-length", "24", "--task", "regression");
        Assert.True(shown.Code == 0, shown.Error);
        Assert.Contains("with a number each (regression): stars", shown.Output, StringComparison.Ordinal);
        Assert.Contains("val_pearson", shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHundredClassesAreLearnt()
    {
        // The first two words tell the class.
        string[] words = ["great", "fine", "lovely", "superb", "awful", "poor", "dull", "weak", "the", "film"];
        var lines = Enumerable.Range(0, 400).Select(i => $"{words[i % 10]} {words[i / 10 % 10]},class {i % 100:00}");
        var file = world.Output("hundred.csv");
        File.WriteAllLines(file, lines.Prepend("text,label"));
        var trained = await Train(file, "--epochs", "30", "--learning-rate", "1e-2", "--validation", file, "--dropout", "0");
        var result = await Evaluate(file);
        Assert.Equal("multi-class", (string)result["task"]!);
        Assert.Equal(100, result["labels"]!.AsArray().Count);
        Assert.Equal("class 42", (string)result["labels"]![42]!);
        Assert.True((double)result["accuracy"]! > 0.5, trained.Output);
    }

    [Fact]
    public async Task PairsArePredictedFromArgumentsLinesAndJson()
    {
        var file = world.Output("pairs.tsv");
        File.WriteAllLines(file, TinyWorld.Texts(40).Examples.Zip(TinyWorld.Texts(40, seed: 3).Examples, (one, other) =>
            $"{one.Text}\t{other.Text}\t{(one.Label == other.Label ? "same" : "other")}").Prepend("sentence1\tsentence2\tlabel"));
        await Train(file, "--epochs", "1");
        var run = world.Output("run");
        var arguments = await CommandRun.Of("predict", run, "--pairs", "a great film", "the plot was dull", "--json");
        Assert.True(arguments.Code == 0, arguments.Error);
        var lines = await CommandRun.WithInput("a great film\tthe plot was dull\n", "predict", run, "--pairs", "--json");
        var json = await CommandRun.WithInput("{\"text\": \"a great film\", \"pair\": \"the plot was dull\"}\n\n", "predict", run, "--jsonl", "--json");
        Assert.Equal(arguments.Output, lines.Output);
        Assert.Equal(arguments.Output, json.Output);
        Assert.Equal("the plot was dull", (string)JsonNode.Parse(json.Output)!["pair"]!);
        Assert.NotEqual(
            (double)JsonNode.Parse(arguments.Output)!["score"]!,
            (double)JsonNode.Parse((await CommandRun.Of("predict", run, "a great film the plot was dull", "--json")).Output)!["score"]!);

        Assert.Contains("line 1: it has 0 tabs", (await CommandRun.WithInput("a film\n", "predict", run, "--pairs")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandRun.Of("predict", run, "--pairs", "alone")).Code);
    }

    private async Task<CommandRun> Train(string file, params string[] more)
    {
        // The last of an option given twice would be an error: what a test gives replaces the quick one.
        var quick = Quick.Chunk(2).Where(option => !more.Contains(option[0])).SelectMany(option => option);
        var run = await CommandRun.Of(["train", file, "--model", world.Model, "--output", world.Output("run"), .. quick, .. more]);
        Assert.True(run.Code == 0, run.Error);
        return run;
    }

    private async Task<JsonNode> Evaluate(string file)
    {
        var run = await CommandRun.Of("evaluate", world.Output("run"), file, "--json");
        Assert.True(run.Code == 0, run.Error);
        return JsonNode.Parse(run.Output)!;
    }

    private string Sets(string name, int count, int seed)
    {
        var path = world.Output(name);
        File.WriteAllLines(path, SetsOf(count, seed).Select(one => new JsonObject
        {
            ["text"] = one.Text, ["label"] = new JsonArray([.. one.Labels.Select(label => JsonValue.Create(label))]),
        }.ToJsonString()));
        return path;
    }

    /// <summary>Texts with a good or a bad word or neither, and with or without a plot.</summary>
    private static IEnumerable<(string Text, string[] Labels)> SetsOf(int count, int seed)
    {
        foreach (var example in TinyWorld.Texts(count, seed).Examples)
        {
            var words = example.Text.Split(' ').ToList();
            var isPlain = example.Text.Length % 3 == 0;
            if (isPlain)
            {
                words.RemoveAll(word => word is "great" or "fine" or "lovely" or "superb" or "awful" or "poor" or "dull" or "weak");
            }

            string[] labels = [.. isPlain ? [] : (string[])[example.Label == 1 ? "good" : "bad"], .. words.Contains("plot") ? (string[])["story"] : []];
            yield return (string.Join(' ', words), labels);
        }
    }

    private string Numbers(string name, int count, int seed)
    {
        var path = world.Output(name);
        var random = new Random(seed);
        File.WriteAllLines(path, TinyWorld.Texts(count, seed).Examples
            .Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Text},{(one.Label == 1 ? 4 : 1) + random.Next(20) / 20.0:0.00}")).Prepend("text,score"));
        return path;
    }
}
