using Beret.Benchmarks;
using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Inference;
using Beret.Tests.Models;
using Beret.Training;

namespace Beret.Tests.Benchmarks;

/// <summary>Timing of steps and passes: what is counted, not how long it takes.</summary>
public class PassTimerTests
{
    [Fact]
    public void TheMemoryOfAStepIsTheOnePlanned()
    {
        using var timer = Timer();
        var pass = timer.Train(4, 16, seconds: 0, least: 2);
        var plan = MemoryPlan.For(TinyModel.Config, 1, 4, 16);
        Assert.Equal(plan.Activations, timer.ActivationPeak);

        // Beside it there are only the optimizer's list of rows and the order of the tokens.
        Assert.InRange(pass.MemoryBytes, plan.Total, plan.Total + 4096);
    }

    [Fact]
    public void AProfileAccountsForTheWholeTimeAndTheWholeWork()
    {
        using var timer = Timer();
        var pass = timer.Infer(4, 16, seconds: 0, least: 3);
        Assert.Equal(1, pass.Operations.Sum(operation => operation.Share), tolerance: 0.01);
        Assert.Contains(pass.Operations, operation => operation.Operation == OperationShare.Between);

        // The pooler and the head, which the count leaves out, are two layers on four rows.
        var head = 2.0 * 4 * (24 * 24 + 24);
        Assert.Equal(pass.Flops + head, pass.Operations.Sum(operation => operation.Flops), tolerance: 1);
    }

    [Theory]
    [InlineData("deberta v3")]
    [InlineData("talking heads")]
    [InlineData("modernbert")]
    [InlineData("albert")]
    public void EveryFamilyHasItsSteps(string family)
    {
        using var timer = new PassTimer(CpuBackend.Create(1), backend => SmallModel.Create(backend, SmallModel.Named(family)));
        var pass = timer.Train(2, 12, seconds: 0, least: 2);
        Assert.True(pass.Flops > 0);
        Assert.Contains(pass.Operations, operation => operation.Operation.EndsWith("AttentionGradient", StringComparison.Ordinal) && operation.Flops > 0);
    }

    [Fact]
    public void AModelWithoutNumbersIsNotTimed()
    {
        using var timer = new PassTimer(CpuBackend.Create(1), backend =>
        {
            var model = TinyModel.Create(backend, 1);
            Initialization.Constant(backend, model.Parameters.All[0], float.NaN);
            return model;
        });
        Assert.Throws<TrainingException>(() => timer.Train(2, 8, seconds: 0, least: 2));
    }

    [Fact]
    public void QuantilesLieBetweenTheTimesInProportion()
    {
        double[] times = [4, 1, 3, 2];
        Assert.Equal(2.5, Clock.Median(times));
        Assert.Equal(1.75, Clock.Quantile(times, 0.25));
        Assert.Equal((3.25 - 1.75) / 2 / 2.5, Clock.Spread(times), tolerance: 1e-12);
        Assert.Equal(7, Clock.Median([7]));
    }

    private static PassTimer Timer() => new(CpuBackend.Create(2), backend => TinyModel.Create(backend, 1));
}
