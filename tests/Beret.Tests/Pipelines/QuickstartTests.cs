using Beret.Data;
using Beret.Inference;
using Beret.Pipelines;
using Beret.Tests.Checkpoints;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Pipelines;

public sealed class QuickstartTests : IDisposable
{
    private static readonly TrainingRecipe Short = Quickstart.Recipe with { Epochs = 1 };

    private readonly TemporaryFolder disk = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => disk.Dispose();

    [Theory]
    [InlineData(DataSource.Train)]
    [InlineData(DataSource.Test)]
    public void The_library_carries_the_reviews_of_the_folder(string split) =>
        Assert.Equal(DataSource.Open(Repository.Path("samples", "reviews")).Load(split, cancellationToken: Cancellation).Fingerprint, SampleReviews.Load(split).Fingerprint);

    [Fact]
    public async Task What_is_loaded_again_is_what_was_evaluated()
    {
        var result = await Quickstart.RunAsync(disk["run"], Short, cancellation: Cancellation);
        Assert.True(result.IsReloadIdentical);
        Assert.Equal(120, result.Test!.Count);
        using var classifier = Classifier.Load(disk["run"]);
        Assert.NotNull(result.Test.Baseline);
        Assert.Equal((result.Test with { Baseline = null }).ToJson(), classifier.Evaluate(SampleReviews.Load(DataSource.Test), cancellation: Cancellation).ToJson());
        Assert.Equal(Quickstart.Sentences, result.Predictions.Select(told => told.Text));
        Assert.All(result.Predictions, told => Assert.Equal(classifier.Predict(told.Text).Logits, told.Prediction.Logits));
    }

    [Fact]
    public async Task The_report_has_the_test_the_curves_the_sentences_and_the_worst_mistakes()
    {
        await Quickstart.RunAsync(disk["run"], Short, cancellation: Cancellation);
        var report = File.ReadAllText(disk["run", "report.html"]);
        Assert.Contains("<bdi>Test</bdi> accuracy", report);
        Assert.Contains("this is such an amazing movie!", report);
        Assert.Contains("✗", report);
        Assert.Contains("beret-curves", report);
        Assert.Equal(
            ["README.md", "baseline.safetensors", "beret.json", "config.json", "curves.svg", "log.jsonl", "metrics.json", "model.safetensors", "report.html", "run.json", "test_metrics.json", "tokenizer_config.json", "vocab.txt"],
            Directory.EnumerateFileSystemEntries(disk["run"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_second_one_replaces_the_first_and_gives_the_same_bits_with_another_number_of_threads()
    {
        await Quickstart.RunAsync(disk["run"], Short with { Threads = 1 }, cancellation: Cancellation);
        var first = File.ReadAllBytes(disk["run", "model.safetensors"]);
        await Quickstart.RunAsync(disk["run"], Short with { Threads = 2 }, cancellation: Cancellation);
        Assert.Equal(first, File.ReadAllBytes(disk["run", "model.safetensors"]));
    }

    [Fact]
    public async Task One_that_was_interrupted_is_begun_anew()
    {
        using var cancel = new CancellationTokenSource();
        var result = await Quickstart.RunAsync(disk["run"], Short, _ => new Ending(cancel), cancel.Token);
        Assert.True(result.Training.IsInterrupted);
        Assert.Null(result.Test);
        Assert.True((await Quickstart.RunAsync(disk["run"], Short, cancellation: Cancellation)).IsReloadIdentical);
    }

    [Fact]
    public async Task What_no_quickstart_wrote_is_left_alone()
    {
        disk.Write("mine/notes.txt", "mine");
        using var world = new TinyWorld();
        new Trainer(world.Job("other", TinyWorld.Recipe() with { Epochs = 1 })).Run(Cancellation);
        foreach (var folder in new[] { disk["mine"], world.Output("other") })
        {
            var error = await Assert.ThrowsAsync<PipelineException>(() => Quickstart.RunAsync(folder, Short, cancellation: Cancellation));
            Assert.Contains("of no quickstart", error.Message);
        }

        Assert.Equal("mine", File.ReadAllText(disk["mine", "notes.txt"]));
    }

    private sealed class Ending(CancellationTokenSource cancel) : TrainingCallbacks
    {
        public override void Stepped(in TrainingProgress progress)
        {
            if (progress.Step == 2)
            {
                cancel.Cancel();
            }
        }
    }
}
