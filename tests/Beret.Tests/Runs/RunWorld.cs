using System.Text.RegularExpressions;
using Beret.Tests.Cli;
using Beret.Tests.Training;

namespace Beret.Tests.Runs;

/// <summary>A tiny model and a table of texts on the disk, for runs through the command line.</summary>
internal sealed partial class RunWorld : IDisposable
{
    private readonly TinyWorld world = new();

    public RunWorld() => WriteTable(Data, TinyWorld.Texts(200));

    public string Root => world.Root;

    public string Model => world.Model;

    public string Data => world.Output("reviews.csv");

    public string WriteModel(string name) => world.WriteModel(name, hiddenSize: 16, layers: 1);

    public string Output(params string[] parts) => Path.Combine([world.Root, .. parts]);

    public static void WriteTable(string path, Beret.Data.LabelledTexts texts) =>
        File.WriteAllLines(path, ["text,label", .. texts.Examples.Select(example => $"{example.Text},{texts.Labels[example.Label]}")]);

    /// <summary>The command line of a run of 120 steps in three epochs that makes a checkpoint after each step; what is given besides comes first.</summary>
    public string[] Train(string output, params string[] more)
    {
        (string Name, string Value)[] usual =
        [
            ("--model", Model), ("--epochs", "3"), ("--batch-size", "4"), ("--max-length", "24"), ("--learning-rate", "3e-3"), ("--checkpoint-every", "1"), ("--threads", "1"), ("--keep", "last"),
        ];
        return ["train", Data, "--output", Output(output), .. usual.Where(option => !more.Contains(option.Name)).SelectMany(option => (string[])[option.Name, option.Value]), .. more];
    }

    /// <summary>The command line of a pre-training run of three passes, with a teacher, that makes a checkpoint after each step.</summary>
    public string[] Pretrain(string output)
    {
        if (!File.Exists(Output("texts.txt")))
        {
            File.WriteAllLines(Output("texts.txt"), TinyWorld.Texts(200).Examples.Select(example => example.Text));
        }

        return
        [
            "pretrain", Output("texts.txt"), "--output", Output(output), "--model", Model, "--teacher", Model, "--epochs", "3", "--batch-tokens", "64", "--max-length", "24", "--learning-rate", "3e-3",
            "--held-out", "0.1", "--checkpoint-every", "1", "--validate-every", "7", "--threads", "1",
        ];
    }

    /// <summary>The command line of a run that learns from a teacher and makes a checkpoint after each step.</summary>
    public string[] Distil(string output, string teacher)
    {
        var train = Train(output, "--validate-every", "7");
        var model = Array.IndexOf(train, "--model");
        return ["distil", .. train[1..model], "--teacher", Output(teacher), "--student", .. train[(model + 1)..]];
    }

    public async Task<CommandRun> Trained(string output, params string[] more)
    {
        var run = await CommandRun.Of(Train(output, more));
        Assert.True(run.Code == 0, run.Error);
        return run;
    }

    /// <summary>Begins a run in a process of its own and kills it after some steps.</summary>
    public async Task Killed(string output, int steps, params string[] more)
    {
        using var process = BeretProcess.Start(Train(output, more));
        await process.Until(() => StepsOf(output) >= steps);
        Assert.False(process.HasEnded, process.HasEnded ? (await process.Ends()).Error : "");
        process.Kill();
        await process.Ends();
    }

    public int StepsOf(string output) => Read(output, "log.jsonl").Split("\"event\":\"step\"").Length - 1;

    public byte[] Weights(params string[] output) => File.ReadAllBytes(Path.Combine(Output(output), "model.safetensors"));

    /// <summary>The log without what a clock says.</summary>
    public string Log(string output) => Times().Replace(Read(output, "log.jsonl"), "");

    /// <summary>What a run came to, the same way.</summary>
    public string Figures(string output) => Seconds().Replace(Read(output, "metrics.json") + Read(output, "pretraining.json"), "");

    /// <summary>What lies beside a run's folder because of it.</summary>
    public IEnumerable<string> Beside(string output) => Directory.EnumerateFileSystemEntries(Root, $".{output}.*");

    /// <summary>Asserts that a finished run is another one, to the bit, and that it left nothing behind.</summary>
    public void AssertSame(string expected, string actual)
    {
        Assert.Equal(Weights(expected), Weights(actual));
        Assert.Equal(Log(expected), Log(actual));
        Assert.Equal(Figures(expected), Figures(actual));
        Assert.Equal(Names(expected), Names(actual));
        Assert.Empty(Beside(actual));
    }

    public void Copy(string from, string to)
    {
        Directory.CreateDirectory(Output(to));
        foreach (var file in Directory.EnumerateFiles(Output(from)))
        {
            File.Copy(file, Path.Combine(Output(to), Path.GetFileName(file)));
        }
    }

    public string Read(string output, string name)
    {
        var path = Path.Combine(Output(output), name);
        if (!File.Exists(path))
        {
            return "";
        }

        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    public void Dispose() => world.Dispose();

    private IEnumerable<string?> Names(string output) => Directory.EnumerateFileSystemEntries(Output(output)).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    [GeneratedRegex(""","(texts_per_second|tokens_per_second|seconds)":[-+0-9.eE]+""")]
    private static partial Regex Times();

    [GeneratedRegex("""\n *"seconds": [0-9.]+,""")]
    private static partial Regex Seconds();
}
