using System.Text.Json;
using Beret.Cli;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;
using Beret.Tests.Training;

namespace Beret.Tests.Cli;

public sealed class BenchCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly string model;

    public BenchCommandTests()
    {
        OptimizedBuild.Require();
        model = TinyModel.Write(temporary["model"]);
    }

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task JsonIsOneFlatObjectAndNothingElse()
    {
        var run = await CommandRun.Of("bench", model, "--batch-size", "4", "--max-length", "16", "--threads", "1", "--json");
        Assert.Equal(0, run.Code);
        using var document = JsonDocument.Parse(run.Output);
        var json = document.RootElement;
        Assert.All(json.EnumerateObject(), property => Assert.False(property.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array));
        Assert.Equal((model, "fp32"), (json.GetProperty("model").GetString(), json.GetProperty("precision").GetString()));
        Assert.Equal((1, 4, 16), (json.GetProperty("threads").GetInt32(), json.GetProperty("batch").GetInt32(), json.GetProperty("length").GetInt32()));
        foreach (var name in (string[])
            ["train_step_ms", "infer_batch_ms", "texts_per_s", "tokens_per_s", "gflops", "gemm_peak_gflops", "peak_memory_bytes", "parameters"])
        {
            Assert.True(json.GetProperty(name).GetDouble() > 0, name);
        }

        Assert.Equal(4000 / json.GetProperty("train_step_ms").GetDouble(), json.GetProperty("texts_per_s").GetDouble(), tolerance: 0.1);
        Assert.Equal(16 * json.GetProperty("texts_per_s").GetDouble(), json.GetProperty("tokens_per_s").GetDouble(), tolerance: 0.1);
    }

    [Theory]
    [InlineData("--train", "infer_batch_ms")]
    [InlineData("--infer", "train_step_ms")]
    public async Task WhatIsNotAskedForIsNotMeasured(string kind, string other)
    {
        var run = await CommandRun.Of("bench", model, kind, "--batch-size", "2", "--max-length", "8", "--threads", "1", "--json");
        Assert.Equal(0, run.Code);
        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty(other).ValueKind);
        Assert.True(json.RootElement.GetProperty("texts_per_s").GetDouble() > 0);
    }

    [Theory]
    [InlineData("bf16", JsonValueKind.Number)]
    [InlineData("int8", JsonValueKind.Null)]
    public async Task OtherArithmeticIsNamedAndInt8DoesNotTrain(string precision, JsonValueKind training)
    {
        var run = await CommandRun.Of("bench", model, "--precision", precision, "--batch-size", "2", "--max-length", "8", "--threads", "1", "--json");
        Assert.Equal(0, run.Code);
        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(precision, json.RootElement.GetProperty("precision").GetString());
        Assert.Equal(training, json.RootElement.GetProperty("train_step_ms").ValueKind);
    }

    [Fact]
    public async Task TheTablesShowSizesOperationsAndAdvice()
    {
        var run = await CommandRun.Of("bench", model, "--batch-size", "2", "--threads", "1");
        Assert.Equal(0, run.Code);
        Assert.Contains("Training: one step", run.Output);
        Assert.Contains("Inference: one batch", run.Output);
        Assert.Contains(run.Lines, line => line.StartsWith("   2 × 32 ", StringComparison.Ordinal));
        Assert.Contains(run.Lines, line => line.StartsWith("LinearWeightGradient ", StringComparison.Ordinal) && line.EndsWith('%'));
        Assert.Contains(run.Lines, line => line.StartsWith("Memory: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("33 tokens is more than the 32 positions", "--max-length", "33")]
    [InlineData("the most are", "--batch-size", "2000000", "--max-length", "32")]
    [InlineData("--batch-size is '0'", "--batch-size", "0")]
    [InlineData("int7", "--precision", "int7")]
    [InlineData("int8 is for inference", "--precision", "int8", "--train")]
    public async Task WhatCannotBeMeasuredIsRefused(string message, params string[] arguments)
    {
        var run = await CommandRun.Of(["bench", model, .. arguments]);
        Assert.Equal((2, ""), (run.Code, run.Output));
        Assert.Contains(message, run.Error);
    }

    [Fact]
    public async Task AnInterruptionEndsItAtOnce()
    {
        using var stop = new CancellationTokenSource();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = new Terminal { Output = output, Error = error, OpenInput = () => Stream.Null };
        stop.CancelAfter(200);
        Assert.Equal(130, await BeretCommand.RunAsync(["bench", model], terminal, stop.Token));
        Assert.Empty(output.ToString());
    }
}
