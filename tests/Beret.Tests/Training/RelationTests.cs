using System.Text.Json.Nodes;
using Beret.Data;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tasks;
using Beret.Tests.Inference;
using Beret.Tests.Models;
using Beret.Text;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Tests.Training;

/// <summary>A student whose attention is held to its teacher's.</summary>
public sealed class RelationTests : IDisposable
{
    private const Relations MiniLm = Relations.QueryKey | Relations.ValueValue;
    private const Relations MiniLmV2 = Relations.QueryQuery | Relations.KeyKey | Relations.ValueValue;

    private readonly TinyWorld world = new();

    public RelationTests()
    {
        Student = world.WriteModel("student", hiddenSize: 16, layers: 1);
        new Trainer(world.Job("teacher", TinyWorld.Recipe() with { Epochs = 8 })).Run(TestContext.Current.CancellationToken);
    }

    private string Student { get; }

    private string TeacherFolder => world.Output("teacher");

    public void Dispose() => world.Dispose();

    public static TheoryData<string> Families => [.. SmallModel.Names];

    [Theory]
    [InlineData((int)MiniLm)]
    [InlineData((int)MiniLmV2)]
    public void AStudentComesToAttendAsItsTeacher(int relations)
    {
        var summary = new Trainer(Job("run", Recipe with { Epochs = 8, Relations = (Relations)relations, RelationWeight = 3 })).Run(TestContext.Current.CancellationToken);

        var (first, last) = (summary.Points[0].Parts!.Value, summary.Points[^1].Parts!.Value);
        Assert.True(last.Relations < first.Relations / 2, $"{first.Relations} → {last.Relations}");
        Assert.Equal(summary.Points[^1].Loss, last.Logits + (3 * last.Relations!.Value), 1e-9);
        Assert.True(summary.Points[^1].Agreement >= 0.9);
        Assert.True(summary.Plan.Memory.Teacher > 0);

        var lines = File.ReadLines(Path.Combine(world.Output("run"), "log.jsonl")).Select(line => JsonNode.Parse(line)!).ToArray();
        var step = lines.Last(line => (string)line["event"]! == "step");
        Assert.Equal((double)step["loss"]!, (double)step["logits_loss"]! + (3 * (double)step["relation_loss"]!), 1e-9);
        Assert.Equal(last.Relations, (double)lines.Last(line => (string)line["event"]! == "epoch")["relation_loss"]!);
    }

    [Fact]
    public void TextsWithoutLabelsAreEnough()
    {
        var path = Path.Combine(world.Root, "lines.txt");
        File.WriteAllLines(path, TinyWorld.Texts(100, seed: 5).Examples.Select(example => example.Text));
        var job = Job("run") with
        {
            Data = new LabelledTexts([], [], "lines"),
            DataName = "",
            Teacher = Teacher with { Unlabelled = [TextSource.Open(path)], UnlabelledNames = [path] },
        };
        var summary = new Trainer(job).Run(TestContext.Current.CancellationToken);
        Assert.True(summary.Points[^1].Parts!.Value.Relations < summary.Points[0].Parts!.Value.Relations);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(17)]
    public void AnInterruptedRunGoesOnToTheSameBits(int stopAfter)
    {
        var whole = new Trainer(Job("whole")).Run(TestContext.Current.CancellationToken);
        using var cancel = new CancellationTokenSource();
        Assert.True(new Trainer(Job("parts"), new Ending(stopAfter, cancel)).Run(cancel.Token).IsInterrupted);
        var resumed = new Trainer(Job("parts") with { Resume = true }).Run(TestContext.Current.CancellationToken);

        Assert.Equal(Weights("whole"), Weights("parts"));
        Assert.Equal(whole.Points.Select(point => point.Parts), resumed.Points.Select(point => point.Parts));
    }

    [Fact]
    public void TheNumberOfThreadsAndCheckpointedActivationsChangeNoBit()
    {
        new Trainer(Job("one", Recipe with { Threads = 1 })).Run(TestContext.Current.CancellationToken);
        new Trainer(Job("three", Recipe with { Threads = 3 })).Run(TestContext.Current.CancellationToken);
        new Trainer(Job("anew", Recipe with { CheckpointActivations = true })).Run(TestContext.Current.CancellationToken);
        Assert.Equal(Weights("one"), Weights("three"));
        Assert.Equal(Weights("one"), Weights("anew"));
    }

