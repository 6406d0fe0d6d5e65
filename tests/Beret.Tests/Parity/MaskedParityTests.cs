using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Parity;
using Beret.Tests.Checkpoints;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Parity;

/// <summary>Outputs, loss and gradients of Hugging Face's masked language model, with the default tolerances of <c>beret parity</c>.</summary>
public class MaskedParityTests
{
    public static TheoryData<string> BackendNames => [.. InstructionSets.Supported.Select(set => set.ToString()).Append("reference")];

    [Theory]
    [MemberData(nameof(BackendNames))]
    public void EveryOutputIsTheOneOfHuggingFace(string backendName)
    {
        var rows = Compare(backendName, Shared.Path("fixtures", "hf", "bert_mlm", "expected.safetensors"));
        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3} {r.Remark}"));
        string[] compared = ["attn.0", "hidden_states.0", "hidden_states.2", "logits_masked", "logits_masked.fp64", "loss", "loss.fp64", "grad.cls.predictions.bias"];
        Assert.All(compared, tensor => Assert.Contains(rows, r => r.Name == tensor && r.IsCompared));

        // The file's encoder gradients are all zero, and that of the tied table is the decoder's part alone; the next test has them from PyTorch.
        Assert.All(rows.Where(r => !r.IsCompared), r => Assert.StartsWith("grad.", r.Name));
    }

    [Theory]
    [MemberData(nameof(BackendNames))]
    public void EveryGradientIsTheOneOfPlainPyTorch(string backendName)
    {
        var rows = Compare(backendName, Gradients);
        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3} {r.Remark}"));
        Assert.All(rows.Where(r => !r.IsCompared), r => Assert.EndsWith("key.bias", r.Name));

        // What the lookup and the decoder give the table is added up; the padding row has the decoder's part.
        Assert.Contains(rows, r => r is { Name: "grad.bert.embeddings.word_embeddings.weight", IsCompared: true, LargestExpected: > 0.1 });
    }

    [Theory]
    [InlineData("labels", 0L, "do not name the same tokens")]
    [InlineData("masked_index", 3L, "do not name the same tokens")]
    [InlineData("masked_index", 4L << 40, "outside input_ids")]
    public void PlacesAndLabelsHaveToAgree(string name, long value, string message)
    {
        using var temporary = new TemporaryFolder();
        using (var whole = Checkpoint.Open(Gradients))
        {
            var writer = new SafetensorsWriter();
            foreach (var tensor in whole.Tensors)
            {
                var bytes = new byte[tensor.ByteCount];
                whole.ReadBytes(tensor.Name, 0, bytes);
                if (tensor.Name == name)
                {
                    BitConverter.TryWriteBytes(bytes, value);
                }

                writer.Add(tensor.Name, tensor.Type, [.. tensor.Shape], stream => stream.Write(bytes));
            }

            writer.Write(temporary["expected.safetensors"]);
        }

        Assert.Contains(message, Assert.Throws<CheckpointException>(() => Compare("reference", temporary["expected.safetensors"])).Message);
    }

    [Fact]
    public void ADecoderThatIsNotTiedIsRefused()
    {
        using var temporary = new TemporaryFolder();
        var folder = Shared.Path("fixtures", "hf", "bert_mlm");
        File.Copy(Path.Combine(folder, "model.safetensors"), temporary["model.safetensors"]);
        temporary.Write("config.json", File.ReadAllText(Path.Combine(folder, "config.json")).Replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", StringComparison.Ordinal));
        using var backend = CpuBackend.Create(1);
        Assert.Contains("tied", Assert.Throws<ModelException>(() => ParityRun.Run(temporary.Path, Gradients, null, backend)).Message);
    }

    private static string Gradients => Repository.Path("tests", "fixtures", "gradients", "bert_mlm", "expected.safetensors");

    private static IReadOnlyList<ParityRow> Compare(string backendName, string expected)
    {
        using IBackend backend = backendName == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(backendName));
        return ParityRun.Run(Shared.Path("fixtures", "hf", "bert_mlm"), expected, null, backend);
    }
}
