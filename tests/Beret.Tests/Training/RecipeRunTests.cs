using System.Text.Json;
using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Tests.Training;

/// <summary>What the settings of a recipe do to a run, and that a run with any of them goes on to the same bits.</summary>
public sealed class RecipeRunTests : IDisposable
{
    private readonly TinyWorld world = new();

    public static TheoryData<string> Settings =>
    [
        "class-weights=balanced", "class-weights=pos=3", "label-smoothing=0.1", "focal-gamma=2", "layer-decay=0.7", "head-learning-rate=0.01", "freeze-embeddings=true", "freeze-layers=1",
        "freeze-layers=2", "gradient-accumulation=3", "schedule=cosine", "schedule=constant", "clip=0", "clip=0.1", "max-steps=14", "validate-every=4", "keep=f1", "keep=best-loss",
        "early-stopping=1", "adam=google", "checkpoint-activations=true", "precision=bf16", "truncation=head+tail", "shuffle=tutorial",
        "truncation=windows max-length=10 gradient-accumulation=3", "truncation=windows max-length=10 window-pooling=max max-windows=2 gradient-accumulation=2 checkpoint-activations=true",
        "gradient-accumulation=3 freeze-layers=1 class-weights=balanced label-smoothing=0.1 focal-gamma=1 head-learning-rate=0.01 schedule=cosine max-steps=9 validate-every=2 keep=roc_auc",
    ];

    public void Dispose() => world.Dispose();

