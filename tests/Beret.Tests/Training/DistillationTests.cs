using Beret.Checkpoints;
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

/// <summary>A student of one layer of 16 learns from a teacher of two layers of 32.</summary>
public sealed class DistillationTests : IDisposable
{
    private const string TeacherReads = "the teacher reads";

    private readonly TinyWorld world = new();

    public DistillationTests()
    {
        Student = world.WriteModel("student", hiddenSize: 16, layers: 1);
        TeacherFolder = world.Output("teacher");
        new Trainer(world.Job("teacher", TinyWorld.Recipe() with { Epochs = 8 })).Run(TestContext.Current.CancellationToken);
    }

    private string Student { get; }

    private string TeacherFolder { get; }

    public void Dispose() => world.Dispose();

    [Fact]
    public void AStudentComesToDecideAsItsTeacher()
    {
        var summary = new Trainer(Job("run", Recipe with { Epochs = 10 })).Run(TestContext.Current.CancellationToken);

        var (first, last) = (summary.Points[0], summary.Points[^1]);
        Assert.True(last.Loss < first.Loss / 2, $"{first.Loss} → {last.Loss}");
        Assert.True(last.Agreement > first.Agreement && last.Agreement >= 0.9, $"{first.Agreement} → {last.Agreement}");
        Assert.NotNull(summary.Plan.TeacherEvaluation);
        using var student = Classifier.Load(world.Output("run"));
        Assert.Equal("teacher", student.Description.Teacher);
        Assert.Equal(0.5, student.Description.Recipe!.Value.GetProperty("alpha").GetDouble());
        Assert.Equal("pos", student.Predict("this film was superb").Label);
        Assert.Empty(AnswersBeside("run"));
    }

    [Fact]
    public void ATeacherIsEnoughWhereThereAreNoLabels()
    {
        var job = Job("run", Recipe with { Epochs = 6 }) with
        {
            Data = new LabelledTexts([], [], "lines"),
            DataName = "",
            Validation = TinyWorld.Texts(100, seed: 9),
            Teacher = Teacher(Lines("lines.txt", 300, seed: 5)),
        };
        var summary = new Trainer(job).Run(TestContext.Current.CancellationToken);

        Assert.Equal((300, 0), (summary.Plan.Unlabelled, summary.Plan.Training.Examples.Count));
        Assert.True(summary.Points[^1].ValidationAccuracy >= 0.9, summary.Validation!.ToTable());

        // Without texts to judge on it ends all the same.
        Assert.Null(new Trainer(job with { Validation = null, Output = world.Output("unjudged") }).Run(TestContext.Current.CancellationToken).Validation);
    }

    [Fact]
    public void WithoutWeightTheTeacherChangesNoBit()
    {
        new Trainer(world.Job("plain") with { ModelFolder = Student }).Run(TestContext.Current.CancellationToken);
        new Trainer(Job("taught", TinyWorld.Recipe() with { Alpha = 0 })).Run(TestContext.Current.CancellationToken);

        Assert.Equal(Weights("plain"), Weights("taught"));
    }

    [Fact]
    public void TextsWithoutLabelsAndTheWeightOfTheTeacherMatter()
    {
        var unlabelled = Lines("lines.txt", 60, seed: 5);
        new Trainer(Job("half")).Run(TestContext.Current.CancellationToken);
        new Trainer(Job("all", Recipe with { Alpha = 1 })).Run(TestContext.Current.CancellationToken);
        new Trainer(Job("more") with { Teacher = Teacher(unlabelled) }).Run(TestContext.Current.CancellationToken);
        new Trainer(Job("hot", Recipe with { Temperature = 5 })).Run(TestContext.Current.CancellationToken);

        string[] runs = ["half", "all", "more", "hot"];
        Assert.Equal(4, runs.Select(run => Convert.ToHexString(Weights(run))).Distinct().Count());
    }

