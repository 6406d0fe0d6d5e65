using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tests.Models;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Tests.Training;

/// <summary>The bottom of an encoder keeps its weights, and what stands above it learns as if it were all of the model.</summary>
public class FrozenPartTests
{
    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var family in SmallModel.Names)
            {
                var layers = SmallModel.Named(family).Layers;
                foreach (var frozen in family.StartsWith("albert", StringComparison.Ordinal) ? (int[])[0] : [0, 1, layers])
                {
                    cases.Add(family, frozen);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhatIsFrozenKeepsItsBitsAndEverythingElseIsReached(string family, int frozen)
    {
        using var backend = CpuBackend.Create(2);
        using var model = SmallModel.Create(backend, SmallModel.Named(family), outputs: 3);
        FrozenPart.Apply(model, Recipe(frozen));
        var before = model.Parameters.All.Select(parameter => Recorded.Values(backend, parameter.Value)).ToArray();
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions { Epsilon = 1e-12, WeightDecay = 0.5 }, seed: 7);
        var batch = SmallModel.Batch(model.Config, [33, 5, 64]);
        var targets = Enumerable.Range(0, 9).Select(i => i % 2f).ToArray();
        for (var s = 0; s < 2; s++)
        {
            Assert.True(learner.Step(batch, targets, 1e-3).IsFinite);
        }

        for (var i = 0; i < before.Length; i++)
        {
            var parameter = model.Parameters.All[i];
            var isSame = before[i].AsSpan().SequenceEqual(Recorded.Values(backend, parameter.Value));
            Assert.True(isSame == parameter.IsFrozen || Comparison.IsKeyBias(parameter.Name), $"{parameter.Name}: frozen {parameter.IsFrozen}, changed {!isSame}");

            // Decay alone would move a weight: it is the gradient that has to reach it.
            Assert.True(parameter.IsFrozen || Recorded.Values(backend, parameter.SecondMoment).Any(moment => moment > 0), parameter.Name);
        }

        Assert.Contains(model.Parameters.All, parameter => parameter.Name.Contains("embeddings", StringComparison.Ordinal) && parameter.IsFrozen);
        Assert.All(model.Parameters.All.Where(parameter => !parameter.Name.StartsWith(model.Config.Family.Prefix, StringComparison.Ordinal)), parameter => Assert.False(parameter.IsFrozen));
    }

    /// <summary>With the same dropout: the frozen layers drop as they would.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void TheGradientsAboveAreThoseOfTheWholeModel(string family, int frozen)
    {
        using var backend = CpuBackend.Create(2);
        var (whole, expected) = Gradients(backend, family, -1, isCheckpointed: false);
        foreach (var isCheckpointed in whole.Encoder.PassesBlocks ? (bool[])[false, true] : [false])
        {
            var (model, actual) = Gradients(backend, family, frozen, isCheckpointed);
            foreach (var (parameter, index) in model.Parameters.All.Select((parameter, index) => (parameter, index)))
            {
                // What several layers share has from those above alone; how little is left out of it is not said here.
                if (!parameter.IsFrozen && (frozen == 0 || !IsShared(parameter)))
                {
                    Assert.True(expected[index].AsSpan().SequenceEqual(actual[index]), parameter.Name);
                }
            }

            model.Dispose();
        }

        whole.Dispose();

        static bool IsShared(Parameter parameter) =>
            parameter.Name.Contains("rel_embeddings", StringComparison.Ordinal) || parameter.Name.Contains("relative_attention_bias", StringComparison.Ordinal)
            || parameter.Name == "deberta.encoder.LayerNorm.weight" || parameter.Name == "deberta.encoder.LayerNorm.bias";
    }

    [Fact]
    public void FewerLayersToLearnTakeLessMemory()
    {
        var config = SmallModel.Config() with { Layers = 4 };
        var plans = Enumerable.Range(-1, 6).Select(frozen => Plan(config, frozen)).ToList();
        Assert.All(plans.Zip(plans.Skip(1)), pair => Assert.True(pair.Second.Activations < pair.First.Activations && pair.Second.Moments < pair.First.Moments, $"{pair}"));

        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, config);
        FrozenPart.Apply(model, Recipe(2));
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, plans[3].Activations);
        var batch = SmallModel.Batch(config, [.. Enumerable.Repeat(64, 8)]);
        learner.Step(batch, SmallModel.Labels(batch), 1e-4);
        Assert.Equal(plans[3].Activations, learner.ActivationPeak);

        static MemoryPlan Plan(EncoderConfig config, int frozen) =>
            MemoryPlan.For(config, 1, 8, 64, shape: new StepShape(1, 1, model => FrozenPart.Apply(model, Recipe(frozen))));
    }

    [Fact]
    public void WhatCannotBeFrozenIsSaid()
    {
        Assert.Contains("the model has 2 layers", Refused(new TrainingRecipe { FreezeLayers = 3 }, SmallModel.Config()), StringComparison.Ordinal);
        Assert.Contains("share their weights", Refused(new TrainingRecipe { FreezeLayers = 1 }, SmallModel.Named("albert")), StringComparison.Ordinal);
        Assert.Contains("--hidden-states last", Refused(new TrainingRecipe { FreezeLayers = 1, HiddenStates = HiddenStates.All }, SmallModel.Config()), StringComparison.Ordinal);
        Assert.Contains("--relations", Refused(new TrainingRecipe { FreezeLayers = 2, Relations = Relations.ValueValue }, SmallModel.Config()), StringComparison.Ordinal);
        FrozenPart.Check(new TrainingRecipe { FreezeLayers = 1, Relations = Relations.ValueValue, HiddenStates = HiddenStates.Last }, SmallModel.Config(), hasTeacher: true);

        static string Refused(TrainingRecipe recipe, EncoderConfig config) => Assert.Throws<TrainingException>(() => FrozenPart.Check(recipe, config, hasTeacher: true)).Message;
    }

    [Fact]
    public void AFrozenRunWritesThePretrainedWeightsAgain()
    {
        using var world = new TinyWorld();
        var summary = new Trainer(world.Job("run", TinyWorld.Recipe() with { FreezeLayers = 1 })).Run(TestContext.Current.CancellationToken);
        using var before = Checkpoint.Open(world.Model);
        using var after = Checkpoint.Open(world.Output("run"));
        long frozen = 0;
        foreach (var tensor in after.Tensors.Where(tensor => before.Find(tensor.Name) is not null))
        {
            var isFrozen = tensor.Name.Contains("embeddings", StringComparison.Ordinal) || tensor.Name.Contains("layer.0.", StringComparison.Ordinal);
            frozen += isFrozen ? tensor.Count : 0;
            Assert.Equal(isFrozen, before.Read(tensor.Name).AsSpan().SequenceEqual(after.Read(tensor.Name)));
        }

        Assert.Equal(frozen, summary.Plan.FrozenParameters);
    }

    private static TrainingRecipe Recipe(int frozen) => new() { FreezeEmbeddings = frozen == 0, FreezeLayers = Math.Max(0, frozen) };

    private static (SequenceClassifier Model, float[][] Gradients) Gradients(IBackend backend, string family, int frozen, bool isCheckpointed)
    {
        var model = SmallModel.Create(backend, SmallModel.Named(family), outputs: 3);
        FrozenPart.Apply(model, Recipe(frozen));
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 7, keepsOnlyBlockInputs: isCheckpointed);
        var batch = SmallModel.Batch(model.Config, [33, 5, 64]);
        learner.Differentiate(batch, Enumerable.Range(0, 9).Select(i => i % 2f).ToArray());
        return (model, [.. model.Parameters.All.Select(parameter => learner.GradientOf(parameter, batch))]);
    }
}
