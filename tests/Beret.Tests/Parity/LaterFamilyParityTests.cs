using System.Runtime.InteropServices;
using Beret.Checkpoints;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Parity;
using Beret.Tests.Checkpoints;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Parity;

/// <summary>
/// DistilBERT, RoBERTa, XLM-RoBERTa, MPNet and DeBERTa beside Hugging Face, with the default tolerances of <c>beret parity</c>, and their gradients beside plain PyTorch.
/// </summary>
public class LaterFamilyParityTests
{
    private static readonly string[] Names = ["distilbert", "roberta", "xlm_roberta", "mpnet", "deberta_v3", "deberta_v2_conv"];

    public static IEnumerable<TheoryDataRow<string, string>> Cases => OnEveryBackend(Names);

    public static IEnumerable<TheoryDataRow<string, string>> CasesWithHoles => OnEveryBackend(["roberta", "mpnet", "deberta_v3", "deberta_v2_conv"]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryOutputIsTheOneOfHuggingFace(string name, string backend)
    {
        var rows = Compare(name, Path.Combine(Model(name), "expected.safetensors"), backend);

        // The files hold gradients of the last layer alone, XLM-RoBERTa's those of the last feed-forward layer on; the next test has all of them.
        Assert.All(rows.Where(r => !r.IsCompared), r => Assert.True(r.Name.StartsWith("grad.", StringComparison.Ordinal) || r.Name.StartsWith("aux.", StringComparison.Ordinal), r.Name));
        var last = name.Contains("roberta", StringComparison.Ordinal) || name == "mpnet" ? "classifier.out_proj" : "classifier";
        string[] compared =
        [
            "attn.0", "hidden_states.0", "hidden_states.1", "hidden_states.2", "logits", "logits.fp64", "loss", "loss.fp64", "grad_logits", $"grad.{last}.weight", $"grad.{last}.bias",
            .. name == "xlm_roberta" ? (string[])["grad.classifier.dense.weight", "grad.roberta.encoder.layer.1.output.dense.weight"] : ["pooled"],
        ];
        Assert.All(compared, tensor => Assert.Contains(rows, r => r.Name == tensor && r.IsCompared));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryGradientIsTheOneOfPlainPyTorch(string name, string backend)
    {
        var rows = Compare(name, Repository.Path("tests", "fixtures", "gradients", name, "expected.safetensors"), backend);
        Assert.All(rows.Where(r => !r.IsCompared), r => Assert.EndsWith(".key.bias", r.Name));
        Assert.Contains(rows, r => r.Name.EndsWith("embeddings.word_embeddings.weight", StringComparison.Ordinal) && r is { IsCompared: true, LargestExpected: > 0.01 });
    }

    /// <summary>Positions and distances count what the mask leaves out.</summary>
    [Theory]
    [MemberData(nameof(CasesWithHoles))]
    public void AMaskWithHolesKeepsPositions(string name, string backend)
    {
        var rows = Compare(name, Repository.Path("tests", "fixtures", "gradients", $"{name}_holes", "expected.safetensors"), backend);
        Assert.All(rows, r => Assert.True(r.IsCompared, r.Name));
        Assert.Contains(rows, r => r.Name == "hidden_states.2");
        Assert.Contains(rows, r => r.Name.StartsWith("grad.", StringComparison.Ordinal));
    }

    /// <summary>These count positions from the first token that is no padding, so a text padded on the left is the same text.</summary>
    [Theory]
    [InlineData("roberta")]
    [InlineData("xlm_roberta")]
    [InlineData("mpnet")]
    public void PaddingOnTheLeftTakesNoPositions(string name)
    {
        using var temporary = new TemporaryFolder();
        var path = temporary["left.safetensors"];
        var writer = new SafetensorsWriter();
        using (var right = Checkpoint.Open(Path.Combine(Model(name), "expected.safetensors")))
        {
            var shape = right.Get("input_ids").Shape.ToArray();
            var (rows, length) = ((int)shape[0], (int)shape[1]);
            var (ids, mask) = (new long[rows * length], new long[rows * length]);
            right.ReadInt64("input_ids", ids);
            right.ReadInt64("attention_mask", mask);
            for (var row = 0; row < rows; row++)
            {
                var shift = length - (int)mask.AsSpan(row * length, length).ToArray().Sum();
                Turn(ids.AsSpan(row * length, length), shift);
                Turn(mask.AsSpan(row * length, length), shift);
            }

            writer.Add("input_ids", TensorType.I64, shape, MemoryMarshal.AsBytes(ids.AsSpan()).ToArray());
            writer.Add("attention_mask", TensorType.I64, shape, MemoryMarshal.AsBytes(mask.AsSpan()).ToArray());
            writer.Add("logits", right.Get("logits").Shape.ToArray(), right.Read("logits"));
            writer.Write(path);
        }

        Assert.True(Assert.Single(Compare(name, path, "reference")).IsCompared);

        static void Turn(Span<long> row, int by)
        {
            var end = row[^by..].ToArray();
            row[..^by].CopyTo(row[by..]);
            end.CopyTo(row);
        }
    }

    private static string Model(string name) => Shared.Path("fixtures", "hf", "later", name);

    private static IReadOnlyList<ParityRow> Compare(string name, string expected, string backendName)
    {
        using var backend = backendName == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(backendName));
        var rows = ParityRun.Run(Model(name), expected, null, backend);
        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3} {r.Remark}"));
        return rows;
    }

    private static IEnumerable<TheoryDataRow<string, string>> OnEveryBackend(string[] names) =>
        from name in names
        from backend in InstructionSets.Supported.Select(set => set.ToString()).Append("reference")
        select new TheoryDataRow<string, string>(name, backend);
}
