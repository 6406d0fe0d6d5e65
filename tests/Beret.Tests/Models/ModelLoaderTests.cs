using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Checkpoints;
using Beret.Tests.Training;

namespace Beret.Tests.Models;

/// <summary>A model from a folder: every spelling and type of its weights, and folders whose parts do not fit.</summary>
public sealed class ModelLoaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly IBackend backend = CpuBackend.Create(1);

    public void Dispose()
    {
        backend.Dispose();
        folder.Dispose();
    }

    /// <summary>All values of these files are exact in every one of the types, so that the model's are the same bit for bit.</summary>
    [Theory]
    [InlineData("gamma_beta.safetensors")]
    [InlineData("position_ids.safetensors")]
    [InlineData("bf16.safetensors")]
    [InlineData("fp16.safetensors")]
    [InlineData("fp64.safetensors")]
    [InlineData("mixed.safetensors")]
    [InlineData("sharded_safetensors")]
    public void EveryFormOfACheckpointGivesTheSameModel(string form)
    {
        using var expected = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", "expected.safetensors"));
        var source = Shared.Path("fixtures", "hf", "formats", form);
        using var model = Load(Directory.Exists(source) ? source : FolderOf(source), out var loaded);
        Assert.Equal(3, model.Outputs);
        Assert.False(loaded.HasNewHead);
        Assert.Equal(form == "position_ids.safetensors" ? ["bert.embeddings.position_ids"] : [], loaded.UnusedTensors);
        Assert.Equal(expected.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal), model.Parameters.All.Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.All(model.Parameters.All, p => Assert.Equal(expected.Read(p.Name), Recorded.Values(backend, p.Value)));
    }

    [Fact]
    public void ABareEncoderIsGivenANewClassifier()
    {
        using var expected = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", "expected_base.safetensors"));
        var source = FolderOf(Shared.Path("fixtures", "hf", "formats", "base_no_prefix.safetensors"));
        using var model = Load(source, out var loaded, outputs: 5);
        Assert.True(loaded.HasNewHead);
        Assert.Empty(loaded.UnusedTensors);
        Assert.All(model.Parameters.All.Where(p => p.Name.StartsWith("bert.", StringComparison.Ordinal)), p =>
            Assert.Equal(expected.Read(p.Name["bert.".Length..]), Recorded.Values(backend, p.Value)));
        var limit = Math.Sqrt(6.0 / (8 + 5));
        Assert.All(Recorded.Values(backend, model.Head.Weights[0].Value), w => Assert.InRange(Math.Abs(w), 1e-9, limit));
        Assert.All(Recorded.Values(backend, model.Head.Biases[0].Value), b => Assert.Equal(0, b));

        using var again = Load(source, out _, outputs: 5);
        Assert.Equal(Recorded.Values(backend, model.Head.Weights[0].Value), Recorded.Values(backend, again.Head.Weights[0].Value));
        Assert.Contains("has no classifier", Refused(source));
    }

    [Fact]
    public void AClassifierOfAnotherSizeIsReplaced()
    {
        using var model = Load(FolderOf(Shared.Path("fixtures", "hf", "formats", "bf16.safetensors")), out var loaded, outputs: 2);
        Assert.True(loaded.HasNewHead);
        Assert.Equal(2, model.Outputs);
        Assert.Equal(["classifier.bias", "classifier.weight"], loaded.UnusedTensors.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ATensorThatIsNotThereIsNamed()
    {
        WriteModel(drop: "bert.encoder.layer.1.output.dense.bias", extra: 10_000);
        var message = Refused(folder.Path);
        Assert.Contains("lacks 1 of the model's 41 tensors, the first of them bert.encoder.layer.1.output.dense.bias", message);
    }

    [Theory]
    [InlineData("bert.encoder.layer.0.attention.self.key.weight", new long[] { 48, 47 }, "[48, 47], but config.json asks for [48, 48]")]
    [InlineData("bert.encoder.layer.0.attention.self.key.weight", new long[] { 48 * 48 }, "[2304], but config.json asks for [48, 48]")]
    [InlineData("bert.embeddings.word_embeddings.weight", new long[] { 501, 48 }, "[501, 48], but config.json asks for [500, 48]")]
    [InlineData("bert.pooler.dense.bias", new long[] { 1, 48 }, "[1, 48], but config.json asks for [48]")]
    public void ATensorOfAnotherShapeIsNamedWithBothShapes(string name, long[] shape, string message)
    {
        WriteModel(reshape: (name, shape), extra: 10_000);
        Assert.Contains($"tensor {name} is {message}", Refused(folder.Path));
    }

    [Theory]
    [InlineData(new long[] { 3, 47 })]
    [InlineData(new long[] { 0, 48 })]
    [InlineData(new long[] { 48 })]
    [InlineData(new long[] { 1099511627776, 0 })]
    public void AClassifierThatCannotBeOneIsRefused(long[] shape)
    {
        WriteModel(reshape: ("classifier.weight", shape));
        Assert.Contains("is no classifier on 48 features", Refused(folder.Path));
    }

    [Fact]
    public void AClassifierWithoutItsBiasIsRefused()
    {
        WriteModel(drop: "classifier.bias");
        Assert.Contains("classifier.bias", Refused(folder.Path));
    }

    /// <summary>Nothing is allocated, or declared, by sizes that the weights do not bear out.</summary>
    [Theory]
    [InlineData("vocab_size")]
    [InlineData("hidden_size")]
    [InlineData("num_hidden_layers")]
    [InlineData("intermediate_size")]
    [InlineData("max_position_embeddings")]
    [InlineData("type_vocab_size")]
    [InlineData("embedding_size")]
    public void AHugeSizeIsRefusedBeforeMemoryIsTaken(string key)
    {
        WriteModel();
        var config = JsonNode.Parse(File.ReadAllText(folder["config.json"]))!;
        config[key] = 1 << 20;
        folder.Write("config.json", config.ToJsonString());
        var watch = new NoMemory(backend);
        var error = Assert.Throws<ModelException>(() => ModelLoader.Load(folder.Path, watch));
        Assert.Contains("config.json describes an encoder of", error.Message);
    }

    [Fact]
    public void IntegersAreNoWeights()
    {
        WriteModel(integers: "bert.pooler.dense.bias");
        Assert.Contains("bert.pooler.dense.bias", Assert.Throws<CheckpointException>(() => ModelLoader.Load(folder.Path, backend)).Message);
    }

    [Theory]
    [InlineData(-1, 1, 0, "token id -1")]
    [InlineData(500, 1, 0, "token id 500 is outside the model's table of 500 rows")]
    [InlineData(1, 64, 0, "position 64 is outside the model's table of 64 rows: shorten the texts")]
    [InlineData(1, 1, 2, "token type 2 is outside the model's table of 2 rows")]
    public void NumbersOutsideTheTablesAreRefused(int id, int position, int type, string message)
    {
        using var model = SmallModel.Create(backend, SmallModel.Config());
        var batch = new PackedBatch();
        batch.Add([1, id], [0, type], [0, position]);
        Assert.Contains(message, Assert.Throws<ModelException>(() => model.Encoder.Check(batch)).Message);
    }

    /// <summary>As TensorFlow counts them in the tutorial's encoders.</summary>
    [Theory]
    [InlineData(4, 512, 8, 28_763_648)]
    [InlineData(2, 128, 2, 4_385_920)]
    [InlineData(12, 768, 12, 109_482_240)]
    public void TheNumberOfParametersIsTheOneOfTheArchitecture(int layers, int hidden, int heads, long expected)
    {
        var config = SmallModel.Config() with
        {
            VocabularySize = 30522,
            MaxPositions = 512,
            Layers = layers,
            HiddenSize = hidden,
            EmbeddingSize = hidden,
            Heads = heads,
            IntermediateSize = 4 * hidden,
        };
        using var planning = new PlanningBackend();
        using var model = new SequenceClassifier(planning, config, outputs: 1);
        Assert.Equal(expected + hidden + 1, model.Parameters.Count);
        Assert.Equal(expected, config.ParameterCount);
    }

    private SequenceClassifier Load(string path, out LoadedModel loaded, int? outputs = null)
    {
        loaded = ModelLoader.Load(path, backend, outputs);
        return loaded.Model;
    }

    private string Refused(string path) => Assert.Throws<ModelException>(() => ModelLoader.Load(path, backend).Model.Dispose()).Message;

    /// <summary>A folder with the fixtures' config.json and one file of weights.</summary>
    private string FolderOf(string weights)
    {
        folder.Write("config.json", File.ReadAllBytes(Shared.Path("fixtures", "hf", "formats", "config.json")));
        folder.Write("model.safetensors", File.ReadAllBytes(weights));
        return folder.Path;
    }

    /// <summary>A small model's folder, whole but for what is asked to be wrong. The extra tensor is one that no model knows.</summary>
    private void WriteModel(string? drop = null, (string Name, long[] Shape)? reshape = null, string? integers = null, int extra = 0)
    {
        folder.Write("config.json", """
            {"vocab_size": 500, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 160,
             "max_position_embeddings": 64, "type_vocab_size": 2}
            """);
        using var model = SmallModel.Create(backend, SmallModel.Config());
        var writer = new SafetensorsWriter();
        foreach (var parameter in model.Parameters.All.Where(p => p.Name != drop))
        {
            if (parameter.Name == reshape?.Name)
            {
                writer.Add(parameter.Name, reshape.Value.Shape, new float[reshape.Value.Shape.Aggregate(1L, (a, b) => a * b)]);
            }
            else if (parameter.Name == integers)
            {
                writer.Add(parameter.Name, TensorType.I32, [.. parameter.Shape.Select(s => (long)s)], new byte[4 * parameter.Length]);
            }
            else
            {
                writer.Add(parameter.Name, [.. parameter.Shape.Select(s => (long)s)], Recorded.Values(backend, parameter.Value));
            }
        }

        writer.Add("unknown", [extra], new float[extra]);
        writer.Write(folder["model.safetensors"]);
    }

    private sealed class NoMemory(IBackend inner) : ForwardingBackend(inner)
    {
        public override nint Allocate(long bytes) => throw new InvalidOperationException($"{bytes} bytes were asked for");
    }
}
