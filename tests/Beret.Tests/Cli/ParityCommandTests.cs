using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Cli;

public sealed class ParityCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task AModelThatAgreesPasses()
    {
        var run = await Parity(Expected("bert_a"));
        Assert.Equal(0, run.Code);
        Assert.Contains("grad.bert.embeddings.word_embeddings.weight", run.Output);
        Assert.Contains(" 0 failed", run.Output);
        Assert.Contains("key.bias  ", run.Output);
        Assert.Contains("NOT COMPARED", run.Output);
    }

    [Fact]
    public async Task ATensorThatIsOffFails()
    {
        var run = await Parity(Changed(values => values["pooled"][3] += 1e-3f));
        Assert.Equal(1, run.Code);
        Assert.Matches(@"pooled .* FAILED", run.Output);
        Assert.Contains(" 1 failed", run.Output);
    }

    [Fact]
    public async Task AToleranceReplacesTheDefaults()
    {
        var file = Changed(values => values["pooled"][3] += 1e-3f);
        Assert.Equal(0, (await Parity(file, "--tolerance", "1e-2")).Code);
        Assert.Equal(1, (await Parity(Expected("bert_a"), "--tolerance", "1e-12")).Code);
    }

    [Fact]
    public async Task ANameThatIsNotKnownIsListed()
    {
        var run = await Parity(Changed(values => values["hidden_mean"] = [1, 2, 3]));
        Assert.Equal(0, run.Code);
        Assert.Matches("hidden_mean +NOT COMPARED", run.Output);
    }

    [Fact]
    public async Task AnotherShapeFails()
    {
        var run = await Parity(Changed(values => values["pooled"] = [1, 2, 3]));
        Assert.Equal(1, run.Code);
        Assert.Matches(@"pooled .* FAILED: it is \[3\]", run.Output);
    }

    [Fact]
    public async Task TheTableIsThereAsJson()
    {
        var json = JsonNode.Parse((await Parity(Changed(values => values["loss"][0] += 1), "--json")).Output)!;
        Assert.False((bool)json["passed"]!);
        var loss = json["tensors"]!.AsArray().Single(row => (string?)row!["name"] == "loss")!;
        Assert.Equal("failed", (string?)loss["result"]);
        Assert.Equal(1, (double)loss["max_abs"]!, 1e-4);
    }

    [Fact]
    public async Task AFileWithNothingToCompareProvesNothing()
    {
        var run = await Parity(Changed(values => values.Clear()));
        Assert.Equal(2, run.Code);
        Assert.Contains("nothing was proved", run.Error);
    }

    [Theory]
    [InlineData("input_ids", 97L, "token id 97")]
    [InlineData("input_ids", long.MaxValue, "token id -1")]
    [InlineData("token_type_ids", 2L, "token type 2")]
    public async Task InputsOutsideTheModelAreRefused(string name, long value, string message)
    {
        var run = await Parity(Changed(_ => { }, inputs => inputs[name][0] = value));
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
    }

    private static string Expected(string name)
    {
        _ = Shared.Path("fixtures", "hf", name);
        return Repository.Path("tests", "fixtures", "gradients", name, "expected.safetensors");
    }

    private static Task<CommandRun> Parity(string expected, params string[] options) =>
        CommandRun.Of(["parity", "--model", Shared.Path("fixtures", "hf", "bert_a"), "--expected", expected, .. options]);

    /// <summary>The file of bert_a with something changed.</summary>
    private string Changed(Action<Dictionary<string, float[]>> change, Action<Dictionary<string, long[]>>? changeInputs = null)
    {
        var source = Path.Combine(Shared.Path("fixtures", "hf", "bert_a"), "expected.safetensors");
        using var checkpoint = Checkpoint.Open(source);
        var floats = checkpoint.Tensors.Where(t => t.Type == TensorType.F32 && t.Name != "labels").ToDictionary(t => t.Name, t => checkpoint.Read(t.Name));
        var shapes = checkpoint.Tensors.ToDictionary(t => t.Name, t => t.Shape);
        var integers = new Dictionary<string, long[]>();
        foreach (var tensor in checkpoint.Tensors.Where(t => t.Type == TensorType.I64))
        {
            integers[tensor.Name] = new long[tensor.Count];
            checkpoint.ReadInt64(tensor.Name, integers[tensor.Name]);
        }

        change(floats);
        changeInputs?.Invoke(integers);
        var writer = new SafetensorsWriter();
        writer.Add("labels", shapes["labels"].AsSpan(), checkpoint.Read("labels"));
        foreach (var (name, values) in floats)
        {
            long[] shape = shapes.TryGetValue(name, out var known) && known.Aggregate(1L, (a, b) => a * b) == values.Length ? [.. known] : [values.Length];
            writer.Add(name, shape, values);
        }

        foreach (var (name, values) in integers)
        {
            writer.Add(name, TensorType.I64, shapes[name].AsSpan(), System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }

        var file = temporary["expected.safetensors"];
        writer.Write(file);
        File.Copy(Path.Combine(Path.GetDirectoryName(source)!, "case.json"), temporary["case.json"]);
        return file;
    }
}
