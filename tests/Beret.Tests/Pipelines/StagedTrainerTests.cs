using Beret.Inference;
using Beret.Numerics;
using Beret.Pipelines;
using Beret.Pretraining;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Pipelines;

public sealed class StagedTrainerTests : IDisposable
{
    private readonly StagedWorld world = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static TrainingStage[] All => Enum.GetValues<TrainingStage>();

    public void Dispose() => world.Dispose();

    [Fact]
    public void Each_stage_goes_on_with_what_the_one_before_it_made()
    {
        var summary = Run("run");
        Assert.Null(summary.Failure);
        Assert.Equal(All, summary.Results.Select(result => result.Stage));
        Assert.Equal(world.Output("run", "quantize"), summary.Kept);

        Assert.Equal("model, pre-trained further", ModelDescription.Read(world.Output("run", "chunks"))!.BaseModel);
        Assert.Equal("model, trained on chunks", ModelDescription.Read(world.Output("run", "finetune"))!.BaseModel);
        Assert.Equal("finetune", ModelDescription.Read(world.Output("run", "distil"))!.Teacher);
        Assert.Equal(Precision.Int8, ModelDescription.Read(world.Output("run", "quantize"))!.Precision);
        Assert.Null(summary.Results[1].Baseline);
        Assert.Equal(summary.Results[2].Accuracy, summary.Results[3].Baseline);
        Assert.Equal(summary.Results[3].Accuracy, summary.Results[4].Baseline);
        Assert.True(summary.Results[2].Accuracy > 0.9);
        Assert.True(summary.Results[4].Bytes < summary.Results[3].Bytes);
    }

    [Fact]
    public void All_stages_are_judged_on_the_same_texts_of_which_none_is_learned_from()
    {
        var job = world.Job("run", StagedWorld.Recipe with { Stages = TrainingStages.Parse("finetune,distil") });
        var (training, validation) = Beret.Data.DatasetSplit.TutorialSplit(job.Data, 0.2, 42);
        var seen = new Jobs();
        var summary = new StagedTrainer(job, seen).Run(Cancellation);
        Assert.All(seen.Runs, run => Assert.Equal((training.Fingerprint, validation.Fingerprint), (run.Data.Fingerprint, run.Validation!.Fingerprint)));
        foreach (var result in summary.Results)
        {
            using var classifier = Classifier.Load(world.Output("run", result.Stage.Format()));
            var evaluation = classifier.Evaluate(validation, cancellation: Cancellation);
            Assert.Equal((evaluation.Loss.Value, evaluation.Find("accuracy")?.Value), (result.Loss, result.Accuracy));
        }
    }

    [Fact]
    public void Chunks_are_all_pieces_of_the_training_texts_and_fine_tuning_goes_on_with_what_they_taught()
    {
        var recipe = StagedWorld.Recipe with { Stages = TrainingStages.Parse("chunks,finetune") };
        var job = world.Job("run", recipe);
        var (training, validation) = Beret.Data.DatasetSplit.TutorialSplit(job.Data, 0.2, 42);
        var seen = new Jobs();
        new StagedTrainer(job, seen).Run(Cancellation);
        var (chunks, fine) = (seen.Runs[0], seen.Runs[1]);
        Assert.Equal((training.Fingerprint, validation.Fingerprint, validation.Fingerprint), (fine.Data.Fingerprint, chunks.Validation!.Fingerprint, fine.Validation!.Fingerprint));
        Assert.Equal(world.Output("run", "chunks"), fine.ModelFolder);

        // Four words a piece.
        Assert.True(chunks.Data.Examples.Count > training.Examples.Count);
        Assert.All(chunks.Data.Examples, piece => Assert.InRange(piece.Text.Split(' ').Length, 1, 4));
        foreach (var (whole, pieces) in training.Examples.Zip(chunks.Data.Examples.GroupBy(piece => piece.Source.Split(" [")[0])))
        {
            Assert.Equal((int)Math.Ceiling(whole.Text.Split(' ').Length / 4.0), pieces.Count());
            Assert.All(pieces, piece => Assert.Equal(whole.Label, piece.Label));
            Assert.StartsWith(pieces.First().Text, whole.Text);
            Assert.EndsWith(pieces.Last().Text, whole.Text);
        }

        using var classifier = Classifier.Load(world.Output("run", "chunks"));
        Assert.Equal((6, Beret.Text.Truncation.Head), (classifier.Description.MaxLength, classifier.Description.Truncation));
    }