    [Theory]
    [MemberData(nameof(Settings))]
    public void AnInterruptedRunGoesOnToTheSameBitsAndWithOtherThreads(string settings)
    {
        var recipe = settings.Split(' ').Select(setting => setting.Split('=', 2)).Aggregate(TinyWorld.Recipe() with { BatchSize = 8 }, (one, setting) => RecipeOption.Find(setting[0])!.Set(one, setting[1]));
        var whole = new Trainer(world.Job("whole", recipe)).Run(TestContext.Current.CancellationToken);

        // In the first epoch between two checkpoints, and again where a validation is due.
        using (var cancel = new CancellationTokenSource())
        {
            Assert.True(new Trainer(world.Job("parts", recipe), new After(3, cancel.Cancel)).Run(cancel.Token).IsInterrupted);
        }

        using (var cancel = new CancellationTokenSource())
        {
            Assert.Throws<InvalidOperationException>(() => new Trainer(
                world.Job("parts", recipe with { Threads = 1 }, resume: true), new After(6, () => throw new InvalidOperationException())).Run(cancel.Token));
        }

        var resumed = new Trainer(world.Job("parts", recipe with { Threads = 3 }, resume: true)).Run(TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("whole"), "model.safetensors")), File.ReadAllBytes(Path.Combine(world.Output("parts"), "model.safetensors")));
        Assert.Equal(whole.Points.Select(Figures), resumed.Points.Select(Figures));
        Assert.Equal((whole.Steps, whole.StoppedEarly, whole.Kept!.Step), (resumed.Steps, resumed.StoppedEarly, resumed.Kept!.Step));

        static TrainingPoint Figures(TrainingPoint point) => point with { Seconds = 0 };
    }

    /// <summary>Each of them changes what is trained: none of the runs above is another's by mistake.</summary>
    [Fact]
    public void EverySettingMatters()
    {
        var weights = new Dictionary<string, string>();
        foreach (string setting in (string[])["epochs=1", "class-weights=pos=3", "label-smoothing=0.1", "focal-gamma=2", "layer-decay=0.7", "head-learning-rate=0.01", "freeze-embeddings=true",
            "freeze-layers=1", "freeze-layers=2", "gradient-accumulation=3", "schedule=cosine", "schedule=constant", "clip=0.1", "max-steps=5"])
        {
            var parts = setting.Split('=', 2);
            new Trainer(world.Job(setting, RecipeOption.Find(parts[0])!.Set(TinyWorld.Recipe() with { Epochs = 1 }, parts[1]))).Run(TestContext.Current.CancellationToken);
            weights.Add(setting, Convert.ToHexString(File.ReadAllBytes(Path.Combine(world.Output(setting), "model.safetensors"))));
        }

        Assert.Empty(weights.GroupBy(pair => pair.Value).Where(group => group.Count() > 1).Select(group => string.Join(" = ", group.Select(pair => pair.Key))));
    }

    [Fact]
    public void TheRecipeOfAModelRemembersThem()
    {
        var recipe = TinyWorld.Recipe() with { Epochs = 1, ClassWeights = ClassWeights.Parse("pos=3")!, FocalGamma = 1.5, FreezeLayers = 1, GradientAccumulation = 2, Keep = KeepModel.Parse("f1")! };
        new Trainer(world.Job("run", recipe)).Run(TestContext.Current.CancellationToken);
        using var model = Classifier.Load(world.Output("run"));
        var kept = model.Description.Recipe!.Value;
        Assert.Equal(("pos=3", 1.5, 1, 2, "f1"), (kept.GetProperty("class_weights").GetString(), kept.GetProperty("focal_gamma").GetDouble(), kept.GetProperty("freeze_layers").GetInt32(),
            kept.GetProperty("gradient_accumulation").GetInt32(), kept.GetProperty("keep").GetString()));
    }

    [Fact]
    public void ARunEndsAtItsMostStepsWithAValidationAndARateThatHasFallen()
    {
        var summary = new Trainer(world.Job("run", TinyWorld.Recipe() with { MaxSteps = 13 })).Run(TestContext.Current.CancellationToken);
        Assert.Equal((13, 10, 2), (summary.Steps, summary.Plan.StepsPerEpoch, summary.Plan.Epochs));
        Assert.Equal([(10, true), (13, false)], summary.Points.Select(point => (point.Step, point.EndsEpoch)));
        Assert.NotNull(summary.Points[^1].ValidationLoss);

        var rates = Steps("run").Select(step => step.GetProperty("learning_rate").GetDouble()).ToArray();
        Assert.Equal(3e-3 / 13, rates[^1], 1e-15);

        // More than the passes have is no reason to go on.
        Assert.Equal(30, new Trainer(world.Job("long", TinyWorld.Recipe() with { MaxSteps = 1000 })).Run(TestContext.Current.CancellationToken).Steps);
    }

    [Fact]
    public void RatesAreCountedByStepsNotByBatches()
    {
        var recipe = TinyWorld.Recipe() with { BatchSize = 4, GradientAccumulation = 4, Schedule = RateDecay.Cosine, DecayStart = DecayStart.EndOfWarmup, MaxSteps = 20 };
        var summary = new Trainer(world.Job("run", recipe)).Run(TestContext.Current.CancellationToken);
        var schedule = new LearningRateSchedule(3e-3, 2, 20, DecayStart.EndOfWarmup, RateDecay.Cosine);
        Assert.Equal(10, summary.Plan.StepsPerEpoch);
        Assert.Equal(Enumerable.Range(0, 20).Select(schedule.At), Steps("run").Select(step => step.GetProperty("learning_rate").GetDouble()));
    }

    [Fact]
    public void TheHeadHasItsOwnRate()
    {
        // One step of Adam moves every weight that has a gradient by about the rate, whatever the gradient.
        var recipe = TinyWorld.Recipe() with { MaxSteps = 1, Warmup = 0, LearningRate = 1e-3, HeadLearningRate = 2e-2, Optimizer = new AdamWOptions { WeightDecay = 0, Epsilon = 1e-12 } };
        new Trainer(world.Job("run", recipe)).Run(TestContext.Current.CancellationToken);
        new Trainer(world.Job("start", recipe with { Epochs = 0 })).Run(TestContext.Current.CancellationToken);
        Assert.Equal(2e-2, Moved("classifier.weight"), 2e-4);
        Assert.Equal(1e-3, Moved("bert.encoder.layer.0.intermediate.dense.weight"), 1e-5);
        Assert.Equal(1e-3, Moved("bert.pooler.dense.weight"), 1e-5);

        var message = Assert.Throws<TrainingException>(() => new Trainer(world.Job("none", recipe with { LearningRate = 0 })).Run(TestContext.Current.CancellationToken)).Message;
        Assert.Contains("--freeze-layers", message, StringComparison.Ordinal);

        double Moved(string name)
        {
            using var before = Beret.Checkpoints.Checkpoint.Open(world.Output("start"));
            using var after = Beret.Checkpoints.Checkpoint.Open(world.Output("run"));
            return before.Read(name).Zip(after.Read(name)).Max(pair => Math.Abs(pair.First - pair.Second));
        }
    }

    [Theory]
    [InlineData("f1", false)]
    [InlineData("roc_auc", false)]
    [InlineData("matthews", false)]
    [InlineData("loss", true)]
    public void TheModelOfTheBestFigureIsKept(string key, bool isLowerBetter)
    {
        var clean = TinyWorld.Texts(200);
        var random = new Random(3);
        var noisy = new LabelledTexts(clean.Labels, [.. clean.Examples.Select(e => e with { Label = random.Next(3) == 0 ? 1 - e.Label : e.Label })], "noisy");
        var summary = new Trainer(world.Job("run", TinyWorld.Recipe() with { Epochs = 8, Keep = KeepModel.Parse(key)! }) with { Data = noisy }).Run(TestContext.Current.CancellationToken);
        var figures = summary.Points.Select(point => point.Figure!.Value).ToList();
        Assert.True(figures.Distinct().Count() > 1);
        Assert.Equal(isLowerBetter ? figures.Min() : figures.Max(), summary.Kept!.Figure);
        Assert.Equal(summary.Kept.Figure!.Value, summary.Validation!.Find(key)!.Value.Value, 12);
        Assert.Equal(figures, Log("run").Where(line => line.GetProperty("event").GetString() == "epoch").Select(line => line.GetProperty($"validation_{key}").GetDouble()));
    }

    [Fact]
    public void AFigureThatTheTaskLacksIsRefusedBeforeAnythingIsDone()
    {
        var message = Assert.Throws<TrainingException>(() => new Trainer(world.Job("run", TinyWorld.Recipe() with { Keep = KeepModel.Parse("spearman")! })).Run(TestContext.Current.CancellationToken)).Message;
        Assert.Contains("--keep spearman", message, StringComparison.Ordinal);
        Assert.Contains("roc_auc", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(world.Output("run")));

        var unjudged = TinyWorld.Recipe() with { Keep = KeepModel.Parse("f1")!, ValidationSplit = 0 };
        Assert.Contains("--validation", Assert.Throws<TrainingException>(() => new Trainer(world.Job("run", unjudged)).Run(TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    /// <summary>A rule by itself: what is no number is never better, and only a better figure is.</summary>
    [Theory]
    [InlineData("mae", 0.5, 0.4, true)]
    [InlineData("mae", 0.4, 0.5, false)]
    [InlineData("mae", 0.5, 0.5, false)]
    [InlineData("r2", 0.4, 0.5, true)]
    [InlineData("r2", 0.5, 0.4, false)]
    [InlineData("spearman", double.NaN, 0.1, true)]
    [InlineData("spearman", 0.1, double.NaN, false)]
    public void AFigureKnowsWhetherHigherIsBetter(string key, double best, double now, bool isKept)
    {
        var rule = new KeepRule(KeepModel.Parse(key)!, () => new Beret.Tasks.RegressionTask(["stars"]).Evaluate([Number(1), Number(2)], [1, 3]));
        Assert.Equal(isKept, rule.Prefers(Point(now), Point(best)));
        Assert.True(rule.Prefers(Point(now), null));

        static Example Number(double value) => new("", null, -1, "") { Value = value };

        static TrainingPoint Point(double figure) => new(1, 1, 1, 1, 1, 1, 1, true, Figure: double.IsNaN(figure) ? null : figure);
    }

    [Theory]
    [InlineData(HiddenStates.None)]
    [InlineData(HiddenStates.All)]
    public void AccumulationTeachesAStudentAsOneLargeBatchDoes(HiddenStates states)
    {
        new Trainer(world.Job("teacher")).Run(TestContext.Current.CancellationToken);
        var recipe = TinyWorld.Recipe() with
        {
            Epochs = 1,
            Dropout = 0,
            HiddenDropout = 0,
            AttentionDropout = 0,
            LearningRate = 1e-3,
            Optimizer = new AdamWOptions { Epsilon = 1e-3 },
            Alpha = 0.5,
            Relations = Relations.QueryKey | Relations.ValueValue,
            HiddenStates = states,
            ClassWeights = ClassWeights.Parse("pos=4")!,
            FocalGamma = 1,
        };
        var large = Run("large", recipe);
        var small = Run("small", recipe with { BatchSize = 5, GradientAccumulation = 3 });
        Assert.Equal(large.Steps, small.Steps);
        Assert.Equal(large.Points[0].Loss, small.Points[0].Loss, 1e-5);
        Assert.Equal(large.Points[0].Parts!.Value.Relations!.Value, small.Points[0].Parts!.Value.Relations!.Value, 1e-6);
        Assert.Equal(large.Points[0].Parts!.Value.Hidden ?? 0, small.Points[0].Parts!.Value.Hidden ?? 0, 1e-5);
        Assert.Equal(large.Points[0].ValidationLoss!.Value, small.Points[0].ValidationLoss!.Value, 1e-5);

        TrainingSummary Run(string output, TrainingRecipe one) => new Trainer(world.Job(output, one with { BatchSize = output == "large" ? 15 : one.BatchSize }) with
        {
            Teacher = new Teacher { Folder = world.Output("teacher"), Name = "teacher" },
        }).Run(TestContext.Current.CancellationToken);
    }

    private IEnumerable<JsonElement> Log(string output) => File.ReadLines(Path.Combine(world.Output(output), "log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement);

    private IEnumerable<JsonElement> Steps(string output) => Log(output).Where(line => line.GetProperty("event").GetString() == "step");

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
