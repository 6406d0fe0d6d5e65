using System.Diagnostics;
using System.Text.Json.Nodes;
using Beret.Cli;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("train")]
    [InlineData("distil")]
    [InlineData("reduce")]
    [InlineData("reproduce")]
    [InlineData("evaluate")]
    [InlineData("predict")]
    [InlineData("serve")]
    [InlineData("tokenize")]
    [InlineData("parity")]
    [InlineData("export")]
    [InlineData("info")]
    [InlineData("bench")]
    [InlineData("models")]
    [InlineData("completions")]
    public async Task EveryVerbHasHelpWithExamples(string verb)
    {
        var run = await CommandRun.Of(verb, "--help");
        Assert.Equal(0, run.Code);
        Assert.Contains($"beret {verb}", run.Output);
        Assert.Contains("Examples:", run.Output);
        Assert.Empty(run.Error);
    }

    public static TheoryData<string[]> BadCommandLines => new()
    {
        Array.Empty<string>(),
        new[] { "predikt" },
        new[] { "predict" },
        new[] { "predict", "" },
        new[] { "predict", "no/such/folder", "text" },
        new[] { "predict", "model", "text", "--threads", "0" },
        new[] { "predict", "model", "text", "--truncation", "middle" },
        new[] { "predict", "model", "text", "--file", "x" },
        new[] { "evaluate", "model" },
        new[] { "reproduce" },
        new[] { "reproduce", "no/such/folder" },
        new[] { "tokenize" },
        new[] { "tokenize", "--vocab", "vocab.txt" },
        new[] { "tokenize", "--vocab", "vocab.txt", "--cased", "--uncased" },
        new[] { "parity", "--model", "x" },
        new[] { "parity", "--model", "x", "--expected", "y", "--tolerance", "-1" },
        new[] { "info", "no/such/file.safetensors" },
        new[] { "bench" },
        new[] { "bench", "no/such/folder" },
        new[] { "models", "" },
        new[] { "models", "pull" },
        new[] { "models", "pull", "" },
        new[] { "completions", "fish" },
    };

    [Theory]
    [MemberData(nameof(BadCommandLines))]
    public async Task WhatCannotBeDoneEndsWithTwoAndAMessage(string[] arguments)
    {
        var run = await CommandRun.Of(arguments);
        Assert.Equal(2, run.Code);
        Assert.Empty(run.Output);
        Assert.StartsWith("beret: ", run.Error);
        Assert.DoesNotContain("   at ", run.Error);
        Assert.DoesNotContain("unexpected error", run.Error);
    }

    [Fact]
    public async Task PredictPrintsEachArgumentInTheTutorialsManner()
    {
        var folder = TinyModel.Write(temporary["model"]);
        var run = await CommandRun.Of("predict", folder, "this is such an amazing movie!", "The movie was great!");

        Assert.Equal(0, run.Code);
        Assert.Matches(@"^input: this is such an amazing movie! : score: [01]\.\d{6} : label: (neg|pos)$", run.Lines[0]);
        Assert.Matches(@"^input: The movie was great!           : score: [01]\.\d{6} : label: (neg|pos)$", run.Lines[1]);
    }

    [Fact]
    public async Task PredictGivesTheSameFromArgumentsAFileAndStandardInput()
    {
        var folder = TinyModel.Write(temporary["model"]);
        var texts = TinyModel.Sentences.Where(text => text.Length > 0).ToArray();
        var file = temporary.Write("texts.txt", string.Join("\r\n", texts));
        var arguments = await CommandRun.Of(["predict", folder, .. texts]);
        var fromFile = await CommandRun.Of("predict", folder, "--file", file);
        var fromInput = await CommandRun.WithInput(string.Join('\n', texts) + "\n", "predict", folder);

        Assert.Equal(texts.Length, arguments.Lines.Length);
        Assert.Equal(arguments.Output, fromFile.Output);
        Assert.Equal(arguments.Output, fromInput.Output);
    }

    [Fact]
    public async Task PredictWritesOneJsonObjectForEachLine()
    {
        var folder = TinyModel.Write(temporary["model"], TinyModel.MultiClass);
        var run = await CommandRun.WithInput("a movie\n\n\"quoted\" ä\n", "predict", folder, "--json");

        var objects = run.Lines.Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["a movie", "", "\"quoted\" ä"], objects.Select(o => (string?)o["text"]));
        Assert.All(objects, o => Assert.Equal((double)o["score"]!, o["probabilities"]!.AsObject().Max(p => (double)p.Value!)));
        Assert.All(objects, o => Assert.Equal(3, o["logits"]!.AsArray().Count));
    }

    [Fact]
    public async Task PredictStreamsLinesOfAnyNumber()
    {
        var folder = TinyModel.Write(temporary["model"]);
        var input = string.Concat(Enumerable.Range(0, 5000).Select(i => string.Concat(Enumerable.Repeat("movie ", 1 + i % 7)) + "\n"));
        var run = await CommandRun.WithInput(input, "predict", folder);

        Assert.Equal(5000, run.Lines.Length);
        Assert.Equal(7, run.Lines.Distinct().Count());
        Assert.All(Enumerable.Range(0, 5000), i => Assert.Equal(run.Lines[i % 7], run.Lines[i]));
    }

    [Fact]
    public async Task ATextIsNeverTakenForAFileOfArguments()
    {
        var folder = TinyModel.Write(temporary["model"]);
        var run = await CommandRun.Of("predict", folder, "@the movie", "--", "- a movie");
        Assert.Equal((0, 2), (run.Code, run.Lines.Length));
        Assert.StartsWith("input: @the movie ", run.Output);
    }

    [Fact]
    public async Task EvaluateGivesTableJsonAndFile()
    {
        var folder = TinyModel.Write(temporary["model"]);
        foreach (var (label, i) in new[] { "neg", "pos" }.SelectMany(label => Enumerable.Range(0, 5).Select(i => (label, i))))
        {
            temporary.Write($"data/test/{label}/{i}.txt", TinyModel.Sentences[i]);
        }

        var metrics = temporary["metrics.json"];
        var table = await CommandRun.Of("evaluate", folder, temporary["data"]);
        var json = await CommandRun.Of("evaluate", folder, temporary["data"], "--json", "--output", metrics);

        Assert.Equal((0, 0), (table.Code, json.Code));
        Assert.Contains("accuracy (p > 0.5)", table.Output);
        Assert.Equal(10, (int)JsonNode.Parse(json.Output)!["examples"]!);
        Assert.Equal(json.Output, File.ReadAllText(metrics));
        Assert.Equal(2, (await CommandRun.Of("evaluate", folder, temporary["data"], "--split", "train")).Code);
    }

    [Fact]
    public async Task InfoReadsAFolderAndDrawsIt()
    {
        var folder = TinyModel.Write(temporary["model"]);
        var picture = temporary["model.svg"];
        var run = await CommandRun.Of("info", folder, "--json", "--svg", picture);

        Assert.Equal(0, run.Code);
        Assert.Equal("bert", (string?)JsonNode.Parse(run.Output)!["architecture"]!["family"]);
        Assert.StartsWith("<svg", File.ReadAllText(picture));
        Assert.StartsWith("<svg", (await CommandRun.Of("info", folder, "--svg", "-")).Output);
    }

    [Fact]
    public async Task CompletionsKnowVerbsOptionsAndValues()
    {
        Assert.Contains("evaluate", (await CommandRun.Of("[suggest:2]", "ev")).Lines);
        Assert.Contains("--max-length", (await CommandRun.Of("[suggest:11]", "predict --m")).Lines);
        Assert.Contains("head+tail", (await CommandRun.Of("[suggest:23]", "predict x --truncation ")).Lines);
        foreach (var shell in new[] { "bash", "zsh", "pwsh" })
        {
            Assert.Contains("[suggest:", (await CommandRun.Of("completions", shell)).Output);
        }
    }

    [Fact]
    public async Task AnInterruptedVerbEndsWith130()
    {
        var folder = TinyModel.Write(temporary["model"]);
        using var stop = new CancellationTokenSource();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = new Terminal { Output = output, Error = error, OpenInput = () => new EndlessWait(stop) };

        Assert.Equal(130, await BeretCommand.RunAsync(["predict", folder], terminal, stop.Token));
        Assert.Contains("interrupted", error.ToString());
    }

    [Fact]
    public async Task TheProcessItselfAnswersOnStandardOutput()
    {
        var folder = TinyModel.Write(temporary["model"]);
        var program = Path.Combine(AppContext.BaseDirectory, "Beret.Cli.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, "predict", folder])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        await process.StandardInput.WriteLineAsync("a movie");
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);

        // The answer comes while the input is still open.
        var line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("input: a movie", line);

        // When nobody reads any more, the process ends quietly though its input does not.
        process.StandardOutput.Close();
        await process.StandardInput.WriteLineAsync("a movie");
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), (process.ExitCode, await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)));
    }

    /// <summary>Input of which nothing ever comes; asking for it presses Ctrl-C.</summary>
    private sealed class EndlessWait(CancellationTokenSource stop) : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }
}
