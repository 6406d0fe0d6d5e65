using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Training;

namespace Beret.Tests.Models;

/// <summary>Random starting weights.</summary>
public sealed class InitializationTests : IDisposable
{
    private readonly IBackend backend = CpuBackend.Create(1);
    private readonly ParameterSet set;
    private readonly Parameter head;
    private readonly Parameter other;
    private readonly Parameter kernel;

    public InitializationTests()
    {
        set = new ParameterSet(backend);
        head = set.Declare("classifier.weight", [1, 512], decays: true);
        other = set.Declare("other.weight", [1, 512], decays: true);
        kernel = set.Declare("kernel.weight", [512, 512], decays: true);
        set.Allocate();
    }

    public void Dispose()
    {
        set.Dispose();
        backend.Dispose();
    }

    /// <summary>As Keras draws the Dense(1) of the tutorial: limit √(6 / (512 + 1)) = 0.10815, deviation limit/√3.</summary>
    [Fact]
    public void GlorotIsUniformWithinItsLimit()
    {
        Initialization.GlorotUniform(backend, head, seed: 1);
        var values = Recorded.Values(backend, head.Value);
        Assert.InRange(values.Max(Math.Abs), 0.105, 0.10814761408717502);

        // The deviation of 512 draws is within 3% of its own: three standard errors are 4%.
        Assert.InRange(Deviation(values), 0.96 * 0.10815 / Math.Sqrt(3), 1.04 * 0.10815 / Math.Sqrt(3));

        Initialization.GlorotUniform(backend, kernel, seed: 1);
        var limit = Math.Sqrt(6.0 / 1024);
        var many = Recorded.Values(backend, kernel.Value);
        Assert.InRange(many.Max(Math.Abs), 0.9999 * limit, limit);

        // A tenth of the draws in each tenth of the range: 26,214 ± 4 standard errors of 154.
        var tenths = many.GroupBy(w => Math.Min(9, (int)((w + limit) / (2 * limit) * 10))).Select(g => g.Count()).ToList();
        Assert.Equal(10, tenths.Count);
        Assert.All(tenths, count => Assert.InRange(count, 25_600, 26_830));
    }

    /// <summary>Cut at two deviations without rescaling, as TensorFlow does it: the sample's deviation is 0.02 · 0.8796 = 0.0176.</summary>
    [Fact]
    public void TheTruncatedNormalIsTensorFlows()
    {
        Initialization.TruncatedNormal(backend, kernel, 0.02, seed: 1);
        var values = Recorded.Values(backend, kernel.Value);
        Assert.InRange(values.Max(Math.Abs), 0.0399, 0.04);
        Assert.Equal(0.0175925, Deviation(values), 0.0001);
        Assert.Equal(0, values.Average(), 0.0001);

        // Normal within the cut: P(|x| < σ) / P(|x| < 2σ) = 0.6827 / 0.9545.
        Assert.Equal(0.6827 / 0.9545, values.Count(w => Math.Abs(w) < 0.02) / (double)values.Length, 0.004);
    }

    [Fact]
    public void ADrawDependsOnTheSeedAndTheNameOnly()
    {
        Initialization.GlorotUniform(backend, head, seed: 1);
        var first = Recorded.Values(backend, head.Value);
        Initialization.GlorotUniform(backend, other, seed: 1);
        Initialization.GlorotUniform(backend, head, seed: 1);
        Assert.Equal(first, Recorded.Values(backend, head.Value));
        Assert.NotEqual(first, Recorded.Values(backend, other.Value));
        Initialization.GlorotUniform(backend, head, seed: 2);
        Assert.NotEqual(first, Recorded.Values(backend, head.Value));
        Initialization.GlorotUniform(backend, head, seed: 1UL << 32 | 1);
        Assert.NotEqual(first, Recorded.Values(backend, head.Value));
    }

    private static double Deviation(float[] values)
    {
        var mean = values.Average(w => (double)w);
        return Math.Sqrt(values.Average(w => (w - mean) * (w - mean)));
    }
}
