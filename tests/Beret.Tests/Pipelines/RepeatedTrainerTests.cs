using System.Text.Json.Nodes;
using Beret.Data;
using Beret.Inference;
using Beret.Pipelines;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Pipelines;

public sealed class RepeatedTrainerTests : IDisposable
{
    private readonly TinyWorld world = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => world.Dispose();

    [Fact]
    public void Every_seed_is_a_run_of_its_own_on_the_same_texts()
    {
        var seen = new Jobs();
        var summary = new RepeatedTrainer(Job("run", RepeatKind.Seeds, 3), seen).Run(Cancellation);
        Assert.Equal([42, 43, 44], seen.Runs.Select(run => run.Recipe.Seed));
        Assert.Single(seen.Runs.Select(run => (run.Data.Fingerprint, run.Validation!.Fingerprint)).Distinct());
        Assert.Equal(["seed-42", "seed-43", "seed-44"], summary.Results.Select(result => result.Name));
        Assert.Equal(3, summary.Results.Select(result => result.Figures[0].Value).Distinct().Count());

        // The first is what a single run with that seed is.
        new Trainer(world.Job("single")).Run(Cancellation);
        Assert.Equal(Weights("single"), Weights("run/seed-42"));
    }

    [Fact]
    public void Mean_and_deviation_are_those_of_the_runs_and_the_best_is_the_best_on_validation_texts()
    {
        var summary = Run("run", RepeatKind.Seeds, 3);
        var accuracies = summary.Results.Select(result => result.Figures.Single(figure => figure.Key == "accuracy").Value).ToArray();
        var mean = accuracies.Sum() / 3;
        var deviation = Math.Sqrt(accuracies.Sum(value => Math.Pow(value - mean, 2)) / 2);
        Assert.Equal(mean, summary.Of("accuracy").Mean, 12);
        Assert.Equal(deviation, summary.Of("accuracy").Deviation, 12);
        Assert.Equal(world.Output("run/" + summary.Results.MaxBy(result => result.Validation)!.Name), summary.Best);
        Assert.Matches(@"^3 runs +seed 42 +seed 43 +seed 44 +mean +deviation\nloss ", summary.ToTable());

        var json = JsonNode.Parse(File.ReadAllText(world.Output("run/metrics.json")))!;
        Assert.Equal("seeds", (string?)json["repeats"]);
        Assert.Equal(mean, (double)json["figures"]!["accuracy"]!["mean"]!, 12);
        Assert.Equal(3, json["runs"]!.AsArray().Count);
    }

    [Fact]
    public void Each_fold_is_judged_by_the_one_model_that_did_not_learn_from_it()
    {
        var job = Job("run", RepeatKind.Folds, 4);
        var seen = new Jobs();
        var summary = new RepeatedTrainer(job, seen).Run(Cancellation);
        var folds = StratifiedFolds.Of(job.Run.Data, 4, 42);
        Assert.Equal(200, seen.Runs.Sum(run => run.Test!.Examples.Count));
        foreach (var (fold, run) in seen.Runs.Index())
        {
            Assert.Equal(job.Run.Data.Examples.Where((_, text) => folds[text] == fold), run.Test!.Examples);
            Assert.Equal(job.Run.Data.Examples.Where((_, text) => folds[text] != fold), run.Data.Examples);
            Assert.Null(run.Validation);
        }

        // Every line is what the model of its fold says of the text.
        var lines = File.ReadAllLines(world.Output("run/out-of-fold.jsonl")).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(Enumerable.Range(1, 200), lines.Select(line => (int)line["row"]!));
        for (var fold = 0; fold < 4; fold++)
        {
            using var classifier = Classifier.Load(world.Output($"run/fold-{fold + 1}"));
            foreach (var line in lines.Where(line => (int)line["fold"]! == fold + 1))
            {
                var example = job.Run.Data.Examples[(int)line["row"]! - 1];
                var prediction = classifier.Predict((string)line["text"]!);
                Assert.Equal((example.Text, job.Run.Data.Labels[example.Label]), ((string?)line["text"], (string?)line["true_label"]));
                Assert.Equal((prediction.Label, prediction.Score), ((string?)line["label"], (double)line["score"]!));
                Assert.Equal(prediction.Logits, line["logits"]!.AsArray().Select(logit => (float)logit!));
            }
        }

        Assert.Equal(200, summary.OutOfFold!.Count);
        Assert.Equal(lines.Count(line => (string?)line["label"] == (string?)line["true_label"]) / 200.0, summary.OutOfFold.Find("accuracy")!.Value.Value);
        Assert.Contains("All texts, each judged by the model that did not learn from it:\n200 examples", summary.ToTable());
        Assert.Null(summary.Best);
    }