    [Fact]
    public void LayerHeadsAndWeightMatter()
    {
        (string Name, TrainingRecipe Recipe)[] runs =
        [
            ("none", Recipe with { Relations = Relations.None }), ("last", Recipe), ("first", Recipe with { RelationLayer = 1 }), ("heads", Recipe with { RelationHeads = 8 }),
            ("weight", Recipe with { RelationWeight = 2 }), ("values", Recipe with { Relations = Relations.ValueValue }),
        ];
        foreach (var (name, recipe) in runs)
        {
            new Trainer(Job(name, recipe)).Run(TestContext.Current.CancellationToken);
        }

        Assert.Equal(runs.Length, runs.Select(run => Convert.ToHexString(Weights(run.Name))).Distinct().Count());

        // The last layer is the one that is meant where none is named, and weight 0 is none.
        new Trainer(Job("second", Recipe with { RelationLayer = 2, RelationHeads = 2 })).Run(TestContext.Current.CancellationToken);
        new Trainer(Job("nothing", Recipe with { RelationWeight = 0 })).Run(TestContext.Current.CancellationToken);
        Assert.Equal(Weights("last"), Weights("second"));
        Assert.Equal(Weights("none"), Weights("nothing"));
    }

    [Fact]
    public void WhatCannotBeComparedIsRefusedWithWhatToDo()
    {
        Assert.Contains("has 2 layers", Refused(Recipe with { RelationLayer = 3 }), StringComparison.Ordinal);
        Assert.Contains("choose --relation-heads 1, 2, 4, 8, 16", Refused(Recipe with { RelationHeads = 3 }), StringComparison.Ordinal);
        var other = TinyModel.Write(world.Output("other"));
        var message = Assert.Throws<TrainingException>(() => new Trainer(Job("run") with { ModelFolder = other }).Run(TestContext.Current.CancellationToken)).Message;
        Assert.Contains("another vocabulary", message, StringComparison.Ordinal);

        // Before the teacher has read all the texts.
        Assert.Empty(Directory.EnumerateFiles(world.Root, ".run.teacher*"));
    }

    [Fact]
    public void TheMemoryOfAStepIsPlanned()
    {
        using var backend = CpuBackend.Create(2);
        var config = ConfigReader.Read(Path.Combine(Student, "config.json"));
        using var model = SmallModel.Create(backend, config);
        using var guide = TeacherGuide.Load(Job("run"), backend)!;
        guide.Prepare(Job("run"), model, ModelTokenizer.Load(Student), new EncodeOptions(), NoTexts, 20, TestContext.Current.CancellationToken);
        var batch = SmallModel.Batch(config, [20, 20, 20]);
        var plan = MemoryPlan.For(config, 1, 3, 20, hasTeacher: true);
        using var learner = new Learner(
            model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, plan.Activations, distillation: new Distillation(2, 0.5), guide: guide);
        learner.Step(batch, SmallModel.Labels(batch), 1e-4, [0.5f, -1, 2]);

        Assert.Equal(plan.Activations, learner.ActivationPeak);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void TheAttentionsOfEveryFamilyAreCountedFromOneToItsLayers(string family)
    {
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, SmallModel.Named(family));
        using var arena = new Arena(backend);
        var seen = new List<int>();
        var ops = new Ops(backend, arena, tape: null) { ObserveAttention = (int number, Value _, in BatchIndices _) => seen.Add(number) };
        for (var pass = 0; pass < 2; pass++)
        {
            ops.Begin();
            model.Forward(ops, ops.Upload(SmallModel.Batch(model.Config, [7, 3])));
        }

        int[] layers = [.. Enumerable.Range(1, model.Config.Layers)];
        Assert.Equal([.. layers, .. layers], seen);
    }

