using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Data;
using Beret.Hub;
using Beret.Inference;
using Beret.Optimization;
using Beret.Text;
using Beret.Training;

namespace Beret.Tests.Training;

public class TrainerTests
{
    [Fact]
    public void LearnsAndKeepsAModelThatHuggingFaceNamesFit()
    {
        using var world = new TinyWorld();
        var summary = new Trainer(world.Job("run", TinyWorld.Recipe() with { Epochs = 8 })).Run(TestContext.Current.CancellationToken);

        Assert.False(summary.IsInterrupted);
        Assert.Equal(8, summary.Points.Count);
        Assert.True(summary.Validation!.Find("accuracy")!.Value.Value > 0.9, summary.Validation.ToTable());
        Assert.False(Trainer.IsInterrupted(world.Output("run")));
        using var weights = Beret.Checkpoints.Checkpoint.Open(world.Output("run"));
        Assert.True(weights.Contains("bert.encoder.layer.0.attention.self.query.weight"));
        Assert.True(weights.Contains("classifier.weight"));
    }

    [Theory]
    [InlineData(ModelSource.HuggingFace, "gelu", 0, TokenizerFlavour.HuggingFace)]
    [InlineData(ModelSource.TensorFlow, "gelu_new", null, TokenizerFlavour.TensorFlow)]
    public void TheSourceDecidesWhatTheWeightsDoNotTell(ModelSource source, string activation, int? padding, TokenizerFlavour flavour)
    {
        using var world = new TinyWorld();
        new Trainer(world.Job("run", TinyWorld.Recipe() with { Epochs = 0 }) with { Source = source }).Run(TestContext.Current.CancellationToken);

        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(world.Output("run"), "config.json")))!;
        Assert.Equal(activation, (string?)config["hidden_act"]);
        Assert.Equal(padding, (int?)config["pad_token_id"]);
        var written = ModelDescription.Read(world.Output("run"))!;
        Assert.Equal((flavour, source), (written.Flavour, written.BaseSource));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10)] // the end of an epoch: its validation is still to come
    [InlineData(23)]
    public void AnInterruptedRunGoesOnToTheSameBits(int stopAfter)
    {
        using var world = new TinyWorld();
        new Trainer(world.Job("whole")).Run(TestContext.Current.CancellationToken);

        using var cancel = new CancellationTokenSource();
        var interrupted = new Trainer(world.Job("parts"), new After(stopAfter, cancel.Cancel)).Run(cancel.Token);
        Assert.True(interrupted.IsInterrupted);
        Assert.Equal(stopAfter, interrupted.Steps);
        var resumed = new Trainer(world.Job("parts", resume: true)).Run(TestContext.Current.CancellationToken);

        Assert.False(resumed.IsInterrupted);
        Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("whole"), "model.safetensors")), File.ReadAllBytes(Path.Combine(world.Output("parts"), "model.safetensors")));
        Assert.Equal(Losses(world.Output("whole")), Losses(world.Output("parts")));
    }

    [Fact]
    public void TwoRunsDoNotWorkOnOneFolder()
    {
        using var world = new TinyWorld();
        var error = "";
        new Trainer(world.Job("run"), new After(2, () => error = Assert.Throws<TrainingException>(
            () => new Trainer(world.Job("run", resume: true)).Run(TestContext.Current.CancellationToken)).Message)).Run(TestContext.Current.CancellationToken);
        Assert.Contains("another run is working on", error);

        // The claim ended with the run.
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(world.Output("run"))!, ".*.run"));
    }

    [Fact]
    public void ARunThatDiesGoesOnFromItsLastCheckpointToTheSameBits()
    {
        using var world = new TinyWorld();
        new Trainer(world.Job("whole")).Run(TestContext.Current.CancellationToken);

        // Dying in step 15 leaves the checkpoint of step 12 and log lines beyond it.
        Assert.Throws<InvalidOperationException>(() =>
            new Trainer(world.Job("parts"), new After(15, () => throw new InvalidOperationException())).Run(TestContext.Current.CancellationToken));
        new Trainer(world.Job("parts", resume: true)).Run(TestContext.Current.CancellationToken);

        Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("whole"), "model.safetensors")), File.ReadAllBytes(Path.Combine(world.Output("parts"), "model.safetensors")));
        Assert.Equal(Losses(world.Output("whole")), Losses(world.Output("parts")));
    }

    [Fact]
    public void AFolderWithARunButNoModelYetSaysHowToGoOn()
    {
        using var world = new TinyWorld();
        using var cancel = new CancellationTokenSource();
        new Trainer(world.Job("run"), new After(3, cancel.Cancel)).Run(cancel.Token);

        Assert.Contains("--resume", Assert.Throws<Beret.Inference.InferenceException>(() => Beret.Inference.Classifier.Load(world.Output("run"))).Message);
    }

    [Fact]
    public void TheNumberOfThreadsChangesNoBit()
    {
        using var world = new TinyWorld();
        new Trainer(world.Job("one", TinyWorld.Recipe() with { Threads = 1 })).Run(TestContext.Current.CancellationToken);
        new Trainer(world.Job("three", TinyWorld.Recipe() with { Threads = 3 })).Run(TestContext.Current.CancellationToken);

        Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("one"), "model.safetensors")), File.ReadAllBytes(Path.Combine(world.Output("three"), "model.safetensors")));
    }

    [Fact]
    public void ResumingWithAnotherRecipeIsRefusedByName()
    {
        using var world = new TinyWorld();
        using var cancel = new CancellationTokenSource();
        new Trainer(world.Job("run"), new After(3, cancel.Cancel)).Run(cancel.Token);

        var error = Assert.Throws<TrainingException>(() => new Trainer(world.Job("run", TinyWorld.Recipe() with { LearningRate = 1e-3 }, resume: true)).Run(TestContext.Current.CancellationToken));
        Assert.Contains("--learning-rate", error.Message);
        Assert.Contains("interrupted run", Assert.Throws<TrainingException>(() => new Trainer(world.Job("run")).Run(TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public void ALossThatIsNoNumberIsSaidWithWhatToTry()
    {
        using var world = new TinyWorld();
        var job = world.Job("run", TinyWorld.Recipe() with { LearningRate = 1, Optimizer = new AdamWOptions { ClipTo = 0, WeightDecay = 1, Epsilon = 1e-30 }, Epochs = 50 });
        var weights = Path.Combine(world.Model, "model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), float.NaN);
        File.WriteAllBytes(weights, bytes);

        var error = Assert.Throws<TrainingException>(() => new Trainer(job).Run(TestContext.Current.CancellationToken));
        Assert.Contains("no longer a number", error.Message);
        Assert.Contains("--learning-rate", error.Message);
    }

    [Fact]
    public void EarlyStoppingEndsARunThatNoLongerImproves()
    {
        using var world = new TinyWorld();
        var recipe = TinyWorld.Recipe() with { Epochs = 60, EarlyStopping = 2, Keep = KeepModel.BestLoss };
        var clean = TinyWorld.Texts(200);
        var random = new Random(3);
        var noisy = new LabelledTexts(clean.Labels, [.. clean.Examples.Select(e => e with { Label = random.Next(3) == 0 ? 1 - e.Label : e.Label })], "noisy");
        var summary = new Trainer(world.Job("run", recipe) with { Data = noisy }).Run(TestContext.Current.CancellationToken);

        Assert.True(summary.StoppedEarly);
        Assert.True(summary.Points.Count < 60);
        Assert.Equal(summary.Points.Min(p => p.ValidationLoss), summary.Kept!.ValidationLoss);
        Assert.Equal(summary.Kept.ValidationLoss!.Value, summary.Validation!.Loss.Value, 12);
    }

    private static double[] Losses(string folder) =>
    [
        .. File.ReadLines(Path.Combine(folder, "log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(entry => entry.GetProperty("event").GetString() == "step").Select(entry => entry.GetProperty("loss").GetDouble()),
    ];

    private sealed class After(int step, Action act) : TrainingCallbacks
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
