using System.Text.Json;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;
using Beret.Tests.Training;
using Beret.Text;

namespace Beret.Tests.Models;

/// <summary>What goes for every family of encoders.</summary>
public class FamilyTests
{
    public static TheoryData<string> Names => [.. SmallModel.Names];

    [Fact]
    public void EveryFamilyIsFoundByItsModelType() => Assert.All(EncoderFamily.All, family => Assert.Same(family, EncoderFamily.Find(family.ModelType)));

    [Theory]
    [MemberData(nameof(Names))]
    public void TheConfigurationKnowsTheNumberOfWeights(string name)
    {
        var config = SmallModel.Named(name);
        using var backend = new PlanningBackend();
        using var parameters = new ParameterSet(backend);
        config.Family.Create(parameters, config);
        Assert.Equal(parameters.Count, config.ParameterCount);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheFlopsOfAForwardPassAreThoseOfItsProducts(string name)
    {
        const int Length = 64;
        var config = SmallModel.Named(name, dropout: 0);
        using var backend = new TimingBackend(new PlanningBackend());
        using var parameters = new ParameterSet(backend);
        var encoder = config.Family.Create(parameters, config);
        using var arena = Arena.Dry();
        var ops = new Ops(backend, arena, tape: null);
        ops.Begin();
        encoder.Forward(ops, ops.Upload(SmallModel.Batch(config, [Length])));

        // Beside the dense layers for each token: the pooler, once for a text, and the attention, which the backend's profile does not count. DeBERTa also projects
        // the distances, once for a batch, and has a product of each score with each kind of position; a local layer of ModernBERT sees its window.
        var once = parameters.All.Any(parameter => parameter.Name.Contains("pooler", StringComparison.Ordinal)) ? 2.0 * config.HiddenSize * config.HiddenSize : 0;
        var seen = config is ModernBertConfig modern ? modern.IsLocal.Sum(isLocal => isLocal ? modern.LocalAttention + 1 : Length) : config.Layers * Length;
        var attention = 4.0 * seen * (config.HiddenSize + (config is TalkingHeadsConfig ? config.Heads * config.Heads : 0));
        if (config is DebertaV2Config deberta)
        {
            var terms = (deberta.ContentToPosition ? 1 : 0) + (deberta.PositionToContent ? 1 : 0);
            var distances = deberta.RowOf(Length - 1) - deberta.RowOf(1 - Length) + 1;
            once = config.Layers * terms * 2.0 * distances * config.HiddenSize * config.HiddenSize;
            attention += config.Layers * terms * 2.0 * Length * config.HiddenSize;
        }

        Assert.Equal(backend.Times.Sum(time => time.Flops) - once, Length * (config.FlopsPerToken(Length) - attention));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ConfigJsonIsReadBackAsItWasWritten(string name)
    {
        // RoBERTa counts positions from the padding token, which MPNet has at a fixed place.
        foreach (var padding in name switch { "roberta" => (int[])[0, 3], "mpnet" => [1], _ => [0, 3, -1] })
        {
            var small = SmallModel.Named(name);
            var config = small with
            {
                PaddingId = padding,
                FirstPosition = small.FirstPosition == 0 ? 0 : padding + 1,
                HiddenDropout = 0.2,
                AttentionDropout = 0.3,
                ClassifierDropout = 0.4,
                Activation = Activation.GeluTanh,
            };
            using var stream = new MemoryStream();
            HuggingFaceConfig.Write(stream, config, ModelSource.HuggingFace);
            using var document = JsonDocument.Parse(stream.ToArray());
            var read = ConfigReader.Read(new ConfigFields(document.RootElement, "config.json"));

            // Which head ELECTRA has is what its tensors tell.
            Assert.Equal(config, read is ElectraConfig electra ? electra with { HasPooler = ((ElectraConfig)config).HasPooler } : read);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AModelFolderIsReadBackToTheSameBits(string name)
    {
        using var temporary = new TemporaryFolder();
        var folder = Path.Combine(temporary.Path, "model");
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, SmallModel.Named(name));
        ModelFolder.Write(folder, model, TinyModel.MakeTokenizer(folder, TokenizerFlavour.TensorFlow), TinyModel.Binary);
        using var reloaded = ModelFolder.Load(folder, backend).Model;

        var (before, after) = (new TrainedState(), new TrainedState());
        Assert.Equal(model.Config with { Labels = null, ProblemType = null }, reloaded.Config with { Labels = null, ProblemType = null });
        foreach (var (of, to) in ((SequenceClassifier, TrainedState)[])[(model, before), (reloaded, after)])
        {
            foreach (var parameter in of.Parameters.All)
            {
                to.Add(parameter.Name, Recorded.Values(backend, parameter.Value));
            }

            to.Add("logits", Recorded.Logits(of, backend, SmallModel.Batch(of.Config, [5, 64, 33])));
        }

        Assert.Empty(after.DifferencesFrom(before));
        Assert.Equal(1, ModelInfo.Read(folder, TestContext.Current.CancellationToken).Outputs);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ATextAloneHasTheBitsThatItHasInABatch(string name)
    {
        int[] lengths = [64, 1, 33, 17, 2, 48];
        foreach (var set in InstructionSets.Supported)
        {
            using var backend = CpuBackend.Create(2, set);
            using var model = SmallModel.Create(backend, SmallModel.Named(name), outputs: 2);
            var batch = SmallModel.Batch(model.Config, lengths);
            var together = Recorded.Logits(model, backend, batch);
            for (var b = 0; b < lengths.Length; b++)
            {
                var alone = new Beret.Numerics.PackedBatch();
                alone.Add(batch.Ids[batch.Starts[b]..batch.Starts[b + 1]]);
                Assert.Equal(together[(2 * b)..(2 * b + 2)].Select(BitConverter.SingleToInt32Bits), Recorded.Logits(model, backend, alone).Select(BitConverter.SingleToInt32Bits));
            }
        }
    }
}
