using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Training;

namespace Beret.Tests.Models;

/// <summary>ELECTRA's two heads, and what decides between them: the checkpoint where it has one, else the source.</summary>
public class ElectraTests
{
    private static string Discriminator => Shared.Path("fixtures", "hf", "electra_proj");

    [Theory]
    [InlineData(ModelSource.HuggingFace, false)]
    [InlineData(ModelSource.TensorFlow, true)]
    internal void TheSourceDecidesAboutAPoolerThatTheCheckpointHasNot(ModelSource source, bool hasPooler)
    {
        var adjusted = (ElectraConfig)source.Adjust(new ElectraConfig(SmallModel.Config()) { Family = Electra.Family }, written: null);
        Assert.Equal(hasPooler, adjusted.HasPooler);
        Assert.Equal(hasPooler ? "classifier" : "classifier.out_proj", Electra.Family.Head(adjusted).Output);
    }

    [Fact]
    public void AClassifierOfHuggingFaceStaysOneWhoeverIsAskedForItsDefinition()
    {
        using var backend = CpuBackend.Create(1);
        using var model = ModelLoader.Load(Discriminator, backend, adjust: config => ModelSource.TensorFlow.Adjust(config, written: null)).Model;
        Assert.False(((ElectraConfig)model.Config).HasPooler);
        Assert.Contains(model.Parameters.All, parameter => parameter.Name == "classifier.dense.weight");
    }

    [Fact]
    public void ThePoolerOfAnUntrainedEncoderIsTanhOfItsFirstToken()
    {
        using var checkpoint = Beret.Checkpoints.Checkpoint.Open(Discriminator);
        using var backend = CpuBackend.Create(1);
        var config = (ElectraConfig)ConfigReader.Read(Path.Combine(Discriminator, "config.json")) with { HasPooler = true };
        using var parameters = new ParameterSet(backend);
        var encoder = Electra.Family.Create(parameters, config);
        parameters.Allocate();
        var report = WeightLoader.Load(checkpoint, parameters, Electra.Family.Prefix);
        Assert.Equal(["electra.pooler.dense.weight", "electra.pooler.dense.bias"], report.Missing.Select(parameter => parameter.Name));
        Assert.All(report.Missing, parameter => Assert.True(encoder.Initialize(parameter, backend, seed: null)));
        parameters.Touch();

        using var arena = new Arena(backend);
        var ops = new Ops(backend, arena, tape: null);
        ops.Begin();
        var outputs = encoder.Forward(ops, ops.Upload(SmallModel.Batch(config with { VocabularySize = 70 }, [20])));
        var first = Recorded.Values(backend, outputs.Sequence.Data.RowRange(0, 1));
        Assert.All(first.Zip(Recorded.Values(backend, outputs.Pooled.Data)), pair => Assert.Equal(Math.Tanh(pair.First), pair.Second, 1e-6));
    }

    [Fact]
    public void WithoutAPoolerTheFirstTokenItselfIsPooled()
    {
        using var backend = CpuBackend.Create(1);
        using var model = ModelLoader.Load(Discriminator, backend).Model;
        using var arena = new Arena(backend);
        var ops = new Ops(backend, arena, tape: null);
        ops.Begin();
        var outputs = model.Encoder.Forward(ops, ops.Upload(SmallModel.Batch(model.Config with { VocabularySize = 70 }, [20])));
        Assert.Equal(Recorded.Values(backend, outputs.Sequence.Data.RowRange(0, 1)), Recorded.Values(backend, outputs.Pooled.Data));
    }

    [Fact]
    public void ANewClassifierOfHuggingFacesBringsItsDenseLayer()
    {
        using var backend = CpuBackend.Create(1);
        using var model = new SequenceClassifier(backend, new ElectraConfig(SmallModel.Config()) { Family = Electra.Family }, 2);
        var transform = model.Parameters.All.Where(parameter => parameter.Name.StartsWith("classifier.dense.", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, transform.Length);
        Assert.All(transform, parameter => Assert.True(model.Initialize(parameter, seed: 3)));
        Assert.InRange(Recorded.Values(backend, transform[0].Value).Max(Math.Abs), 0.03, 0.04);
        Assert.All(Recorded.Values(backend, transform[1].Value), bias => Assert.Equal(0, bias));
        Assert.False(model.Initialize(model.Parameters.All[0], seed: 3));
    }
}
