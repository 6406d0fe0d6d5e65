using System.Text.Json;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Optimization;

/// <summary>The optimizer on a table, a matrix and a vector.</summary>
public sealed class AdamWTests : IDisposable
{
    private const double Rate = 1e-2;
    private readonly IBackend backend = CpuBackend.Create(1);
    private readonly ParameterSet set;
    private readonly Parameter table;
    private readonly Parameter matrix;
    private readonly Parameter vector;
    private readonly Arena arena;

    public AdamWTests()
    {
        set = new ParameterSet(backend);
        table = set.Declare("table", [6, 1], decays: true, hasRowGradient: true);
        matrix = set.Declare("matrix", [2, 3], decays: true);
        vector = set.Declare("vector", [3], decays: false);
        set.Allocate();
        set.AllocateForTraining();
        arena = new Arena(backend);
        Fill(table, 2);
        Fill(matrix, 2);
        Fill(vector, 2);
    }

    public void Dispose()
    {
        arena.Dispose();
        set.Dispose();
        backend.Dispose();
    }

    /// <summary>With a constant gradient m̂/√v̂ is its sign at every step, exactly: the corrections have to be those of the β that the moments decay with.</summary>
    [Theory]
    [InlineData(AdamVariant.TensorFlow)]
    [InlineData(AdamVariant.PyTorch)]
    public void AConstantGradientMovesByTheRate(AdamVariant variant)
    {
        using var adam = new AdamW(set, new AdamWOptions { Variant = variant, Epsilon = 1e-30, WeightDecay = 0, ClipTo = 0 });
        Fill(vector, 0);
        for (var t = 1; t <= 5; t++)
        {
            Gradient(vector, 3, -3, 0.5f);
            Step(adam, [0], [3]);
            var values = Recorded.Values(backend, vector.Value);
            Assert.Equal(-t * Rate, values[0], t * Rate * 1e-6);
            Assert.Equal(t * Rate, values[1], t * Rate * 1e-6);
            Assert.Equal(-t * Rate, values[2], t * Rate * 1e-6);
        }
    }

    [Fact]
    public void WithoutCorrectionTheFirstStepIsLarger()
    {
        using var adam = new AdamW(set, new AdamWOptions { Variant = AdamVariant.Google, Epsilon = 0, WeightDecay = 0, ClipTo = 0 });
        Fill(vector, 0);
        Gradient(vector, 3, 3, 3);
        Step(adam, [0], [3]);
        Assert.Equal(-Rate * 0.1 / Math.Sqrt(0.001), Recorded.Values(backend, vector.Value)[0], Rate * 1e-4);
    }

    [Fact]
    public void MatricesAndUnusedRowsDecayAndVectorsDoNot()
    {
        using var adam = new AdamW(set, new AdamWOptions { WeightDecay = 0.5 });
        Step(adam, [0], [0]);
        var decayed = 2 * (1 - Rate * 0.5);
        Assert.All(Recorded.Values(backend, table.Value), w => Assert.Equal(decayed, w, 1e-6));
        Assert.All(Recorded.Values(backend, matrix.Value), w => Assert.Equal(decayed, w, 1e-6));
        Assert.All(Recorded.Values(backend, vector.Value), w => Assert.Equal(2, w));
    }

    [Fact]
    public void MomentsOfUnusedRowsDecayAndStillMoveThem()
    {
        using var adam = new AdamW(set, new AdamWOptions { WeightDecay = 0, ClipTo = 0 });
        Step(adam, [4], [1]);
        var moment = Recorded.Values(backend, table.FirstMoment)[4];
        var value = Recorded.Values(backend, table.Value)[4];
        Step(adam, [1], [1]);
        Assert.Equal(0.1, moment, 1e-7);
        Assert.Equal(0.09, Recorded.Values(backend, table.FirstMoment)[4], 1e-7);
        Assert.True(Recorded.Values(backend, table.Value)[4] < value);
    }

    /// <summary>TensorFlow counts each occurrence of a token by itself; PyTorch sums them first.</summary>
    [Fact]
    public void TheNormOfRepeatedTokensIsTensorFlowsOrPyTorchs()
    {
        using var facts = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "tf", "facts", "facts.json")));
        var fact = facts.RootElement.GetProperty("global_norm_of_sparse");
        float[] slices = [.. fact.GetProperty("slices_of_one_row").EnumerateArray().Select(x => x.GetSingle())];
        var dense = fact.GetProperty("dense_other")[0].GetSingle();
        Assert.Equal(fact.GetProperty("tf.linalg.global_norm").GetDouble(), Norm(ClipNorm.Tutorial), 1e-6);
        Assert.Equal(fact.GetProperty("if_summed_first").GetDouble(), Norm(ClipNorm.Summed), 1e-6);

        double Norm(ClipNorm clip)
        {
            using var adam = new AdamW(set, new AdamWOptions { ClipNorm = clip });
            Gradient(vector, dense, 0, 0);
            return Step(adam, [5, 5], slices);
        }
    }

    [Fact]
    public void GradientsAboveTheClipAreScaledDownToIt()
    {
        using var adam = new AdamW(set, new AdamWOptions { ClipTo = 1 });
        Gradient(vector, 30, 0, 40);
        Assert.Equal(50, Step(adam, [0], [0]), 1e-9);
        Assert.Equal([0.1f * 0.6f, 0, 0.1f * 0.8f], Recorded.Values(backend, vector.FirstMoment), (a, b) => Math.Abs(a - b) < 1e-7);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void AGradientThatIsNotANumberChangesNothing(float bad)
    {
        using var adam = new AdamW(set, new AdamWOptions());
        Gradient(vector, 1, bad, 1);
        Assert.False(double.IsFinite(Step(adam, [0], [1])));
        Assert.Equal(0, adam.Steps);
        Assert.All(set.All, p => Assert.All(Recorded.Values(backend, p.Value), w => Assert.Equal(2, w)));
        Assert.All(set.All, p => Assert.All(Recorded.Values(backend, p.FirstMoment), m => Assert.Equal(0, m)));
    }

    private double Step(AdamW adam, int[] ids, float[] rows)
    {
        arena.Reset();
        var occurrences = arena.Rent(ids.Length, 1);
        backend.Write(rows, occurrences);
        table.OccurrenceGradient = occurrences;
        var norm = adam.Step(arena, ids, Rate);
        set.ClearGradients();
        return norm;
    }

    private void Gradient(Parameter parameter, params ReadOnlySpan<float> values) => backend.Write(values, parameter.Gradient);

    private void Fill(Parameter parameter, float value)
    {
        var values = new float[parameter.Length];
        Array.Fill(values, value);
        backend.Write(values, parameter.Value);
    }
}
