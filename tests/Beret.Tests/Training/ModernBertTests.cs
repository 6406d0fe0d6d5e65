using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Parity;
using Beret.Tests.Checkpoints;
using Beret.Tests.Models;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>ModernBERT beside Hugging Face and PyTorch, and its pretrained forms.</summary>
public sealed class ModernBertTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in new[] { "modernbert_cls", "modernbert_mean" })
        {
            foreach (var set in InstructionSets.Supported)
            {
                data.Add(name, set.ToString());
            }

            data.Add(name, "reference");
        }

        return data;
    }

    public void Dispose() => temporary.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryOutputIsTheOneOfHuggingFace(string name, string backendName)
    {
        using var backend = Backend(backendName);
        var rows = ParityRun.Run(Case(name), Path.Combine(Case(name), "expected.safetensors"), null, backend);

        // The reference files hold no gradients but the classifier's; the next test has the others from PyTorch.
        AssertAllPass(rows);
        Assert.All(rows.Where(r => !r.IsCompared), r => Assert.Matches("^grad.(model|head)[.]", r.Name));
        string[] compared =
        [
            "attn.0", "hidden_states.0", "hidden_states.1", "hidden_states.2", "hidden_states.3", "hidden_states.4", "pooled", "logits", "logits.fp64", "loss", "loss.fp64",
            "grad_logits", "grad.classifier.weight", "grad.classifier.bias",
        ];
        Assert.All(compared, tensor => Assert.Contains(rows, r => r.Name == tensor && r.IsCompared));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryGradientIsTheOneOfPlainPyTorch(string name, string backendName)
    {
        using var backend = Backend(backendName);
        var rows = ParityRun.Run(Case(name), Repository.Path("tests", "fixtures", "gradients", name, "expected.safetensors"), null, backend);
        AssertAllPass(rows);
        Assert.All(rows, r => Assert.True(r.IsCompared, r.Name));
        using var model = Load(name, backend);
        Assert.Equal(model.Parameters.All.Select(p => $"grad.{p.Name}").Order(StringComparer.Ordinal), rows.Select(r => r.Name).Order(StringComparer.Ordinal));
    }

    /// <summary>Masked tokens keep their places: angles and windows go by the position in the text, not in the batch.</summary>
    [Fact]
    public void AMaskMayHaveHoles()
    {
        using var backend = CpuBackend.Create(2);
        var rows = ParityRun.Run(
            Case("modernbert_mean"), Repository.Path("tests", "fixtures", "gradients", "modernbert_mean_holes", "expected.safetensors"), null, backend);
        AssertAllPass(rows);
        Assert.All(rows, r => Assert.True(r.IsCompared, r.Name));
        Assert.Contains(rows, r => r.Name == "hidden_states.4");
    }

    [Theory]
    [InlineData("modernbert_cls")]
    [InlineData("modernbert_mean")]
    public void TheKeysOfOlderFilesDescribeTheSameModel(string name)
    {
        File.Copy(Path.Combine(Case(name), "config.old.json"), temporary["config.json"]);
        File.Copy(Path.Combine(Case(name), "model.safetensors"), temporary["model.safetensors"]);
        using var backend = CpuBackend.Create(1);
        var expected = Path.Combine(Case(name), "expected.safetensors");
        Assert.Equal(ParityRun.Run(Case(name), expected, null, backend), ParityRun.Run(temporary.Path, expected, null, backend));
    }

    /// <summary>Without a tape only the two streams outlive a block: more blocks need no more memory.</summary>
    [Fact]
    public void InferenceKeepsNothingOfABlockThatIsDone()
    {
        var few = (ModernBertConfig)SmallModel.Named("modernbert");
        var many = few with { Layers = 8, IsLocal = [.. few.IsLocal, .. few.IsLocal] };
        Assert.Equal(MemoryPlan.Inference(few, 1, 256), MemoryPlan.Inference(many, 1, 256));
    }

    /// <summary>A masked language model has the head's dense layer and norm; a bare encoder has neither the head nor the prefix of its names.</summary>
    [Fact]
    public void APretrainedEncoderBringsItsHeadWhereItHasOne()
    {
        using var source = Checkpoint.Open(Case("modernbert_cls"));
        File.Copy(Path.Combine(Case("modernbert_cls"), "config.json"), temporary["config.json"]);
        var writer = new SafetensorsWriter();
        foreach (var tensor in source.Tensors.Where(t => !t.Name.StartsWith("classifier.", StringComparison.Ordinal)))
        {
            writer.Add(tensor.Name, tensor.Shape.AsSpan(), source.Read(tensor.Name));
        }

        writer.Add("decoder.bias", [67], new float[67]);
        writer.Write(temporary["model.safetensors"]);
        using var backend = CpuBackend.Create(1);
        var loaded = ModelLoader.Load(temporary.Path, backend, outputs: 2);
        using (var model = loaded.Model)
        {
            Assert.True(loaded.HasNewHead);
            Assert.Empty(loaded.Drawn);
            Assert.Equal(["decoder.bias"], loaded.UnusedTensors);
            Assert.Equal(source.Read("head.dense.weight"), Recorded.Values(backend, model.Parameters.All.Single(p => p.Name == "head.dense.weight").Value));
        }

        writer = new SafetensorsWriter();
        foreach (var tensor in source.Tensors.Where(t => t.Name.StartsWith("model.", StringComparison.Ordinal)))
        {
            writer.Add(tensor.Name["model.".Length..], tensor.Shape.AsSpan(), source.Read(tensor.Name));
        }

        writer.Write(temporary["model.safetensors"]);
        loaded = ModelLoader.Load(temporary.Path, backend, outputs: 2);
        using (var model = loaded.Model)
        {
            Assert.Equal(["head.dense.weight", "head.norm.weight"], loaded.Drawn.Order(StringComparer.Ordinal));
            Assert.All(Recorded.Values(backend, model.Parameters.All.Single(p => p.Name == "head.norm.weight").Value), gamma => Assert.Equal(1, gamma));
        }
    }

    private static string Case(string name) => Shared.Path("fixtures", "hf", "later", name);

    private static IBackend Backend(string name) => name == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(name));

    private static SequenceClassifier Load(string name, IBackend backend) => ModelLoader.Load(Case(name), backend).Model;

    private static void AssertAllPass(IReadOnlyList<ParityRow> rows) =>
        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3}"));
}
