using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Models;
using Beret.Numerics;
using Beret.Pretraining;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Pretraining;

public sealed class PretrainerTests : IDisposable
{
    private readonly PretrainingWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void AModelFromNothingLearnsToGuessHiddenWords()
    {
        var summary = Run(world.Job("run", PretrainingWorld.Recipe with { Steps = 600, ValidateEvery = 200 }));

        // One word of ten, were it not for the two that the sentence has.
        Assert.Equal(3, summary.Points.Count);
        Assert.InRange(summary.Points[^1].ValidationLoss!.Value, 0, 0.5);
        Assert.InRange(summary.Points[^1].ValidationAccuracy!.Value, 0.8, 1);
        Assert.False(Trainer.IsInterrupted(world.Output("run")));
        var report = JsonNode.Parse(File.ReadAllText(Path.Combine(world.Output("run"), "pretraining.json")))!;
        Assert.Equal(600, (int)report["steps"]!);
        Assert.Equal(Math.Exp(summary.Points[^1].ValidationLoss!.Value), (double)report["history"]![2]!["held_out_perplexity"]!, 1e-9);
        Assert.Equal(0.003, (double)report["recipe"]!["learning_rate"]!);
    }

    [Fact]
    public void TheFolderIsThatOfAMaskedLanguageModelInHuggingFacesNames()
    {
        Run(world.Job("run"));
        using var weights = Checkpoint.Open(world.Output("run"));
        Assert.True(weights.Contains("bert.encoder.layer.1.output.LayerNorm.weight"));
        Assert.True(weights.Contains("cls.predictions.bias"));
        Assert.True(weights.Contains("cls.predictions.transform.dense.weight"));
        Assert.False(weights.Contains("bert.pooler.dense.weight"));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(world.Output("run"), "config.json")))!;
        Assert.Equal("BertForMaskedLM", (string?)config["architectures"]![0]);
        Assert.Equal(
            ["config.json", "log.jsonl", "model.safetensors", "pretraining.json", "run.json", "tokenizer_config.json", "vocab.txt"],
            Directory.GetFiles(world.Output("run")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void FineTuningStartsFromIt()
    {
        Run(world.Job("run"));
        using var tiny = new TinyWorld();
        var summary = new Trainer(tiny.Job("classifier", TinyWorld.Recipe() with { Epochs = 1 }) with { ModelFolder = world.Output("run") }).Run(TestContext.Current.CancellationToken);
        Assert.Equal(["bert.pooler.dense", "classifier"], summary.Plan.NewLayers);
    }

    [Fact]
    public void ItGoesOnWithTheHeadAndWithThePoolerAsItWas()
    {
        Run(world.Job("first"));
        var job = world.Job("second") with { ConfigFile = null, Vocabulary = null, ModelFolder = world.Output("first"), ModelName = "first" };
        Assert.Empty(Run(job).Plan.NewLayers!);

        // The tiny model has a pooler and no head.
        var summary = Run(world.Job("third") with { ConfigFile = null, Vocabulary = null, ModelFolder = world.Model, ModelName = "tiny" });
        Assert.Equal(["cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions"], summary.Plan.NewLayers);
        using var before = Checkpoint.Open(world.Model);
        using var after = Checkpoint.Open(world.Output("third"));
        Assert.Equal(before.Read("bert.pooler.dense.weight"), after.Read("bert.pooler.dense.weight"));
        Assert.NotEqual(before.Read("bert.encoder.layer.0.intermediate.dense.weight"), after.Read("bert.encoder.layer.0.intermediate.dense.weight"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)] // a judgement is still to come
    [InlineData(13)]
    [InlineData(23)]
    public void AnInterruptedRunGoesOnToTheSameBits(int stopAfter)
    {
        var recipe = PretrainingWorld.Recipe with { WholeWord = true };
        Run(world.Job("whole", recipe));
        using var cancel = new CancellationTokenSource();
        var interrupted = new Pretrainer(world.Job("parts", recipe), new After(stopAfter, cancel.Cancel)).Run(cancel.Token);
        Assert.True(interrupted.IsInterrupted);
        Assert.Equal(stopAfter, interrupted.Steps);
        var before = Pretrainer.Interrupted(world.Output("parts"));
        Assert.Equal((recipe, world.Config, world.Vocabulary, null), (before.Recipe, before.Model, before.Vocabulary, before.Teacher));
        Assert.Equal([world.Texts], before.Texts);
        Assert.False(Run(world.Job("parts", recipe, resume: true)).IsInterrupted);
        AssertSame("whole", "parts");
    }

    [Fact]
    public void ARunThatDiesGoesOnFromItsLastCheckpointToTheSameBits()
    {
        Run(world.Job("whole"));

        // Dying in step 15 leaves the checkpoint of step 12 and log lines beyond it.
        Assert.Throws<InvalidOperationException>(() => new Pretrainer(world.Job("parts"), new After(15, () => throw new InvalidOperationException())).Run(TestContext.Current.CancellationToken));
        Run(world.Job("parts", resume: true));
        AssertSame("whole", "parts");
    }

    [Fact]
    public void TheNumberOfThreadsChangesNoBit()
    {
        Run(world.Job("one", PretrainingWorld.Recipe with { Threads = 1 }));
        Run(world.Job("three", PretrainingWorld.Recipe with { Threads = 3 }));
        AssertSame("one", "three");
    }

    [Fact]
    public void OnlyTheSameRunIsResumed()
    {
        using var cancel = new CancellationTokenSource();
        new Pretrainer(world.Job("run"), new After(3, cancel.Cancel)).Run(cancel.Token);
        Assert.Contains("--mask", Refused(world.Job("run", PretrainingWorld.Recipe with { Mask = 0.2 }, resume: true)));
        Assert.Contains("interrupted run", Refused(world.Job("run")));
        File.AppendAllText(world.Texts, "the plot\n");
        Assert.Contains(world.Texts, Refused(world.Job("run", resume: true)));
        Assert.Contains("no state of a training run of this kind", Assert.Throws<TrainingException>(() => Trainer.Interrupted(world.Output("run"))).Message);
    }

    [Fact]
    public void WhatDoesNotFitIsRefusedByName()
    {
        Assert.Contains("--max-length", Refused(world.Job("run", PretrainingWorld.Recipe with { MaxLength = 65 })));
        File.AppendAllText(world.Vocabulary, "one\nmore\n");
        Assert.Contains("vocab_size", Refused(world.Job("run")));
        var family = Assert.Throws<ModelException>(() => new MaskedLanguageModel(new PlanningBackend(), Beret.Tests.Models.SmallModel.Named("talking heads")));
        Assert.Contains("talking-heads", family.Message);
        Assert.False(Directory.Exists(world.Output("run")));
    }

    [Fact]
    public void ATeachersStatesAreLearntBesideTheHiddenWords()
    {
        var recipe = PretrainingWorld.Recipe with { Steps = 200, ValidateEvery = 50 };
        var summary = Run(Taught("run", recipe));
        Assert.True(summary.Points[^1].TeacherLoss < 0.5 * summary.Points[0].TeacherLoss, $"{summary.Points[0].TeacherLoss} {summary.Points[^1].TeacherLoss}");
        Assert.True(summary.Points[^1].Loss < summary.Points[0].Loss);
        Assert.Contains("layer 2 of 2", summary.Plan.Teacher);
        using var weights = Checkpoint.Open(world.Output("run"));
        Assert.DoesNotContain(weights.Tensors, tensor => tensor.Name.Contains("teacher", StringComparison.Ordinal));
        var report = JsonNode.Parse(File.ReadAllText(Path.Combine(world.Output("run"), "pretraining.json")))!;
        Assert.Equal(summary.Points[^1].TeacherLoss!.Value, (double)report["history"]![3]!["teacher_loss"]!);
        Assert.Empty(Directory.GetFiles(world.Output(""), ".run.*"));
    }

    [Fact]
    public void WithATeacherTooARunGoesOnToTheSameBitsWhateverTheThreads()
    {
        // More steps than an epoch has, so that states are read again.
        var recipe = PretrainingWorld.Recipe with { Steps = 60, BatchTokens = 400, MaskedWeight = 0.5, TeacherLayer = 1 };
        Run(Taught("whole", recipe with { Threads = 1 }));
        using var cancel = new CancellationTokenSource();
        new Pretrainer(Taught("parts", recipe), new After(45, cancel.Cancel)).Run(cancel.Token);
        Assert.Equal("tiny", Pretrainer.Interrupted(world.Output("parts")).Teacher);
        var without = Taught("parts", recipe) with { Resume = true, TeacherFolder = null, TeacherName = null };
        Assert.Contains("began with tiny", Refused(without));
        Run(Taught("parts", recipe) with { Resume = true });
        AssertSame("whole", "parts");
    }

    [Fact]
    public void ATeacherIsForHiddenTokens() => Assert.Contains(
        "--teacher", Refused(Taught("run", PretrainingWorld.Recipe with { Objective = PretrainingObjective.ReplacedTokens })));

    [Fact]
    public void TheArithmeticMayBeBFloat16()
    {
        var summary = Run(world.Job("run", PretrainingWorld.Recipe with { Precision = Precision.BFloat16 }));
        var single = Run(world.Job("single"));
        Assert.NotEqual(single.Points[^1].Loss, summary.Points[^1].Loss);
        Assert.Equal(single.Points[^1].Loss, summary.Points[^1].Loss, 0.05);
    }

    [Fact]
    public void TheOptionsAreReadAsTheyAreWritten()
    {
        var recipe = new PretrainingRecipe { Steps = 7, BatchSize = 3, BatchTokens = 99, WholeWord = true, Precision = Precision.BFloat16, LearningRate = 2.5e-4 };
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            PretrainingOption.Write(writer, recipe);
        }

        using var document = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(recipe, PretrainingOption.Read(document.RootElement));
        Assert.Contains("0.001 to 0.9", Assert.Throws<TrainingException>(() => PretrainingOption.All.Single(option => option.Name == "mask").Set(recipe, "1.5")).Message);
    }

    /// <summary>With the tiny model for a teacher.</summary>
    private PretrainingJob Taught(string output, PretrainingRecipe recipe) => world.Job(output, recipe) with { TeacherFolder = world.Model, TeacherName = "tiny" };

    private static PretrainingSummary Run(PretrainingJob job) => new Pretrainer(job).Run(TestContext.Current.CancellationToken);

    private static string Refused(PretrainingJob job) => Assert.Throws<TrainingException>(() => Run(job)).Message;

    private void AssertSame(string one, string other)
    {
        Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output(one), "model.safetensors")), File.ReadAllBytes(Path.Combine(world.Output(other), "model.safetensors")));
        Assert.Equal(Losses(one), Losses(other));
    }

    private string[] Losses(string name) =>
    [
        .. File.ReadLines(Path.Combine(world.Output(name), "log.jsonl")).Select(line => JsonNode.Parse(line)!)
            .Where(entry => (string?)entry["event"] is "step" or "validation" or "epoch")
            .Select(entry => $"{entry["event"]} {entry["step"]} {entry["loss"]} {entry["epoch_loss"]} {entry["teacher_loss"]} {entry["validation_loss"]} {entry["validation_accuracy"]}"),
    ];

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
