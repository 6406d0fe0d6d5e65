using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Training;

namespace Beret.Tests.Training;

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

    private static string Model(string name) => Shared.Path("fixtures", "hf", "later", name);

    private static IReadOnlyList<ParityRow> Compare(string name, string expected, string backendName)
    {
        using var backend = backendName == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(backendName));
        var rows = Parity.Run(Model(name), expected, null, backend);
        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3} {r.Remark}"));
        return rows;
    }

    private static IEnumerable<TheoryDataRow<string, string>> OnEveryBackend(string[] names) =>
        from name in names
        from backend in InstructionSets.Supported.Select(set => set.ToString()).Append("reference")
        select new TheoryDataRow<string, string>(name, backend);
}
