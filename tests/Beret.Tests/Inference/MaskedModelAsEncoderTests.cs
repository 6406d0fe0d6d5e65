using Beret.Checkpoints;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Inference;

/// <summary>What only guessed hidden words has no pooler (<c>beret pretrain</c>, BertForMaskedLM): as an encoder it is one without, and nothing is drawn.</summary>
public sealed class MaskedModelAsEncoderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ItsPooledVectorIsThatOfTheFirstToken()
    {
        using var encoder = Encoder.Load(Write(_ => false), new EncoderOptions { Threads = 1 });
        foreach (var text in TinyModel.Sentences)
        {
            var encoding = encoder.Encode(text);
            Assert.True(encoding.Pooled.SequenceEqual(encoding.Sequence[0]));
        }
    }

    [Fact]
    public void ItIsConvertedWithoutAPoolerAndGivesTheSameVectors()
    {
        var source = Write(_ => false);
        var summary = ModelConversion.Convert(source, folder["converted"]);
        Assert.Empty(summary.Added);
        Assert.Null(summary.Outputs);
        using var written = Checkpoint.Open(folder["converted"]);
        Assert.DoesNotContain(written.Tensors, tensor => tensor.Name.Contains("pooler", StringComparison.Ordinal));
        using var before = Encoder.Load(source, new EncoderOptions { Threads = 1 });
        using var after = Encoder.Load(folder["converted"], new EncoderOptions { Threads = 1 });
        Assert.True(before.Encode("a movie").Sequence.Values.SequenceEqual(after.Encode("a movie").Sequence.Values));
    }

    [Fact]
    public void LayersCanBeTakenOutOfIt()
    {
        ModelReduction.Reduce(Write(_ => false), folder["smaller"], new ReductionOptions { LayerCount = 1 });
        using var encoder = Encoder.Load(folder["smaller"], new EncoderOptions { Threads = 1 });
        Assert.Equal(1, encoder.Layers);
    }

    /// <summary>The fixture's own, with its head and tensors that no encoder has.</summary>
    [Fact]
    public void ThatOfHuggingFaceIsConvertedToo()
    {
        var source = Shared.Path("fixtures", "hf", "bert_mlm");
        var summary = ModelConversion.Convert(source, folder["converted"]);
        Assert.Empty(summary.Added);
        Assert.All(summary.LeftOut, name => Assert.StartsWith("cls.", name, StringComparison.Ordinal));
        using var expected = Checkpoint.Open(source);
        using var written = Checkpoint.Open(folder["converted"]);
        Assert.All(written.Tensors, tensor => Assert.Equal(expected.Read(tensor.Name), written.Read(tensor.Name)));
        Assert.Equal(expected.Tensors.Count(tensor => tensor.Name.StartsWith("bert.", StringComparison.Ordinal)), written.Tensors.Count);
    }

    [Fact]
    public void HalfAPoolerIsDamage()
    {
        var source = Write(name => name == "bert.pooler.dense.weight");
        var error = Assert.Throws<ModelException>(() => Encoder.Load(source));
        Assert.Contains("the first of them bert.pooler.dense.bias", error.Message);
    }

    /// <summary>A folder with the weights of an encoder, those of the pooler only where asked for.</summary>
    private string Write(Func<string, bool> keepsOfPooler)
    {
        var path = TinyModel.Write(folder["model"]);
        File.Delete(Path.Combine(path, ModelDescription.FileName));
        var weights = Path.Combine(path, "model.safetensors");
        var writer = new SafetensorsWriter();
        using (var stored = Checkpoint.Open(weights))
        {
            foreach (var tensor in stored.Tensors.Where(t => !t.Name.StartsWith("classifier.", StringComparison.Ordinal) && (!t.Name.Contains("pooler", StringComparison.Ordinal) || keepsOfPooler(t.Name))))
            {
                writer.Add(tensor.Name, [.. tensor.Shape], stored.Read(tensor.Name));
            }
        }

        writer.Write(weights);
        return path;
    }
}