    [Theory]
    [InlineData(TrainingRecipe.AutoLength, null, "give it as a number, not auto")]
    [InlineData(32, 17, "chunks.window-overlap 17 is more than half of --max-length 32")]
    public void What_cannot_be_cut_is_refused_before_anything_is_done(int length, int? overlap, string message)
    {
        var recipe = StagedWorld.Recipe with { Chunks = StagedWorld.Recipe.Chunks with { MaxLength = length, WindowOverlap = overlap } };
        Assert.Contains(message, Assert.Throws<PipelineException>(() => new StagedTrainer(world.Job("run", recipe))).Message);
        Assert.False(Directory.Exists(world.Output("run")));
    }

    [Theory]
    [InlineData("finetune")]
    [InlineData("chunks,finetune")]
    [InlineData("finetune,quantize")]
    [InlineData("pretrain,finetune")]
    public void Stages_may_be_left_out(string stages)
    {
        var summary = Run("run", StagedWorld.Recipe with { Stages = TrainingStages.Parse(stages) });
        Assert.Equal(stages.Split(','), summary.Results.Select(result => result.Stage.Format()));
        Assert.Equal(stages.Split(',').Order(), Directory.EnumerateDirectories(world.Output("run")).Select(folder => Path.GetFileName(folder)!).Order());
    }

    [Fact]
    public void A_student_that_loses_too_much_ends_the_run_and_its_teacher_is_kept()
    {
        var recipe = StagedWorld.Recipe with { Distillation = StagedWorld.Recipe.Distillation with { Epochs = 0 }, DistilMaxDrop = 1 };
        var summary = Run("run", recipe);
        Assert.Matches(@"^distil: the accuracy 0\.\d{4} is \d+\.\d{2} points below that of the teacher, [01]\.\d{4}; --max-drop allows 1$", summary.Failure);
        Assert.Equal(world.Output("run", "finetune"), summary.Kept);
        Assert.Equal(4, summary.Results.Count);
        Assert.False(Directory.Exists(world.Output("run", "quantize")));

        // With more that may be lost it goes on, and trains nothing again.
        var seen = new Jobs();
        var again = new StagedTrainer(world.Job("run", recipe with { DistilMaxDrop = 100 }, resume: true), seen).Run(Cancellation);
        Assert.Null(again.Failure);
        Assert.Equal(5, again.Results.Count);
        Assert.Empty(seen.Runs);
    }

    [Fact]
    public void A_classifier_that_learned_nothing_does_not_pass()
    {
        var summary = Run("run", StagedWorld.Recipe with { Stages = TrainingStages.Parse("finetune,quantize"), FineTuning = TinyWorld.Recipe() with { Epochs = 1, LearningRate = 0 } });
        Assert.Contains("is not above the share of the commonest label", summary.Failure);
        Assert.Null(summary.Kept);
    }

    [Theory]
    [InlineData(0.9, 0.9, null)]
    [InlineData(0.9, 0.895, null)]
    [InlineData(0.885, 0.88, null)]
    [InlineData(0.9, 0.894, "quantize")]
    [InlineData(0.9, 0.95, null)]
    public void Int8_may_lose_what_it_is_allowed_to(double before, double after, string? failure)
    {
        var result = new StageResult(TrainingStage.Quantize, 1, 1, 0.3, after, before, 10);
        Assert.Equal(failure is null, result.FailureBy(new StagedRecipe { QuantizeMaxDrop = 0.5 }) is null);
    }

    [Theory]
    [InlineData(3.0, 2.5, true)]
    [InlineData(2.5, 3.0, false)]
    [InlineData(2.5, double.NaN, false)]
    [InlineData(null, 3.0, true)]
    public void Pre_training_may_not_end_worse_than_it_was_first_judged(double? first, double last, bool passes) =>
        Assert.Equal(passes, new StageResult(TrainingStage.Pretrain, 1, 1, last, null, first, null).FailureBy(new StagedRecipe()) is null);

