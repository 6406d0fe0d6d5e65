using Beret.Checkpoints;
using Beret.Inference;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Parity;
using Beret.Tests.Checkpoints;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Parity;

/// <summary>Outputs, loss and gradients of the Hugging Face classifiers, with the default tolerances of <c>beret parity</c>.</summary>
public class ParityFixtureTests
{
    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in new[] { "bert_a", "bert_b", "bert_c", "bert_d", "bert_f", "albert_1group", "albert_2groups", "electra_proj", "electra_same" })
        {
            foreach (var set in InstructionSets.Supported)
            {
                data.Add(name, set.ToString());
            }

            data.Add(name, "reference");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryOutputIsTheOneOfHuggingFace(string name, string backendName)
    {
        var folder = Shared.Path("fixtures", "hf", name);
        using var backend = backendName == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(backendName));
        var rows = ParityRun.Run(folder, Path.Combine(folder, "expected.safetensors"), null, backend);

        // The reference files of these cases hold no encoder gradients: the tensors are there, all zero, and are said not to be compared.
        // The next test has them from PyTorch.
        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3}"));

        // What is left out is left out for a reason: key biases, and the variants of the loss that this program does not know.
        Assert.All(rows.Where(r => !r.IsCompared), r => Assert.True(
            r.Name.StartsWith($"grad.{name.Split('_')[0]}.", StringComparison.Ordinal) || r.Name.StartsWith("grad.classifier.dense.", StringComparison.Ordinal) || r.Name.Contains("weighted", StringComparison.Ordinal)
            || r.Name.StartsWith("smoothed.", StringComparison.Ordinal) || r.Name.StartsWith("pos_weight.", StringComparison.Ordinal), r.Name + r.Note));
        var last = name.StartsWith("electra", StringComparison.Ordinal) ? "classifier.out_proj" : "classifier";
        string[] compared = ["attn.0", "hidden_states.0", "pooled", "logits", "logits.fp64", "loss", "grad_logits", $"grad.{last}.weight", $"grad.{last}.bias"];
        Assert.All(compared, tensor => Assert.Contains(rows, r => r.Name == tensor && r.IsCompared));
    }

    /// <summary>Real weights and reviews, two lengths of them in one file, which brings its classifier.</summary>
    [Fact]
    public void AFileOfSeveralInputsIsComparedPartByPart()
    {
        using var backend = CpuBackend.Create(2);
        var rows = ParityRun.Run(Shared.Path("models", "all-MiniLM-L6-v2"), Shared.Path("fixtures", "hf", "minilm", "expected.safetensors"), null, backend);
        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3}"));
        foreach (var part in (string[])["len128", "len512"])
        {
            Assert.All((string[])["pooled", "logits", "logits.fp64", "loss", "loss.fp64"], name => Assert.True(rows.Single(r => r.Name == $"{part}.{name}").IsCompared));
            Assert.False(rows.Single(r => r.Name == $"{part}.cls").IsCompared);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryGradientIsTheOneOfPlainPyTorch(string name, string backendName)
    {
        var folder = Shared.Path("fixtures", "hf", name);
        using var backend = backendName == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(backendName));
        var rows = ParityRun.Run(folder, Repository.Path("tests", "fixtures", "gradients", name, "expected.safetensors"), null, backend);

        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3}"));
        Assert.All(rows.Where(r => !r.IsCompared), r => Assert.EndsWith("key.bias", r.Name));
        Assert.Contains(rows, r => r.Name.EndsWith("embeddings.word_embeddings.weight", StringComparison.Ordinal) && r is { IsCompared: true, LargestExpected: > 0.01 });
    }

    [Theory]
    [InlineData("grad.bert.encoder.layer.1.output.dense.weight")]
    [InlineData("grad.bert.encoder.layer.0.attention.output.LayerNorm.bias")]
    [InlineData("grad.bert.embeddings.word_embeddings.weight")]
    [InlineData("grad.classifier.weight")]
    public void OneGradientOfZerosIsAWrongOne(string name)
    {
        var rows = WithZeros(other => other == name);
        Assert.Equal(name, Assert.Single(rows, row => !row.Passes).Name);
        Assert.All(rows.Where(row => !row.IsCompared), row => Assert.EndsWith("key.bias", row.Name));
    }

    [Fact]
    public void ALayerOfZerosIsWhereAWritersDerivativesEnded()
    {
        var rows = WithZeros(name => name.StartsWith("grad.bert.encoder.layer.1.intermediate.dense.", StringComparison.Ordinal));
        Assert.All(rows, row => Assert.True(row.Passes));
        Assert.Contains(rows, row => row is { Name: "grad.bert.encoder.layer.1.output.dense.weight", IsCompared: true });
        Assert.Contains(rows, row => row is { Name: "grad.bert.encoder.layer.1.intermediate.dense.weight", IsCompared: false });
        Assert.Contains(rows, row => row is { Name: "grad.bert.encoder.layer.0.output.dense.weight", IsCompared: false });
    }

    private static IReadOnlyList<ParityRow> WithZeros(Func<string, bool> isZero)
    {
        using var temporary = new TemporaryFolder();
        using (var whole = Checkpoint.Open(Repository.Path("tests", "fixtures", "gradients", "bert_a", "expected.safetensors")))
        {
            var writer = new SafetensorsWriter();
            foreach (var tensor in whole.Tensors)
            {
                var bytes = new byte[tensor.ByteCount];
                if (!isZero(tensor.Name))
                {
                    whole.ReadBytes(tensor.Name, 0, bytes);
                }

                writer.Add(tensor.Name, tensor.Type, [.. tensor.Shape], stream => stream.Write(bytes));
            }

            writer.Write(temporary["expected.safetensors"]);
        }

        File.Copy(Repository.Path("tests", "fixtures", "gradients", "bert_a", "case.json"), temporary["case.json"]);
        using var backend = CpuBackend.Create(1);
        return ParityRun.Run(Shared.Path("fixtures", "hf", "bert_a"), temporary["expected.safetensors"], null, backend);
    }

    // What convert writes is the same model: names, sizes, activation and head of every family survive.
    [Theory]
    [InlineData("bert_a")]
    [InlineData("bert_f")]
    [InlineData("albert_2groups")]
    [InlineData("electra_proj")]
    [InlineData("later/distilbert")]
    [InlineData("later/roberta")]
    [InlineData("later/xlm_roberta")]
    [InlineData("later/mpnet")]
    [InlineData("later/deberta_v3")]
    [InlineData("later/deberta_v2_conv")]
    [InlineData("later/modernbert_mean")]
    public void AConvertedFolderComputesTheSame(string name)
    {
        using var temporary = new TemporaryFolder();
        var folder = Shared.Path(["fixtures", "hf", .. name.Split('/')]);
        ModelConversion.Convert(folder, temporary["converted"]);
        var expected = temporary["expected.safetensors"];
        File.Copy(Path.Combine(folder, "expected.safetensors"), expected);
        File.Copy(Path.Combine(folder, "case.json"), temporary["case.json"]);
        using var backend = CpuBackend.Create(1);
        var rows = ParityRun.Run(temporary["converted"], expected, null, backend);
        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3} {r.Remark}"));
        Assert.Contains(rows, r => r is { Name: "logits", IsCompared: true });
    }
}