    [Fact]
    public void TheNumberOfThreadsChangesNoBit()
    {
        var unlabelled = Lines("lines.txt", 60, seed: 5);
        foreach (var threads in (int[])[1, 3])
        {
            new Trainer(Job($"threads{threads}", Recipe with { Threads = threads }) with { Teacher = Teacher(unlabelled) }).Run(TestContext.Current.CancellationToken);
        }

        Assert.Equal(Weights("threads1"), Weights("threads3"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(14)] // the end of an epoch: its validation is still to come
    [InlineData(23)]
    public void AnInterruptedRunGoesOnToTheSameBitsWithoutAskingTheTeacherAgain(int stopAfter)
    {
        var job = Job("whole") with { Teacher = Teacher(Lines("lines.txt", 60, seed: 5)) };
        new Trainer(job).Run(TestContext.Current.CancellationToken);

        using var cancel = new CancellationTokenSource();
        var parts = job with { Output = world.Output("parts") };
        var before = new Listener { At = (stopAfter, cancel.Cancel) };
        Assert.True(new Trainer(parts, before).Run(cancel.Token).IsInterrupted);
        Assert.Contains(before.Said, message => message.StartsWith(TeacherReads, StringComparison.Ordinal));
        Assert.Single(AnswersBeside("parts"));
        Assert.Equal((TeacherFolder, "lines.txt"), Trainer.InterruptedTeacher(parts.Output) is var (name, texts) ? (name, Path.GetFileName(Assert.Single(texts))) : default);

        var after = new Listener();
        Assert.False(new Trainer(parts with { Resume = true }, after).Run(TestContext.Current.CancellationToken).IsInterrupted);
        Assert.DoesNotContain(after.Said, message => message.StartsWith(TeacherReads, StringComparison.Ordinal));
        Assert.Equal(Weights("whole"), Weights("parts"));
        Assert.Empty(AnswersBeside("parts"));
    }

    [Fact]
    public void AnswersThatAreLostAreAskedForAgain()
    {
        new Trainer(Job("whole")).Run(TestContext.Current.CancellationToken);
        Interrupt("parts");
        File.WriteAllText(Assert.Single(AnswersBeside("parts")), "damaged");
        new Trainer(Job("parts") with { Resume = true }).Run(TestContext.Current.CancellationToken);

        Assert.Equal(Weights("whole"), Weights("parts"));
    }

    [Fact]
    public void ATeacherThatIsInterruptedGoesOnWhereItWas()
    {
        var job = Job("whole") with { Data = TinyWorld.Texts(1200) };
        new Trainer(job).Run(TestContext.Current.CancellationToken);

        using var cancel = new CancellationTokenSource();
        var parts = job with { Output = world.Output("parts") };
        var before = new Listener { Hears = message => CancelAt(message, "512 of", cancel) };
        Assert.ThrowsAny<OperationCanceledException>(() => new Trainer(parts, before).Run(cancel.Token));
        Assert.False(Directory.Exists(parts.Output));

        var after = new Listener();
        new Trainer(parts, after).Run(TestContext.Current.CancellationToken);
        Assert.Contains("512 of", after.Said.First(message => message.StartsWith(TeacherReads, StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(Weights("whole"), Weights("parts"));

        static void CancelAt(string message, string place, CancellationTokenSource cancel)
        {
            if (message.Contains(place, StringComparison.Ordinal))
            {
                cancel.Cancel();
            }
        }
    }

    [Fact]
    public void AnInterruptedRunKeepsItsTextsAndItsTeacher()
    {
        Interrupt("run");
        var job = Job("run") with { Resume = true };
        Assert.Contains("are not those", Refused(job with { Data = TinyWorld.Texts(200, seed: 2) }), StringComparison.Ordinal);
        Assert.Contains("are not those", Refused(job with { Teacher = Teacher(Lines("lines.txt", 9, seed: 5)) }), StringComparison.Ordinal);
        Assert.Contains("--temperature", Refused(job with { Recipe = Recipe with { Temperature = 3 } }), StringComparison.Ordinal);
        Assert.Contains("beret distil", Refused(job with { Teacher = null }), StringComparison.Ordinal);

        new Trainer(world.Job("another", TinyWorld.Recipe() with { Epochs = 1 })).Run(TestContext.Current.CancellationToken);
        Assert.Contains("is not the one", Refused(job with { Teacher = Teacher() with { Folder = world.Output("another") } }), StringComparison.Ordinal);

        // None of this cost it the answers that it goes on with.
        var after = new Listener();
        new Trainer(job, after).Run(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(after.Said, message => message.StartsWith(TeacherReads, StringComparison.Ordinal));
    }

    [Fact]
    public void ARunWithoutATeacherDoesNotGetOneOnTheWay()
    {
        using var cancel = new CancellationTokenSource();
        new Trainer(world.Job("run"), new Listener { At = (3, cancel.Cancel) }).Run(cancel.Token);
        Assert.Null(Trainer.InterruptedTeacher(world.Output("run")));
        Assert.Contains("beret train", Refused(Job("run") with { Resume = true }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(-1, 0.5)]
    [InlineData(double.NaN, 0.5)]
    [InlineData(2, 1.5)]
    [InlineData(2, double.NaN)]
    public void TemperatureAndWeightAreChecked(double temperature, double alpha) =>
        Assert.Contains("temperature", Refused(Job("run", Recipe with { Temperature = temperature, Alpha = alpha })), StringComparison.Ordinal);

    [Fact]
    public void ATeacherOfOtherLabelsOrOfAnotherTaskIsRefused()
    {
        var colours = TinyModel.Write(world.Output("colours"), TinyModel.MultiClass);
        var message = Refused(Job("run") with { Teacher = Teacher() with { Folder = colours, Name = "colours" } });
        Assert.Contains("colours tells red, green, blue apart", message, StringComparison.Ordinal);
        Assert.Contains("neg, pos", message, StringComparison.Ordinal);

        var labels = TinyModel.Write(world.Output("labels"), TinyModel.MultiClass with { Task = TaskNames.Regression, Labels = ["stars"] });
        Assert.Contains("is a regression", Refused(Job("run") with { Teacher = Teacher() with { Folder = labels } }), StringComparison.Ordinal);
        Assert.Contains("has its teacher's task", Refused(Job("run", Recipe with { Task = TaskNames.MultiClass })), StringComparison.Ordinal);
        Assert.Contains("no text", Refused(Job("run") with { Data = new LabelledTexts([], [], "nothing") }), StringComparison.Ordinal);
    }

    [Fact]
    public void TheOrderOfTheLabelsIsTheTeachers()
    {
        var texts = TinyWorld.Texts(200);
        var turned = new LabelledTexts(["pos", "neg"], [.. texts.Examples.Select(example => example with { Label = 1 - example.Label })], texts.Origin);
        new Trainer(Job("run")).Run(TestContext.Current.CancellationToken);
        new Trainer(Job("turned") with { Data = turned }).Run(TestContext.Current.CancellationToken);

        Assert.Equal(Weights("run"), Weights("turned"));
    }

    [Fact]
    public void AStudentOfSeveralClassesLearnsThemAll()
    {
        var teacher = TinyModel.Write(world.Output("colours"), TinyModel.MultiClass with { Flavour = TokenizerFlavour.HuggingFace });
        var job = Job("run") with
        {
            ModelFolder = teacher,
            Data = new LabelledTexts([], [], "lines"),
            DataName = "",
            Recipe = Recipe with { MaxLength = 16 },
            Teacher = Teacher(Lines("lines.txt", 64, seed: 5)) with { Folder = teacher },
        };
        var summary = new Trainer(job).Run(TestContext.Current.CancellationToken);

        Assert.Equal(TaskNames.MultiClass, summary.Plan.Task);
        Assert.True(double.IsFinite(summary.Points[^1].Loss));
    }

    [Fact]
    public void TheMemoryOfATaughtStepIsPlanned()
    {
        using var backend = CpuBackend.Create(2);
        var config = ConfigReader.Read(Path.Combine(Student, "config.json"));
        using var model = SmallModel.Create(backend, config);
        var batch = SmallModel.Batch(config, [20, 20, 20]);
        var plan = MemoryPlan.For(config, 1, 3, 20, hasTeacher: true);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, plan.Activations, distillation: new Distillation(2, 0.5));
        learner.Step(batch, SmallModel.Labels(batch), 1e-4, [0.5f, -1, 2]);

        Assert.Equal(plan.Activations, learner.ActivationPeak);
    }

    private static TrainingRecipe Recipe => TinyWorld.Recipe() with { Alpha = 0.5, LearningRate = 1e-2 };

    private TrainingJob Job(string output, TrainingRecipe? recipe = null) =>
        world.Job(output, recipe ?? Recipe) with { ModelFolder = Student, ModelName = "student", Teacher = Teacher() };

    private Teacher Teacher(params string[] unlabelled) => new()
    {
        Folder = TeacherFolder, Name = TeacherFolder, Unlabelled = [.. unlabelled.Select(path => TextSource.Open(path))], UnlabelledNames = unlabelled,
    };

    private string Lines(string name, int count, int seed)
    {
        var path = Path.Combine(world.Root, name);
        File.WriteAllLines(path, TinyWorld.Texts(count, seed).Examples.Select(example => example.Text));
        return path;
    }

    private void Interrupt(string output)
    {
        using var cancel = new CancellationTokenSource();
        new Trainer(Job(output), new Listener { At = (3, cancel.Cancel) }).Run(cancel.Token);
    }

    private static string Refused(TrainingJob job) => Assert.Throws<TrainingException>(() => new Trainer(job).Run(TestContext.Current.CancellationToken)).Message;

    private byte[] Weights(string output) => File.ReadAllBytes(Path.Combine(world.Output(output), "model.safetensors"));

    private IEnumerable<string> AnswersBeside(string output) => Directory.EnumerateFiles(world.Root, $".{output}.teacher*");

    private sealed class Listener : TrainingCallbacks
    {
        public (int Step, Action Act)? At { get; init; }

        public Action<string>? Hears { get; init; }

        public List<string> Said { get; } = [];

        public override void Preparing(string what)
        {
            Said.Add(what);
            Hears?.Invoke(what);
        }

        public override void Stepped(in TrainingProgress progress)
        {
            if (At is var (step, act) && progress.Step == step)
            {
                act();
            }
        }
    }
}
