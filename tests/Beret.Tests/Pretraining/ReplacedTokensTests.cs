using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Pretraining;
using Beret.Tests.Models;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Pretraining;

/// <summary>ELECTRA's replaced-token detection.</summary>
[Collection(nameof(Alone))]
public sealed class ReplacedTokensTests : IDisposable
{
    private const int Steps = 20;

    private static readonly MaskingRules Rules = new(ClassificationId: 6, SeparatorId: 7, MaskId: 8, VocabularySize: 500, (uint)(0.2 * (1UL << 32)), WholeWord: false, Seed: 7) { HidesAll = true };

    private readonly PretrainingWorld world = new();

    private static PretrainingRecipe Recipe => PretrainingWorld.Recipe with { Objective = PretrainingObjective.ReplacedTokens, GeneratorSize = 0.5 };

    public void Dispose() => world.Dispose();

    [Fact]
    public void TheGeneratorSeesMaskInThePlaceOfAllThatIsHidden()
    {
        var batch = Batch();
        Assert.All(batch.Rows.ToArray(), row => Assert.Equal(Rules.MaskId, batch.Packed.Ids[row]));
        Assert.All(batch.Draws.ToArray(), draw => Assert.True(draw is > 0 and < 1));
    }

    [Theory]
    [InlineData("electra")]
    [InlineData("electra with a pooler")]
    public void TheLossRisesAlongItsGradientAsTheGradientSays(string family)
    {
        using var backend = CpuBackend.Create(1);
        using var model = Create(backend, family, dropout: 0);
        using var learner = new ReplacedLearner(model, new AdamWOptions(), seed: 1);
        var batch = Batch();
        learner.Differentiate(batch);
        var trained = model.Parameters.All.Where(parameter => !parameter.IsFrozen).ToList();
        var values = trained.ToDictionary(parameter => parameter, parameter => Recorded.Values(backend, parameter.Value));
        var gradients = trained.ToDictionary(parameter => parameter, parameter => Recorded.Values(backend, parameter.Gradient));
        var norm = Math.Sqrt(gradients.Values.Sum(gradient => gradient.Sum(g => (double)g * g)));
        const double Step = 1e-3;
        Assert.Equal(1, (LossAt(Step) - LossAt(-Step)) / (2 * Step * norm), 0.01);
        Assert.All(gradients, pair => Assert.True(pair.Key.Name.EndsWith("key.bias", StringComparison.Ordinal) || pair.Value.Any(g => g != 0), pair.Key.Name));

        double LossAt(double distance)
        {
            foreach (var parameter in trained)
            {
                backend.Write([.. values[parameter].Zip(gradients[parameter], (value, g) => (float)(value + distance * g / norm))], parameter.Value);
            }

            model.Parameters.Touch();
            return learner.Judge(batch).Loss + learner.GeneratorLoss / 50;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AStepAllocatesNothingOnTheManagedHeap(int threads)
    {
        using var backend = CpuBackend.Create(threads);
        using var model = Create(backend, "electra with a pooler");
        using var learner = new ReplacedLearner(model, new AdamWOptions(), seed: 1);
        var batch = new MaskedBatch(Rules);
        int[][] tokens = [.. Enumerable.Range(0, Steps).Select(s => Enumerable.Range(5, s == 1 ? 62 : 2 + 3 * (s % 18)).ToArray())];
        Run(0, 2);
        SteadyStateTests.AssertAllocatesNothing(() => Run(2, Steps));

        void Run(int from, int to)
        {
            for (var s = from; s < to; s++)
            {
                batch.Begin(s);
                for (var i = 0; i < (s == 1 ? 8 : 3); i++)
                {
                    batch.Add(tokens[s]);
                }

                batch.Complete();
                learner.Step(batch, 1e-4, out _);
            }
        }
    }

    [Fact]
    public void TheMemoryOfAStepIsKnownBefore()
    {
        using var backend = CpuBackend.Create(1);
        using var model = Create(backend, "electra");
        using var learner = new ReplacedLearner(model, new AdamWOptions(), seed: 1);
        var batch = Batch();
        learner.Step(batch, 1e-4, out _);
        Assert.Equal(ReplacedLearner.Plan(model.Config, 0.5, batch.Packed.Tokens, 64, batch.Count), learner.ActivationPeak);
    }

    [Fact]
    public void BothModelsLearn()
    {
        var summary = Run(Job("run", Recipe with { Steps = 600, ValidateEvery = 200 }));

        // Three tokens in twenty are hidden, of which an untrained generator replaces nearly all; whoever calls every token the old one is wrong on these.
        Assert.InRange(summary.Points[^1].ValidationLoss!.Value, 0, 0.8 * summary.Points[0].Loss);
        Assert.InRange(summary.Points[^1].ValidationAccuracy!.Value, 0.9, 1);
        Assert.False(File.ReadAllText(Path.Combine(world.Output("run"), "pretraining.json")).Contains("perplexity", StringComparison.Ordinal));
    }

    [Fact]
    public void TheFolderHoldsTheDiscriminatorAndBelowItTheGeneratorWithTheSameEmbeddings()
    {
        Run(Job("run", Recipe));
        using var discriminator = Checkpoint.Open(world.Output("run"));
        using var generator = Checkpoint.Open(Path.Combine(world.Output("run"), "generator"));
        Assert.True(discriminator.Contains("discriminator_predictions.dense_prediction.weight"));
        Assert.DoesNotContain(discriminator.Tensors, tensor => tensor.Name.StartsWith("generator", StringComparison.Ordinal));
        Assert.True(generator.Contains("generator_lm_head.bias"));
        Assert.True(generator.Contains("electra.embeddings_project.weight"));
        Assert.Equal(discriminator.Read("electra.embeddings.word_embeddings.weight"), generator.Read("electra.embeddings.word_embeddings.weight"));
        Assert.Equal([16L, 16L], generator.Get("electra.encoder.layer.0.attention.self.query.weight").Shape);
        Assert.Equal("ElectraForPreTraining", Architecture(world.Output("run")));
        Assert.Equal("ElectraForMaskedLM", Architecture(Path.Combine(world.Output("run"), "generator")));

        // The generator is a masked language model of its own.
        using var backend = CpuBackend.Create(1);
        var config = ConfigReader.Read(Path.Combine(world.Output("run"), "generator", "config.json"));
        using var loaded = ModelLoader.LoadMasked(config, generator, backend).Model;
    }

    [Fact]
    public void ItGoesOnWithBothAndFineTuningStartsFromTheDiscriminator()
    {
        Run(Job("first", Recipe));
        var job = Job("second", Recipe with { Steps = 1 }) with { ConfigFile = null, Vocabulary = null, ModelFolder = world.Output("first"), ModelName = "first" };
        Assert.Empty(Run(job).Plan.NewLayers!);
        using var tiny = new TinyWorld();
        var summary = new Trainer(tiny.Job("classifier", TinyWorld.Recipe() with { Epochs = 1 }) with { ModelFolder = world.Output("first") }).Run(TestContext.Current.CancellationToken);
        Assert.Equal(["classifier.dense", "classifier.out_proj"], summary.Plan.NewLayers);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(13)]
    public void AnInterruptedRunGoesOnToTheSameBitsWithAnyNumberOfThreads(int stopAfter)
    {
        Run(Job("whole", Recipe with { Threads = 1 }));
        using var cancel = new CancellationTokenSource();
        new Pretrainer(Job("parts", Recipe), new After(stopAfter, cancel.Cancel)).Run(cancel.Token);
        Run(Job("parts", Recipe with { Threads = 3 }) with { Resume = true });
        foreach (var file in new[] { "model.safetensors", Path.Combine("generator", "model.safetensors") })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("whole"), file)), File.ReadAllBytes(Path.Combine(world.Output("parts"), file)));
        }
    }

    [Fact]
    public void OtherFamiliesAreRefused() =>
        Assert.Contains("electra", Assert.Throws<ModelException>(() => Run(world.Job("run", Recipe))).Message);

    private static ReplacedTokenModel Create(IBackend backend, string family, double dropout = 0.1)
    {
        var model = new ReplacedTokenModel(backend, SmallModel.Named(family, dropout), 0.5);
        model.InitializeAll(3);
        return model;
    }

    private static MaskedBatch Batch()
    {
        var batch = new MaskedBatch(Rules);
        batch.Begin(0);
        for (var s = 0; s < 6; s++)
        {
            batch.Add([.. Enumerable.Range(10 * (s + 1), 62)]);
        }

        batch.Complete();
        return batch;
    }

    private static PretrainingSummary Run(PretrainingJob job) => new Pretrainer(job).Run(TestContext.Current.CancellationToken);

    private static string? Architecture(string folder) => (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!["architectures"]![0];

    private PretrainingJob Job(string output, PretrainingRecipe recipe)
    {
        var config = Path.Combine(world.Output(""), "electra.json");
        File.WriteAllText(config, """
            {"model_type": "electra", "vocab_size": 23, "embedding_size": 24, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 64, "max_position_embeddings": 64, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12}
            """);
        return world.Job(output, recipe) with { ConfigFile = config, ModelName = config };
    }

    private sealed class After(int step, Action act) : PretrainingCallbacks
    {
        public override void Stepped(in TrainingProgress progress)
        {
            if (progress.Step == step)
            {
                act();
            }
        }
    }
}
