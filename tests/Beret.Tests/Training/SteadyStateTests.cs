using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tasks;
using Beret.Tests.Inference;
using Beret.Tests.Models;
using Beret.Text;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Tests.Training;

/// <summary>Tests that count what the whole process does, so that no other test may run beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public class Alone;

/// <summary>A training step in the steady state takes no memory from the managed heap.</summary>
[Collection(nameof(Alone))]
public class SteadyStateTests
{
    private const int Steps = 20;

    // A step of this model has more than 60 parallel regions. Were each to allocate the smallest object there is, 24 bytes, it would be 28,800 bytes in 20 steps;
    // what is left is room for the test runner's own threads.
    private const long ElsewhereBound = 16_384;

    public static TheoryData<string, int> Families => [.. SmallModel.Names.SelectMany(name => (TheoryDataRow<string, int>[])[new(name, 1), new(name, 3)])];

    [Theory]
    [MemberData(nameof(Families))]
    public void AStepAllocatesNothingOnTheManagedHeap(string family, int threads)
    {
        using var backend = CpuBackend.Create(threads);
        using var model = SmallModel.Create(backend, SmallModel.Named(family));
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1);

        // The largest batch is the second, so that after two steps everything has grown; the ones after it are of many shapes.
        PackedBatch[] batches = [.. Enumerable.Range(0, Steps).Select(s => SmallModel.Batch(model.Config, s == 1 ? [64, 64, 64, 64, 64] : [1 + 3 * s, 64, 40, 2], s))];
        float[][] labels = [.. batches.Select(SmallModel.Labels)];
        Run(0, 2);
        AssertAllocatesNothing(() => Run(2, Steps));

        void Run(int from, int to)
        {
            for (var s = from; s < to; s++)
            {
                learner.Step(batches[s], labels[s], 1e-4);
            }
        }
    }

    [Theory]
    [InlineData(WindowPooling.Mean)]
    [InlineData(WindowPooling.Max)]
    public void NorDoesOneOfDocumentsInWindows(WindowPooling pooling)
    {
        using var backend = CpuBackend.Create(3);
        using var model = SmallModel.Create(backend, SmallModel.Config());
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1) { Pooling = pooling };
        int[] ids = [.. Enumerable.Range(0, 40)];
        var batch = new PackedBatch();
        Run(0, 2);
        AssertAllocatesNothing(() => Run(2, Steps));

        void Run(int from, int to)
        {
            for (var s = from; s < to; s++)
            {
                batch.Clear();
                ReadOnlySpan<float> labels = [0, 1, 0];
                for (var document = 0; document < labels.Length; document++)
                {
                    batch.Add(ids, 40);
                    for (var window = 0; window < (s == 1 ? 5 : (s + document) % 5); window++)
                    {
                        batch.AddWindow(ids, 40);
                    }
                }

                learner.Step(batch, labels, 1e-4);
            }
        }
    }

    [Fact]
    public void NorDoesOneThatIsHeldToATeachersStates()
    {
        using var world = new TinyWorld();
        var folder = TinyModel.Write(world.Output("model"));
        using var backend = CpuBackend.Create(2);
        using var model = TinyModel.Create(backend, outputs: 1);
        var job = world.Job("run") with
        {
            Teacher = new Teacher { Folder = folder, Name = folder },
            Recipe = new TrainingRecipe { Relations = Relations.QueryQuery | Relations.ValueValue, HiddenStates = HiddenStates.All },
        };
        using var guide = TeacherGuide.Load(job, backend)!;
        guide.Prepare(job, model, ModelTokenizer.Load(folder), new EncodeOptions(), RunTexts.Of(job, null, null, TestContext.Current.CancellationToken), 32, TestContext.Current.CancellationToken);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, distillation: new Distillation(2, 0.5), guide: guide);
        PackedBatch[] batches = [.. Enumerable.Range(0, Steps).Select(s => SmallModel.Batch(model.Config, s == 1 ? [32, 32, 32, 32] : [1 + s, 20, 2], s))];
        Run(0, 2);
        AssertAllocatesNothing(() => Run(2, Steps));

        void Run(int from, int to)
        {
            for (var s = from; s < to; s++)
            {
                ReadOnlySpan<float> labels = [0, 1, 0, 1], teacher = [1, -1, 2, 0];
                learner.Step(batches[s], labels[..batches[s].Sequences], 1e-4, teacher[..batches[s].Sequences]);
            }
        }
    }

    [Fact]
    public void NorDoesOneOfSeveralBatchesWithWeightedLabelsAndAFrozenLayer()
    {
        using var backend = CpuBackend.Create(2);
        using var model = SmallModel.Create(backend, SmallModel.Config(), outputs: 3);
        FrozenPart.Apply(model, new TrainingRecipe { FreezeLayers = 1 });
        var texts = new LabelledTexts(["a", "b", "c"], [.. Enumerable.Range(0, 9).Select(i => new Example("", null, i % 3, ""))], "made");
        var task = new MultiClassTask(texts.Labels);
        var objective = Objective.For(new TrainingRecipe { ClassWeights = ClassWeights.Balanced, LabelSmoothing = 0.1, FocalGamma = 2 }, task, texts);
        var targets = new StepTargets(new RunTexts(task, texts, null, []), objective, null, batchSize: 4);
        using var learner = new Learner(model, backend, objective.Loss, new AdamWOptions(), seed: 1, focus: objective.Focus);
        int[] members = [.. Enumerable.Range(0, 9)];
        PackedBatch[] batches = [.. Enumerable.Range(0, 3).Select(i => SmallModel.Batch(model.Config, i < 2 ? [64, 64, 64, 64] : [17], i))];
        Run(0, 2);
        AssertAllocatesNothing(() => Run(2, Steps));

        void Run(int from, int to)
        {
            for (var s = from; s < to; s++)
            {
                targets.Begin(members);
                for (var i = 0; i < 3; i++)
                {
                    var part = members.AsSpan(4 * i, i < 2 ? 4 : 1);
                    learner.Accumulate(batches[i], targets.Labels(part), part.Length / 9.0);
                }

                Assert.True(learner.Update(1e-4).IsFinite);
            }
        }
    }

    /// <summary>Runs some steps twice, the first time because code is compiled again while it warms up, and looks at what the second run took.</summary>
    internal static void AssertAllocatesNothing(Action run)
    {
        run();
        var total = GC.GetTotalAllocatedBytes(precise: true);
        var own = GC.GetAllocatedBytesForCurrentThread();
        run();
        own = GC.GetAllocatedBytesForCurrentThread() - own;
        total = GC.GetTotalAllocatedBytes(precise: true) - total;
        Assert.Equal(0, own);
        Assert.InRange(total, 0, ElsewhereBound);
    }
}