    /// <summary>The gradient reaches every weight that the last attention depends on, in every family, whatever its attention does before.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void TheGradientOfAModelsWeightsIsTheLimitOfDifferenceQuotients(string family)
    {
        const int heads = 6;
        const float step = 1e-2f;
        using var backend = CpuBackend.Create(2);
        using var model = SmallModel.Create(backend, SmallModel.Named(family, dropout: 0));
        model.Parameters.AllocateForTraining();
        using var arena = new Arena(backend);
        var batch = SmallModel.Batch(model.Config, [9, 4]);
        var random = new Random(3);
        var teaching = Enumerable.Range(0, batch.Tokens * 3 * 24).Select(_ => (float)((4 * random.NextDouble()) - 2)).ToArray();

        model.Parameters.ClearGradients();
        Loss(new Tape());
        var parameter = model.Parameters.All.First(one => one.Shape.Length == 2 && one.Name.Contains("position", StringComparison.Ordinal) is false && !one.HasRowGradient && !one.IsFrozen);
        var (values, gradient) = (Recorded.Values(backend, parameter.Value), Recorded.Values(backend, parameter.Gradient));
        var places = Enumerable.Range(0, values.Length).OrderByDescending(i => Math.Abs(gradient[i])).Take(3).ToArray();
        Assert.True(Math.Abs(gradient[places[0]]) > 1e-4, $"{parameter.Name}: {gradient[places[0]]}");
        foreach (var place in places)
        {
            var quotient = ((8 * (At(step) - At(-step))) - (At(2 * step) - At(-2 * step))) / (12 * step);
            Assert.True(Math.Abs(quotient - gradient[place]) < 2e-3 * Math.Abs(gradient[places[0]]) + 2e-5, $"{parameter.Name}[{place}]: {gradient[place]}, the quotient {quotient}");

            double At(float distance)
            {
                var moved = (float[])values.Clone();
                moved[place] += distance;
                backend.Write(moved, parameter.Value);
                model.Parameters.Touch();
                return Loss(null);
            }
        }

        double Loss(Tape? tape)
        {
            var ops = new Ops(backend, arena, tape);
            ops.Begin();
            var indices = ops.Upload(batch);
            var teacher = arena.Take(batch.Tokens, 3 * 24);
            backend.Write(teaching, teacher);
            var losses = arena.Take(batch.Sequences, heads);
            var target = new RelationTarget(teacher, MiniLmV2, heads, 1, losses);
            ops.ObserveAttention = (int number, Value value, in BatchIndices _) =>
            {
                if (number == model.Config.Layers)
                {
                    ops.RelationLoss(value, indices, target);
                }
            };
            var logits = model.Forward(ops, indices).Logits;
            if (tape is not null)
            {
                // A loss without slope: what reaches the weights is the relations' alone.
                var flat = arena.Take(batch.Sequences, 1);
                backend.Copy(logits.Data, flat);
                ops.Loss(Beret.Numerics.Loss.MeanSquaredError, logits, flat);
                ops.Backward();
            }

            return Recorded.Values(backend, losses).Sum(value => (double)value);
        }
    }

    private static RunTexts NoTexts { get; } = new(new BinaryTask(["neg", "pos"]), new LabelledTexts(["neg", "pos"], [], "nowhere"), null, []);

    private static TrainingRecipe Recipe => TinyWorld.Recipe() with { LearningRate = 1e-2, Relations = MiniLmV2 };

    private Teacher Teacher => new() { Folder = TeacherFolder, Name = TeacherFolder };

    private TrainingJob Job(string output, TrainingRecipe? recipe = null) =>
        world.Job(output, recipe ?? Recipe) with { ModelFolder = Student, ModelName = "student", Teacher = Teacher };

    private string Refused(TrainingRecipe recipe) =>
        Assert.Throws<TrainingException>(() => new Trainer(Job("run", recipe)).Run(TestContext.Current.CancellationToken)).Message;

    private byte[] Weights(string output) => File.ReadAllBytes(Path.Combine(world.Output(output), "model.safetensors"));

    private sealed class Ending(int step, CancellationTokenSource cancel) : TrainingCallbacks
    {
        public override void Stepped(in TrainingProgress progress)
        {
            if (progress.Step == step)
            {
                cancel.Cancel();
            }
        }
    }
}
