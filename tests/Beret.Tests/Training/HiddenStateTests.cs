using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tasks;
using Beret.Tests.Models;
using Beret.Text;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Tests.Training;

/// <summary>A student that is to have its teacher's hidden states, of its vocabulary or of another.</summary>
public sealed class HiddenStateTests : IDisposable
{
    private readonly TinyWorld world = new();

    public HiddenStateTests()
    {
        Student = world.WriteModel("student", hiddenSize: 16, layers: 1);
        new Trainer(world.Job("teacher", TinyWorld.Recipe() with { Epochs = 8 })).Run(TestContext.Current.CancellationToken);

        // A student that spells many words by pieces.
        Spelling = world.Output("spelling");
        string[] tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. "abcdefghijklmnopqrstuvwxyz".SelectMany(c => (string[])[$"{c}", $"##{c}"]), "film", "was"];
        Directory.CreateDirectory(world.Output("letters"));
        File.WriteAllText(Path.Combine(world.Output("letters"), "vocab.txt"), string.Join('\n', tokens) + "\n");
        ModelReduction.Reduce(Student, Spelling, new ReductionOptions { Vocabulary = world.Output("letters") });
    }

    private string Student { get; }

    private string Spelling { get; }

    private string TeacherFolder => world.Output("teacher");

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AStudentComesToHaveItsTeachersStates(bool otherVocabulary)
    {
        var job = Job("run", Recipe with { Epochs = 8, HiddenWeight = 2, MaxLength = otherVocabulary ? 60 : 24 }) with { ModelFolder = otherVocabulary ? Spelling : Student };
        var summary = new Trainer(job).Run(TestContext.Current.CancellationToken);

        var (first, last) = (summary.Points[0].Parts!.Value, summary.Points[^1].Parts!.Value);
        Assert.InRange(first.Hidden!.Value, 0.1, 2);
        Assert.True(last.Hidden < 0.7 * first.Hidden, $"{first.Hidden} → {last.Hidden}");
        Assert.Equal(summary.Points[^1].Loss, last.Logits + (2 * last.Hidden!.Value), 1e-9);
        Assert.Equal(otherVocabulary, summary.Plan.Guidance!.Contains("matched by word", StringComparison.Ordinal));
        var line = File.ReadLines(Path.Combine(world.Output("run"), "log.jsonl")).Select(text => JsonNode.Parse(text)!).Last(line => (string)line["event"]! == "epoch");
        Assert.Equal(last.Hidden, (double)line["hidden_loss"]!);

        // The projection is no part of the model.
        using var weights = Checkpoint.Open(world.Output("run"));
        Assert.DoesNotContain(weights.Tensors, tensor => tensor.Name.Contains("projection", StringComparison.Ordinal));
        Assert.Equal(weights.Tensors.Sum(tensor => tensor.Count), summary.Plan.Parameters);
        Assert.Equal(["classifier"], summary.Plan.NewLayers);
        using var classifier = Classifier.Load(world.Output("run"));
        Assert.Equal("pos", classifier.Predict("this film was superb").Label);
    }

    [Fact]
    public void StatesAndRelationsGoTogether()
    {
        var summary = new Trainer(Job("run", Recipe with { Relations = Relations.ValueValue, HiddenStates = HiddenStates.All })).Run(TestContext.Current.CancellationToken);
        Assert.NotNull(summary.Points[^1].Parts!.Value.Relations);
        Assert.NotNull(summary.Points[^1].Parts!.Value.Hidden);
        Assert.Contains("--hidden-states", Refused(Job("refused", Recipe with { Relations = Relations.ValueValue }) with { ModelFolder = Spelling }), StringComparison.Ordinal);
    }

    [Fact]
    public void TextsWithoutLabelsAreEnough()
    {
        var path = Path.Combine(world.Root, "lines.txt");
        File.WriteAllLines(path, TinyWorld.Texts(100, seed: 5).Examples.Select(example => example.Text));
        var job = Job("run") with
        {
            ModelFolder = Spelling,
            Data = new LabelledTexts([], [], "lines"),
            DataName = "",
            Teacher = Teacher with { Unlabelled = [TextSource.Open(path)], UnlabelledNames = [path] },
        };
        var summary = new Trainer(job).Run(TestContext.Current.CancellationToken);
        Assert.True(summary.Points[^1].Parts!.Value.Hidden < summary.Points[0].Parts!.Value.Hidden);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(17)]
    public void AnInterruptedRunGoesOnToTheSameBits(int stopAfter)
    {
        var job = Job("whole") with { ModelFolder = Spelling };
        var whole = new Trainer(job).Run(TestContext.Current.CancellationToken);
        using var cancel = new CancellationTokenSource();
        var parts = job with { Output = world.Output("parts") };
        Assert.True(new Trainer(parts, new Ending(stopAfter, cancel)).Run(cancel.Token).IsInterrupted);
        var resumed = new Trainer(parts with { Resume = true }).Run(TestContext.Current.CancellationToken);

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
    public void WidthsThatAreTheSameNeedNoProjection()
    {
        ModelReduction.Reduce(TeacherFolder, world.Output("start"), new ReductionOptions { LayerCount = 1 });
        var summary = new Trainer(Job("run") with { ModelFolder = world.Output("start") }).Run(TestContext.Current.CancellationToken);
        Assert.True(summary.Points[^1].Parts!.Value.Hidden < summary.Points[0].Parts!.Value.Hidden);
    }

    [Theory]
    [InlineData(4, 12, 3, 6, 9, 12)]
    [InlineData(4, 6, 2, 3, 5, 6)]
    [InlineData(1, 6, 6)]
    [InlineData(3, 2, 1, 2, 2)]
    public void LayersAreMatchedAtEvenDistancesUpToTheLast(int student, int teacher, params int[] layers) =>
        Assert.Equal(layers, HiddenComparison.LayersOf(HiddenStates.All, student).Select(layer => HiddenComparison.Match(layer, student, teacher)));

    [Fact]
    public void TheGradientIsTheLimitOfDifferenceQuotients()
    {
        using var backend = CpuBackend.Create(1);
        var config = SmallModel.Config(dropout: 0);
        using var model = new SequenceClassifier(backend, config, 1, teacherWidth: 20);
        foreach (var one in model.Parameters.All)
        {
            Initialization.TruncatedNormal(backend, one, 0.1, 3);
        }

        model.Parameters.AllocateForTraining();
        using var arena = new Arena(backend);
        var batch = SmallModel.Batch(config, [9, 4]);
        int[] rows = [0, 2, 3, 9, 12];
        var random = new Random(1);
        var states = Enumerable.Range(0, rows.Length * 20).Select(_ => (float)random.NextDouble()).ToArray();
        model.Parameters.ClearGradients();
        Loss(new Tape());
        string[] names = ["teacher_projection.weight", "bert.encoder.layer.1.output.dense.weight", "bert.encoder.layer.0.intermediate.dense.weight"];
        foreach (var name in names)
        {
            var parameter = model.Parameters.All.Single(one => one.Name == name);
            var (values, gradient) = (Recorded.Values(backend, parameter.Value), Recorded.Values(backend, parameter.Gradient));
            var place = Enumerable.Range(0, values.Length).MaxBy(i => Math.Abs(gradient[i]));
            var quotient = (At(1e-2f) - At(-1e-2f)) / 2e-2;
            Assert.True(Math.Abs(quotient - gradient[place]) < 1e-2 * Math.Abs(gradient[place]) && gradient[place] != 0, $"{name}: {gradient[place]}, the quotient {quotient}");

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
            Value last = default;
            model.Forward(ops, ops.Upload(batch), (number, value) => last = value);
            var losses = model.Projection.Loss(ops, last, rows, states, 0.5);
            if (tape is not null)
            {
                ops.Backward();
            }

            return 0.5 * Recorded.Values(backend, losses).Average(value => (double)value);
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)] // as wide as the teacher
    public void TheMemoryOfAStepIsPlanned(int width)
    {
        var folder = world.WriteModel("other", width, layers: 2);
        var job = Job("run", Recipe with { HiddenStates = HiddenStates.All });
        using var backend = CpuBackend.Create(2);
        var config = ConfigReader.Read(Path.Combine(folder, "config.json"));
        using var guide = TeacherGuide.Load(job, backend)!;
        using var model = new SequenceClassifier(backend, config, 1, guide.ProjectionFor(config));
        guide.Prepare(
            job, model, ModelTokenizer.Load(folder), new EncodeOptions(), new RunTexts(new BinaryTask(["neg", "pos"]), new LabelledTexts(["neg", "pos"], [], "nowhere"), null, []), 20,
            TestContext.Current.CancellationToken);
        var batch = SmallModel.Batch(config, [20, 20, 20]);
        var plan = MemoryPlan.For(config, 1, 3, 20, hasTeacher: true, hidden: guide.SizesFor(config));
        using var learner = new Learner(
            model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, plan.Activations, distillation: new Distillation(2, 0.5), guide: guide);
        learner.Step(batch, SmallModel.Labels(batch), 1e-4, [0.5f, -1, 2]);

        Assert.Equal(plan.Activations, learner.ActivationPeak);
    }

    [Fact]
    public void TokensOfAnotherVocabularyAreMatchedByWordInEachTextOfAPair()
    {
        var (own, its) = (ModelTokenizer.Load(Spelling), ModelTokenizer.Load(Student));
        Example[] texts = [new("film plot", null, 0, ""), new("film", "poor film", 0, ""), new("", null, 0, "")];
        var aligned = AlignedTexts.Build(own, new EncodeOptions(), its, new EncodeOptions { MaxLength = 5 }, texts, 1, TestContext.Current.CancellationToken);

        // [CLS] film p ##l ##o ##t [SEP] beside [CLS] film plot [SEP].
        Assert.Equal([(0, 1), (1, 2), (2, 3), (2, 3), (2, 3), (2, 3)], aligned.RangesOf(0)[..6].ToArray());
        Assert.True(IsEmpty(aligned.RangesOf(0)[6]));

        // [CLS] film [SEP] p ##o ##o ##r film [SEP] beside [CLS] film [SEP] poor [SEP]: the last word was cut.
        var pair = aligned.RangesOf(1).ToArray();
        Assert.Equal([(0, 1), (1, 2)], pair[..2]);
        Assert.Equal(Enumerable.Repeat((3, 4), 4), pair[3..7]);
        Assert.All([pair[2], pair[7], pair[8]], range => Assert.True(IsEmpty(range)));
        Assert.Equal([(0, 1)], aligned.RangesOf(2)[..1].ToArray());

        var batch = new PackedBatch();
        aligned.AddTo(batch, 1);
        Assert.Equal([0, 0, 0, 1, 1], batch.Types.ToArray());

        static bool IsEmpty((int First, int End) range) => range.First == range.End;
    }

    [Fact]
    public void WindowsAreComparedWhereBothHaveTheSameTokens()
    {
        var recipe = Recipe with { Epochs = 2, MaxLength = 10, Truncation = Truncation.Windows };
        var summary = new Trainer(Job("one", recipe with { Threads = 1 })).Run(TestContext.Current.CancellationToken);
        Assert.InRange(summary.Plan.MeanWindows, 1.2, 3);
        Assert.True(summary.Points[^1].Parts!.Value.Hidden > 0);
        new Trainer(Job("three", recipe with { Threads = 3 })).Run(TestContext.Current.CancellationToken);
        Assert.Equal(Weights("one"), Weights("three"));

        Assert.Contains("whose vocabularies differ", Refused(Job("run", recipe) with { ModelFolder = Spelling }), StringComparison.Ordinal);
    }

    [Fact]
    public void AStateIsShiftedAndScaled()
    {
        var mean = new StateMean(2);
        Assert.True(mean.Take([1, 5, 3, 9, 7, 7], 0, 2));
        Assert.Equal((-1, 1, 1), (mean[0], mean[1], mean.Largest));
        Assert.False(mean.Take([1, 5, 3, 9, 7, 7], 2, 1));
        Assert.False(mean.Take([1, 5], 0, 0));
    }

    private static TrainingRecipe Recipe => TinyWorld.Recipe() with { LearningRate = 1e-2, HiddenStates = HiddenStates.Last };

    private Teacher Teacher => new() { Folder = TeacherFolder, Name = TeacherFolder };

    private TrainingJob Job(string output, TrainingRecipe? recipe = null) =>
        world.Job(output, recipe ?? Recipe) with { ModelFolder = Student, ModelName = "student", Teacher = Teacher };

    private static string Refused(TrainingJob job) => Assert.Throws<TrainingException>(() => new Trainer(job).Run(TestContext.Current.CancellationToken)).Message;

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