    [Theory]
    [InlineData(TrainingStage.Pretrain)]
    [InlineData(TrainingStage.Chunks)]
    [InlineData(TrainingStage.FineTune)]
    [InlineData(TrainingStage.Distil)]
    public void What_was_interrupted_goes_on_in_its_stage_to_the_same_bits(TrainingStage stage)
    {
        Run("whole");
        using var cancel = new CancellationTokenSource();
        var broken = new StagedTrainer(world.Job("broken"), new Ending(stage, cancel)).Run(cancel.Token);
        Assert.True(broken.IsInterrupted);
        Assert.Equal((int)stage, broken.Results.Count);

        var seen = new Jobs();
        var summary = new StagedTrainer(world.Job("broken", resume: true), seen).Run(Cancellation);
        Assert.Null(summary.Failure);
        Assert.Equal(All, summary.Results.Select(result => result.Stage));
        Assert.Equal([true, .. Enumerable.Repeat(false, 3 - (int)stage)], seen.Resumed);
        foreach (var folder in All.Select(one => one.Format()))
        {
            Assert.Equal(File.ReadAllBytes(world.Output("whole", folder, "model.safetensors")), File.ReadAllBytes(world.Output("broken", folder, "model.safetensors")));
        }
    }

    [Fact]
    public void A_finished_run_that_goes_on_does_nothing_again()
    {
        var first = Run("run");
        var seen = new Jobs();
        var second = new StagedTrainer(world.Job("run", resume: true), seen).Run(Cancellation);
        Assert.Empty(seen.Resumed);
        Assert.Equal(first.Results.Select(result => (result.Stage, result.Accuracy, result.Loss)), second.Results.Select(result => (result.Stage, result.Accuracy, result.Loss)));
    }

    [Fact]
    public void It_goes_on_with_the_same_only()
    {
        var recipe = StagedWorld.Recipe with { Stages = [TrainingStage.FineTune] };
        Run("run", recipe);
        var other = world.Job("run", recipe with { FineTuning = recipe.FineTuning with { Epochs = 13 } }, resume: true);
        Assert.Contains("began with other stages, models or settings", Assert.Throws<PipelineException>(() => new StagedTrainer(other).Run(Cancellation)).Message);
        var texts = world.Job("run", recipe, resume: true) with { Data = TinyWorld.Texts(200, seed: 9) };
        Assert.Contains("texts of tiny are not those", Assert.Throws<PipelineException>(() => new StagedTrainer(texts).Run(Cancellation)).Message);
        Assert.Null(new StagedTrainer(world.Job("run", recipe with { FineTuning = recipe.FineTuning with { Threads = 1 } }, resume: true)).Run(Cancellation).Failure);
    }

    [Fact]
    public void What_is_there_is_replaced_only_where_that_is_asked_for()
    {
        var recipe = StagedWorld.Recipe with { Stages = TrainingStages.Parse("finetune,quantize") };
        Run("run", recipe);
        Assert.Throws<TrainingException>(() => Run("run", recipe));
        new StagedTrainer(world.Job("run", recipe with { Stages = [TrainingStage.FineTune] }) with { Overwrite = true }).Run(Cancellation);
        Assert.False(Directory.Exists(world.Output("run", "quantize")));
        Assert.Contains("no staged run", Assert.Throws<PipelineException>(() => StagedState.Read(world.Output("student"))).Message);
    }

    [Fact]
    public void What_cannot_be_is_refused_before_anything_is_trained()
    {
        Assert.Contains("--student is missing", Assert.Throws<PipelineException>(() => new StagedTrainer(world.Job("run") with { Student = null })).Message);
        var blind = StagedWorld.Recipe with { FineTuning = TinyWorld.Recipe() with { ValidationSplit = 0 } };
        Assert.Contains("--validation", Assert.Throws<PipelineException>(() => new StagedTrainer(world.Job("run", blind))).Message);
        var numbers = StagedWorld.Recipe with { FineTuning = TinyWorld.Recipe() with { Task = "regression" } };
        var stars = new Beret.Data.LabelledTexts(["1", "5"], TinyWorld.Texts(200).Examples, "stars.csv");
        Assert.Contains("stars.csv is labelled with numbers", Assert.Throws<PipelineException>(() => new StagedTrainer(world.Job("run", numbers) with { Data = stars })).Message);
    }

