using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Parity;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>
/// The encoders of the model garden that are not BERT: every output and every gradient is TensorFlow's on every instruction set, within the default tolerances of
/// <c>beret parity</c>, which are those of the recordings.
/// </summary>
public class TensorFlowEncoderTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            string[] backends = [.. InstructionSets.Supported.Select(set => set.ToString()), "reference"];
            return [.. backends.SelectMany(backend => (TheoryDataRow<string, string>[])[new("encoder-albert", backend), new("encoder-electra", backend), new("encoder-talkheads", backend)])];
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OutputsLossAndEveryGradientAreTensorFlows(string name, string backendName)
    {
        var folder = Shared.Path("fixtures", "tf", name);
        using var backend = backendName == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(backendName));
        var rows = ParityRun.Run(folder, Path.Combine(folder, "expected.safetensors"), null, backend);

        Assert.Empty(rows.Where(r => !r.Passes).Select(r => $"{r.Name}: {r.LargestDifference:g3} > {r.Allowed:g3}"));
        Assert.All(rows.Where(r => !r.IsCompared), r => Assert.EndsWith("key/bias", r.Name));
        Assert.Contains(rows, r => r.Name == "a/grad/word_embeddings/embeddings" && r is { IsCompared: true, LargestExpected: > 1e-3 });
    }
}