    [Fact]
    public void Where_texts_have_groups_no_fold_learns_from_those_that_it_is_judged_on()
    {
        var job = Job("run", RepeatKind.Folds, 3);
        var texts = job.Run.Data;
        var grouped = new LabelledTexts(texts.Labels, [.. texts.Examples.Select((example, i) => example with { Group = $"author {i * 7 % 20}" })], texts.Origin);
        var seen = new Jobs();
        new RepeatedTrainer(job with { Run = job.Run with { Data = grouped, Recipe = job.Run.Recipe with { Split = SplitMethod.Grouped } } }, seen).Run(Cancellation);
        Assert.Equal(200, seen.Runs.Sum(run => run.Test!.Examples.Count));
        Assert.All(seen.Runs, run => Assert.Empty(run.Test!.Examples.Select(example => example.Group).Intersect(run.Data.Examples.Select(example => example.Group))));
    }

    [Theory]
    [InlineData(RepeatKind.Seeds)]
    [InlineData(RepeatKind.Folds)]
    public void What_was_interrupted_goes_on_to_the_same_bits(RepeatKind kind)
    {
        var whole = Run("whole", kind, 3);
        using var cancel = new CancellationTokenSource();
        var broken = new RepeatedTrainer(Job("broken", kind, 3), new EndingIn(1, cancel)).Run(cancel.Token);
        Assert.True(broken.IsInterrupted);
        Assert.Single(broken.Results);

        var seen = new Jobs();
        var summary = new RepeatedTrainer(Job("broken", kind, 3, resume: true), seen).Run(Cancellation);
        Assert.Equal([true, false], seen.Runs.Select(run => run.Resume));
        Assert.Equal(whole.Results.Select(result => result.Figures[0]), summary.Results.Select(result => result.Figures[0]));
        Assert.All(summary.Results, result => Assert.Equal(Weights($"whole/{result.Name}"), Weights($"broken/{result.Name}")));
        if (kind == RepeatKind.Folds)
        {
            Assert.Equal(File.ReadAllBytes(world.Output("whole/out-of-fold.jsonl")), File.ReadAllBytes(world.Output("broken/out-of-fold.jsonl")));
        }
    }

    [Fact]
    public void More_seeds_go_on_where_fewer_ended()
    {
        Run("run", RepeatKind.Seeds, 2);
        var seen = new Jobs();
        var summary = new RepeatedTrainer(Job("run", RepeatKind.Seeds, 3, resume: true), seen).Run(Cancellation);
        Assert.Equal([44], seen.Runs.Select(run => run.Recipe.Seed));
        Assert.Equal(3, summary.Results.Count);
    }

    [Fact]
    public void It_goes_on_with_the_same_only()
    {
        Run("run", RepeatKind.Folds, 2);
        Refused("began with --folds 2", Job("run", RepeatKind.Folds, 3, resume: true));
        Refused("began with --folds 2", Job("run", RepeatKind.Seeds, 2, resume: true));
        var other = Job("run", RepeatKind.Folds, 2, resume: true);
        Refused("has --epochs 3, not 4", other with { Run = other.Run with { Recipe = other.Run.Recipe with { Epochs = 4 } } });
        Refused("texts of tiny are not those", other with { Run = other.Run with { Data = TinyWorld.Texts(200, seed: 8) } });
        Refused("began with the model tiny", other with { Run = other.Run with { ModelName = "big" } });
        Assert.Throws<TrainingException>(() => Run("run", RepeatKind.Folds, 2));

        static void Refused(string message, RepeatedJob job) =>
            Assert.Contains(message, Assert.Throws<PipelineException>(() => new RepeatedTrainer(job).Run(Cancellation)).Message);
    }