    [Fact]
    public void Texts_with_sets_of_labels_are_held_to_the_commonest_set()
    {
        var texts = TinyWorld.Texts(200);
        Beret.Data.Example[] sets = [.. texts.Examples.Select(example => example with { Label = -1, Labels = example.Label == 0 ? [0] : [0, 1] })];
        var recipe = StagedWorld.Recipe with { Stages = [TrainingStage.FineTune] };
        var job = world.Job("run", recipe) with { Data = new Beret.Data.LabelledTexts(texts.Labels, sets, "tiny", kind: Beret.Data.LabelKind.Set) };
        var result = Assert.Single(new StagedTrainer(job).Run(Cancellation).Results);
        var (_, validation) = Beret.Data.DatasetSplit.TutorialSplit(job.Data, 0.2, 42);
        var both = validation.Examples.Count(example => example.Labels.Count == 2);
        Assert.Equal(Math.Max(both, validation.Examples.Count - both) / (double)validation.Examples.Count, result.Baseline);
    }

    [Theory]
    [InlineData("")]
    [InlineData("pretrain")]
    [InlineData("finetune,pretrain")]
    [InlineData("finetune,finetune")]
    [InlineData("finetune,evaluate")]
    public void Stages_have_an_order_and_fine_tuning_is_one_of_them(string stages) => Assert.Throws<PipelineException>(() => TrainingStages.Parse(stages));

    [Fact]
    public void A_setting_is_that_of_one_stage()
    {
        var recipe = new StagedRecipe().Set("pretrain.steps=7").Set("finetune.epochs=3").Set("distil.alpha=0.5").Set("distil.max-drop=4").Set("quantize.max-drop=0");
        Assert.Equal((7, 3, 5, 0.5), (recipe.Pretraining.Steps, recipe.FineTuning.Epochs, recipe.Distillation.Epochs, recipe.Distillation.Alpha));
        Assert.Equal((4, 0), (recipe.DistilMaxDrop, recipe.QuantizeMaxDrop));
    }

    [Theory]
    [InlineData("epochs=3", "has to be STAGE.NAME=VALUE")]
    [InlineData("finetune.epochs", "has to be STAGE.NAME=VALUE")]
    [InlineData("train.epochs=3", "no stage \"train\"")]
    [InlineData("finetune.alpha=1", "the stage finetune has no setting \"alpha\"")]
    [InlineData("quantize.epochs=1", "the stage quantize has no setting \"epochs\"")]
    [InlineData("distil.epochs=many", "--epochs is \"many\"")]
    [InlineData("distil.max-drop=-1", "not a number of points from 0 up")]
    public void What_is_no_setting_is_refused_by_name(string assignment, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<BeretException>(() => new StagedRecipe().Set(assignment)).Message);

    private StagedSummary Run(string output, StagedRecipe? recipe = null) => new StagedTrainer(world.Job(output, recipe)).Run(Cancellation);

    private sealed class Jobs : StagedCallbacks
    {
        public List<TrainingJob> Runs { get; } = [];

        public List<bool> Resumed { get; } = [];

        public override PretrainingCallbacks? Pretraining(PretrainingJob job)
        {
            Resumed.Add(job.Resume);
            return null;
        }

        public override TrainingCallbacks? Training(TrainingJob job)
        {
            Runs.Add(job);
            Resumed.Add(job.Resume);
            return null;
        }
    }

    /// <summary>Interrupts a stage after some of its steps.</summary>
    private sealed class Ending(TrainingStage stage, CancellationTokenSource cancel) : StagedCallbacks
    {
        private TrainingStage now;

        public override void Starting(TrainingStage stage, int number, int count, string folder) => now = stage;

        public override PretrainingCallbacks Pretraining(PretrainingJob job) => new PretrainingEnd(this);

        public override TrainingCallbacks Training(TrainingJob job) => new TrainingEnd(this);

        private void Stepped(int step)
        {
            if (now == stage && step == 5)
            {
                cancel.Cancel();
            }
        }

        private sealed class PretrainingEnd(Ending ending) : PretrainingCallbacks
        {
            public override void Stepped(in TrainingProgress progress) => ending.Stepped(progress.Step);
        }

        private sealed class TrainingEnd(Ending ending) : TrainingCallbacks
        {
            public override void Stepped(in TrainingProgress progress) => ending.Stepped(progress.Step);
        }
    }
}
