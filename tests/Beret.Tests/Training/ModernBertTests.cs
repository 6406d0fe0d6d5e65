using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;
using Beret.Tests.Models;
using Beret.Text;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>ModernBERT beside Hugging Face and PyTorch, in training, and from disk to disk.</summary>
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
        var rows = Parity.Run(Case(name), Path.Combine(Case(name), "expected.safetensors"), null, backend);

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
        var rows = Parity.Run(Case(name), Repository.Path("tests", "fixtures", "gradients", name, "expected.safetensors"), null, backend);
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
        var rows = Parity.Run(
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
        Assert.Equal(Parity.Run(Case(name), expected, null, backend), Parity.Run(temporary.Path, expected, null, backend));
    }

    [Theory]
    [InlineData("modernbert_cls")]
    [InlineData("modernbert_mean")]
    public void ItLearnsWhichOfTwoTokensATextHolds(string name)
    {
        using var backend = CpuBackend.Create(2);
        using var model = ModelLoader.Load(Case(name), backend, outputs: 1, seed: 3).Model;
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 3);
        var random = new Random(3);
        var losses = new List<double>();
        for (var s = 0; s < 120; s++)
        {
            var (batch, labels) = Texts(random);
            losses.Add(learner.Step(batch, labels, 1e-3).Loss);
        }

        Assert.All(losses, loss => Assert.True(double.IsFinite(loss)));
        Assert.True(losses[^20..].Average() < 0.3 * losses[..20].Average(), $"{losses[..20].Average():g3} → {losses[^20..].Average():g3}");
    }

    [Fact]
    public void AStepHasTheSameBitsWithAnyNumberOfThreads()
    {
        var first = Train(1);
        Assert.Empty(Train(2).DifferencesFrom(first));
        Assert.Empty(Train(3).DifferencesFrom(first));
        Assert.Contains("model.layers.1.attn.Wqkv.weight", Train(1, seed: 8).DifferencesFrom(first));

        static TrainedState Train(int threads, ulong seed = 7)
        {
            using var backend = CpuBackend.Create(threads);
            using var model = SmallModel.Create(backend, SmallModel.Modern());
            using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed);
            var state = new TrainedState();
            for (var s = 0; s < 3; s++)
            {
                var batch = SmallModel.Batch(model.Config, [60, 33, 1, 64, 17, 50 + s, 2], seed: s);
                state.Add($"loss {s}", learner.Step(batch, SmallModel.Labels(batch), 1e-3).Loss);
            }

            state.Add(model);
            return state;
        }
    }

    [Fact]
    public void ATextHasTheSameLogitsAloneAndInABatch()
    {
        using var backend = CpuBackend.Create(2);
        using var model = SmallModel.Create(backend, SmallModel.Modern());
        var batch = SmallModel.Batch(model.Config, [60, 1, 33, 64, 2, 17]);
        var together = Recorded.Logits(model, backend, batch);
        for (var b = 0; b < batch.Sequences; b++)
        {
            var alone = new PackedBatch();
            alone.Add(batch.Ids[batch.Starts[b]..batch.Starts[b + 1]]);
            Assert.Equal(together[b], Recorded.Logits(model, backend, alone)[0]);
        }
    }

    [Fact]
    public void TheActivationsAreTheOnesPlannedAndAStepAllocatesNothing()
    {
        var config = SmallModel.Modern();
        var plan = MemoryPlan.For(config, 1, 5, 64);
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, config);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1);
        PackedBatch[] batches = [SmallModel.Batch(config, [64, 64, 64, 64, 64]), SmallModel.Batch(config, [64, 3, 41, 1])];
        float[][] labels = [.. batches.Select(SmallModel.Labels)];
        Step(4);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Step(2);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(plan.Activations, learner.ActivationPeak);

        void Step(int times)
        {
            for (var i = 0; i < times; i++)
            {
                learner.Step(batches[i % 2], labels[i % 2], 1e-4);
            }
        }
    }

    /// <summary>Without a tape only the two streams outlive a block: more blocks need no more memory.</summary>
    [Fact]
    public void InferenceKeepsNothingOfABlockThatIsDone()
    {
        var few = SmallModel.Modern();
        var many = few with { Layers = 8, IsLocal = [.. few.IsLocal, .. few.IsLocal] };
        Assert.Equal(MemoryPlan.Inference(few, 1, 256), MemoryPlan.Inference(many, 1, 256));
    }

    [Fact]
    public void AModelFolderIsReadBackToTheSameBits()
    {
        var path = temporary["model"];
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, SmallModel.Modern() with { VocabularySize = TinyModel.Words.Length });
        ModelFolder.Write(path, model, TinyModel.MakeTokenizer(path, TokenizerFlavour.TensorFlow), TinyModel.Binary);
        using var reloaded = ModelFolder.Load(path, backend).Model;
        Assert.Equal(model.Parameters.All.Select(p => p.Name), reloaded.Parameters.All.Select(p => p.Name));
        Assert.All(model.Parameters.All.Zip(reloaded.Parameters.All), pair =>
            Assert.Equal(Recorded.Values(backend, pair.First.Value), Recorded.Values(backend, pair.Second.Value)));
        var batch = SmallModel.Batch(model.Config, [60, 1, 33]);
        Assert.Equal(Recorded.Logits(model, backend, batch), Recorded.Logits(reloaded, backend, batch));
    }

    /// <summary>A masked language model has the head's dense layer and norm; a bare encoder has neither the head nor the prefix of its names.</summary>
    [Fact]
    public void APretrainedEncoderBringsItsHeadWhereItHasOne()
    {
        using var source = Beret.Checkpoints.Checkpoint.Open(Case("modernbert_cls"));
        File.Copy(Path.Combine(Case("modernbert_cls"), "config.json"), temporary["config.json"]);
        var writer = new Beret.Checkpoints.SafetensorsWriter();
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

        writer = new Beret.Checkpoints.SafetensorsWriter();
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

    /// <summary>16 texts of random tokens, with token 10 in one half of them and token 11 in the other.</summary>
    private static (PackedBatch Batch, float[] Labels) Texts(Random random)
    {
        var batch = new PackedBatch();
        var labels = new float[16];
        for (var b = 0; b < labels.Length; b++)
        {
            labels[b] = random.Next(2);
            var ids = Enumerable.Range(0, random.Next(3, 30)).Select(_ => random.Next(20, 67)).ToArray();
            ids[0] = 1;
            ids[random.Next(1, ids.Length)] = labels[b] == 1 ? 10 : 11;
            batch.Add(ids);
        }

        return (batch, labels);
    }
}