    [Fact]
    public void What_cannot_be_compared_is_refused()
    {
        Assert.Contains("--seeds is at least 2", Assert.Throws<PipelineException>(() => new RepeatedTrainer(Job("run", RepeatKind.Seeds, 1))).Message);
        var blind = Job("run", RepeatKind.Seeds, 2);
        Assert.Contains("--validation", Assert.Throws<PipelineException>(() => new RepeatedTrainer(blind with { Run = blind.Run with { Recipe = blind.Run.Recipe with { ValidationSplit = 0 } } })).Message);
        Assert.Throws<DataException>(() => Run("run", RepeatKind.Folds, 201));
        Assert.False(Directory.Exists(world.Output("run")));
    }

    [Theory]
    [InlineData("multi-label")]
    [InlineData("regression")]
    public void Sets_of_labels_and_numbers_are_answered_in_their_own_words(string task)
    {
        var texts = TinyWorld.Texts(60);
        var data = task == "regression"
            ? new LabelledTexts(["1", "5"], texts.Examples, "stars")
            : new LabelledTexts(["a", "b"], [.. texts.Examples.Select(example => example with { Label = -1, Labels = example.Label == 0 ? [0] : [0, 1] })], "sets", kind: LabelKind.Set);
        var job = Job("run", RepeatKind.Folds, 2);
        var summary = new RepeatedTrainer(job with { Run = job.Run with { Data = data, Recipe = job.Run.Recipe with { Task = task } } }).Run(Cancellation);
        Assert.Equal((task, 60), (summary.OutOfFold!.Task, summary.OutOfFold.Count));
        var line = JsonNode.Parse(File.ReadLines(world.Output("run/out-of-fold.jsonl")).First())!;
        if (task == "regression")
        {
            Assert.Equal(data.Labels[data.Examples[0].Label], line["true_value"]!.ToJsonString());
            Assert.Equal((double)(float)line["logits"]![0]!, (double)line["value"]!);
        }
        else
        {
            Assert.Equal(data.Examples[0].Labels.Select(label => data.Labels[label]), line["true_labels"]!.AsArray().Select(label => (string)label!));
            Assert.Equal((double)line["probabilities"]!["b"]! > 0.5, line["labels"]!.AsArray().Any(label => (string?)label == "b"));
        }
    }

    [Fact]
    public void A_damaged_state_is_said_and_not_gone_on_with()
    {
        Run("run", RepeatKind.Folds, 2);
        File.WriteAllText(world.Output("run/out-of-fold.jsonl"), "{\"row\": 1, \"logits\": [1]}\n");
        Assert.Contains("lacks texts", Assert.Throws<PipelineException>(() => new RepeatedTrainer(Job("run", RepeatKind.Folds, 2, resume: true)).Run(Cancellation)).Message);
        File.WriteAllText(world.Output("run/repeats.json"), "{\"version\": 1, \"repeats\": \"moons\"}");
        Assert.Contains("is damaged", Assert.Throws<PipelineException>(() => RepeatedState.Read(world.Output("run"))).Message);
        Assert.Contains("no repeated run", Assert.Throws<PipelineException>(() => RepeatedState.Read(world.Root)).Message);
    }

    private RepeatedSummary Run(string output, RepeatKind kind, int count) => new RepeatedTrainer(Job(output, kind, count)).Run(Cancellation);

    private RepeatedJob Job(string output, RepeatKind kind, int count, bool resume = false) => new() { Run = world.Job(output, resume: resume), Kind = kind, Count = count };

    private byte[] Weights(string run) => File.ReadAllBytes(Path.Combine(world.Output(run), "model.safetensors"));

    /// <summary>Remembers the runs.</summary>
    private sealed class Jobs : RepeatedCallbacks
    {
        public List<TrainingJob> Runs { get; } = [];

        public override TrainingCallbacks? Training(TrainingJob job)
        {
            Runs.Add(job);
            return null;
        }
    }

    /// <summary>Interrupts one of the runs after some steps.</summary>
    private sealed class EndingIn(int number, CancellationTokenSource cancel) : RepeatedCallbacks
    {
        private int runs;

        public override TrainingCallbacks? Training(TrainingJob job) => runs++ == number ? new After(7, cancel) : null;
    }

    private sealed class After(int step, CancellationTokenSource cancel) : TrainingCallbacks
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
