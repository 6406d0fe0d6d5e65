using Beret.Data;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tests.Models;
using Beret.Text;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>Batches whose gradients are added up are one large batch, to rounding; all without dropout, which draws for each batch anew.</summary>
public class GradientAccumulationTests
{
    private static readonly EncoderConfig Config = SmallModel.Config(dropout: 0);

    [Theory]
    [InlineData(ClipNorm.Tutorial)]
    [InlineData(ClipNorm.Summed)]
    public void UnequalBatchesMakeTheStepOfOne(ClipNorm clip)
    {
        using var backend = CpuBackend.Create(2);
        using var whole = SmallModel.Create(backend, Config);
        using var parts = SmallModel.Create(backend, Config);
        var options = new AdamWOptions { ClipNorm = clip, Epsilon = 1e-3 };
        using var one = new Learner(whole, backend, Loss.BinaryCrossEntropy, options, seed: 1);
        using var several = new Learner(parts, backend, Loss.BinaryCrossEntropy, options, seed: 1);
        for (var s = 0; s < 3; s++)
        {
            int[] lengths = [20, 33, 7, 64, 2, 18, 40];
            var all = SmallModel.Batch(Config, lengths, seed: s);
            var step = one.Step(all, SmallModel.Labels(all), 1e-3);

            // Three, three and one of the same texts.
            foreach (var (start, count) in ((int, int)[])[(0, 3), (3, 3), (6, 1)])
            {
                var batch = Part(all, start, count);
                several.Accumulate(batch, SmallModel.Labels(all).AsSpan(start, count), count / 7.0);
            }

            var sum = several.Update(1e-3);
            Assert.Equal(step.Loss, sum.Loss, 1e-6);
            Assert.Equal(step.GradientNorm, sum.GradientNorm, 1e-5 * step.GradientNorm);
        }

        foreach (var (expected, actual) in whole.Parameters.All.Zip(parts.Parameters.All).Where(pair => !Comparison.IsKeyBias(pair.First.Name)))
        {
            Assert.All(
                Recorded.Values(backend, expected.Value).Zip(Recorded.Values(backend, actual.Value)),
                pair => Assert.True(Math.Abs(pair.First - pair.Second) < 1e-5, $"{expected.Name}: {pair}"));
        }
    }

    public static TheoryData<string> Recipes => ["plain", "weights", "focus", "frozen", "constant", "multi-label", "windows", "largest window"];

    /// <summary>88 training texts: batches of 6 by four, so the epoch's last step has 24 · 4 − 88 texts less, in batches of 6, 6 and 4.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void ARunWithSmallBatchesIsTheRunWithLargeOnes(string name)
    {
        using var world = new TinyWorld();
        var recipe = Named(name);
        var data = name == "multi-label" ? Sets(110) : TinyWorld.Texts(110);
        var large = new Trainer(world.Job("large", recipe with { BatchSize = 24 }) with { Data = data }).Run(TestContext.Current.CancellationToken);
        var small = new Trainer(world.Job("small", recipe with { BatchSize = 6, GradientAccumulation = 4 }) with { Data = data }).Run(TestContext.Current.CancellationToken);

        Assert.Equal((8, 4), (large.Steps, large.Plan.StepsPerEpoch));
        Assert.Equal(name.Contains("window", StringComparison.Ordinal), small.Plan.MeanWindows > 1.2);
        Assert.Equal((large.Steps, large.Plan.StepsPerEpoch), (small.Steps, small.Plan.StepsPerEpoch));
        foreach (var (expected, actual) in large.Points.Zip(small.Points))
        {
            Assert.Equal(expected.Loss, actual.Loss, 1e-4);
            Assert.Equal(expected.Accuracy, actual.Accuracy, 1e-9);
            Assert.Equal(expected.ValidationLoss!.Value, actual.ValidationLoss!.Value, 1e-4);
        }
    }

    [Fact]
    public void TheMemoryOfAStepIsPlanned()
    {
        var config = Config with { VocabularySize = 60 };
        var plan = MemoryPlan.For(config, 1, 4, 32, shape: new StepShape(1, 3, _ => { }));
        Assert.Equal(3L * 4 * 32 * config.EmbeddingSize * sizeof(float), plan.Gradients - MemoryPlan.For(config, 1, 4, 32).Gradients);
        using var backend = CpuBackend.Create(2);
        using var model = SmallModel.Create(backend, config);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, plan.Activations);
        learner.Reserve(3 * 4 * 32);
        for (var i = 0; i < 3; i++)
        {
            var batch = SmallModel.Batch(config, [32, 32, 32, 32], seed: i);
            learner.Accumulate(batch, SmallModel.Labels(batch), 1.0 / 3);
        }

        learner.Update(1e-4);
        Assert.InRange(learner.ActivationPeak, 1, plan.Activations);
    }

    private static TrainingRecipe Named(string name)
    {
        var recipe = TinyWorld.Recipe() with { Epochs = 2, Dropout = 0, HiddenDropout = 0, AttentionDropout = 0, LearningRate = 1e-3, Optimizer = new AdamWOptions { Epsilon = 1e-3 } };
        return name switch
        {
            "weights" => recipe with { ClassWeights = ClassWeights.Parse("pos=5")!, LabelSmoothing = 0.1 },
            "focus" => recipe with { FocalGamma = 2, ClassWeights = ClassWeights.Balanced },
            "frozen" => recipe with { FreezeLayers = 1 },
            "constant" => recipe with { Schedule = RateDecay.Constant, Warmup = 0 },
            "multi-label" => recipe with { ClassWeights = ClassWeights.Balanced },
            "windows" => recipe with { MaxLength = 10, Truncation = Truncation.Windows },
            "largest window" => recipe with { MaxLength = 10, Truncation = Truncation.Windows, WindowPooling = WindowPooling.Max, MaxWindows = 3 },
            _ => recipe,
        };
    }

    private static LabelledTexts Sets(int count) => new(
        ["neg", "pos"], [.. TinyWorld.Texts(count).Examples.Select((text, i) => text with { Label = -1, Labels = i % 5 == 0 ? [] : [text.Label] })], "sets", kind: LabelKind.Set);

    private static PackedBatch Part(PackedBatch all, int start, int count)
    {
        var part = new PackedBatch();
        for (var b = start; b < start + count; b++)
        {
            part.Add(all.Ids[all.Starts[b]..all.Starts[b + 1]]);
        }

        return part;
    }
}
