using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tests.Models;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>Layers that are computed anew in the backward pass: the same bits in less memory.</summary>
public class CheckpointedActivationsTests
{
    public static TheoryData<string> Families => [.. SmallModel.Names.Where(Passes)];

    public static TheoryData<string> Others => [.. SmallModel.Names.Where(name => !Passes(name))];

    [Theory]
    [MemberData(nameof(Families))]
    public void StepsHaveTheSameBitsAsWithEverythingKept(string family)
    {
        var kept = Train(false);
        var anew = Train(true);
        Assert.Equal(kept.Losses, anew.Losses);
        Assert.Empty(anew.State.DifferencesFrom(kept.State));

        (double[] Losses, TrainedState State) Train(bool checkpoints)
        {
            using var backend = CpuBackend.Create(2);
            using var model = SmallModel.Create(backend, SmallModel.Named(family));
            using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 3, keepsOnlyBlockInputs: checkpoints);
            var losses = new List<double>();
            for (var i = 0; i < 4; i++)
            {
                losses.Add(learner.Step(SmallModel.Batch(model.Config, [7, 64, 33, 1], seed: i), [1, 0, 1, 0], 1e-3).Loss);
            }

            var state = new TrainedState();
            foreach (var parameter in model.Parameters.All)
            {
                state.Add(parameter.Name, Recorded.Values(backend, parameter.Value));
            }

            return ([.. losses], state);
        }
    }

    [Fact]
    public void DropoutDecides()
    {
        // Else the test above would not see whether a block is computed anew with the dropout it had.
        using var backend = CpuBackend.Create(1);
        var losses = new[] { 0.0, 0.3 }.Select(rate =>
        {
            var config = SmallModel.Config() with { HiddenDropout = rate, AttentionDropout = rate };
            using var model = SmallModel.Create(backend, config);
            using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 3, keepsOnlyBlockInputs: true);
            return learner.Step(SmallModel.Batch(config, [7, 64]), [1, 0], 1e-3).Loss;
        }).ToArray();
        Assert.NotEqual(losses[0], losses[1]);
        Assert.True(SmallModel.Config().HiddenDropout > 0 && SmallModel.Config().AttentionDropout > 0);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void TheMemoryIsTheOnePlanned(string family)
    {
        var config = SmallModel.Named(family);
        var plan = MemoryPlan.For(config, 1, batchSize: 8, length: 64, keepsOnlyBlockInputs: true);
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, config);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 3, plan.Activations, keepsOnlyBlockInputs: true);
        learner.Step(SmallModel.Batch(config, [.. Enumerable.Repeat(64, 8)]), new float[8], 1e-3);
        Assert.Equal(plan.Activations, learner.ActivationPeak);
    }

    [Fact]
    public void MemoryGrowsByOneInputALayer()
    {
        long Activations(int layers, bool checkpoints) =>
            MemoryPlan.For(SmallModel.Config() with { Layers = layers }, 1, batchSize: 8, length: 64, keepsOnlyBlockInputs: checkpoints).Activations;

        var (kept, anew) = (Activations(12, false) - Activations(6, false), Activations(12, true) - Activations(6, true));
        Assert.Equal(6 * 8 * 64 * SmallModel.Config().HiddenSize * sizeof(float), anew);
        Assert.True(kept > 8 * anew, $"{kept} and {anew} bytes for six more layers");
    }

    [Theory]
    [MemberData(nameof(Others))]
    public void AFamilyWhoseLayersShareMoreSaysSo(string family)
    {
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, SmallModel.Named(family));
        Assert.False(model.Encoder.PassesBlocks);
    }

    private static bool Passes(string family)
    {
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, SmallModel.Named(family));
        return model.Encoder.PassesBlocks;
    }
}
