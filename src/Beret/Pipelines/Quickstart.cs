using System.Runtime.InteropServices;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Evaluation;
using Beret.Hub;
using Beret.Inference;
using Beret.Reports;
using Beret.Training;

namespace Beret.Pipelines;

/// <summary>What the quickstart did.</summary>
/// <param name="Training">The run; where it was interrupted, all else is empty.</param>
/// <param name="Test">The model on the test reviews, before it was saved and loaded again.</param>
/// <param name="IsReloadIdentical">Whether the model that was loaded again has the same logits for every test review, to the bit.</param>
/// <param name="Predictions">What the model that was loaded again says of <see cref="Quickstart.Sentences"/>.</param>
public sealed record QuickstartResult(
    TrainingSummary Training, EvaluationResult? Test, bool IsReloadIdentical, IReadOnlyList<(string Text, Prediction Prediction)> Predictions);

/// <summary>
/// The tutorial in one call, without a download: fine-tunes the encoder that the library carries on the reviews that it carries, evaluates, saves, loads again, compares, and
/// predicts the tutorial's sentences.
/// </summary>
public static class Quickstart
{
    /// <summary>The encoder.</summary>
    public const string Model = "beret/mini";

    private const int MostMistakesShown = 8;

    /// <summary>The sentences of TensorFlow's tutorial.</summary>
    public static IReadOnlyList<string> Sentences { get; } =
        ["this is such an amazing movie!", "The movie was great!", "The movie was meh.", "The movie was okish.", "The movie was terrible..."];

    /// <summary>How it is trained. All of the schedule is gone through, and the last model is the one that is kept.</summary>
    public static TrainingRecipe Recipe { get; } = new() { Epochs = 6, BatchSize = 8, LearningRate = 1.5e-4, Keep = KeepModel.Last };

    /// <summary>Runs it.</summary>
    /// <param name="output">The folder of the model. What an earlier quickstart left there is replaced.</param>
    /// <param name="threads">The number of threads that compute; null for one for each processor. The results do not depend on it.</param>
    /// <param name="callbacks">Gives what is told of the run, from the job; may be null.</param>
    /// <param name="cancellation">Ends it after the step under way.</param>
    /// <exception cref="BeretException">There is something else in the folder, or it or the cache cannot be written.</exception>
    public static Task<QuickstartResult> RunAsync(
        string output, int? threads = null, Func<TrainingJob, TrainingCallbacks>? callbacks = null, CancellationToken cancellation = default) =>
        RunAsync(output, Recipe with { Threads = threads ?? 0 }, callbacks, cancellation);

    /// <summary>The same by another recipe.</summary>
    internal static async Task<QuickstartResult> RunAsync(
        string output, TrainingRecipe recipe, Func<TrainingJob, TrainingCallbacks>? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        RequireOwn(output);
        using var downloader = new Downloader();
        var model = await new ModelHub(downloader).ResolveAsync(Model, cancellation: cancellation).ConfigureAwait(false);
        var job = new TrainingJob
        {
            ModelFolder = model.Folder,
            ModelName = Model,
            Source = model.Source,
            Data = SampleReviews.Load(DataSource.Train),
            Test = SampleReviews.Load(DataSource.Test),
            DataName = SampleReviews.Name,
            Output = output,
            Recipe = recipe,
            Overwrite = true,
        };
        var summary = new Trainer(job, callbacks?.Invoke(job)).Run(cancellation);
        if (summary.IsInterrupted)
        {
            return new QuickstartResult(summary, null, false, []);
        }

        using var classifier = Classifier.Load(output, new ClassifierOptions { Threads = recipe.ThreadCount });
        var logits = classifier.Logits(job.Test.Examples, cancellation);
        var isIdentical = MemoryMarshal.AsBytes<float>(logits).SequenceEqual(MemoryMarshal.AsBytes<float>(summary.TestLogits));
        var predictions = Sentences.Zip(classifier.Predict(Sentences, cancellation)).ToArray();
        var samples = predictions.Select(told => new SamplePrediction(told.First, told.Second.Label, told.Second.Score)).Concat(Mistakes(job.Test, classifier, cancellation));
        AtomicFolder.Write(output, folder => RunReport.Write(folder, summary, [.. samples]));
        return new QuickstartResult(summary, summary.Test, isIdentical, predictions);
    }

    /// <summary>The test reviews that the model is most wrong about.</summary>
    private static IEnumerable<SamplePrediction> Mistakes(LabelledTexts texts, Classifier classifier, CancellationToken cancellation) =>
        texts.Examples.Zip(classifier.Predict([.. texts.Examples.Select(example => example.Text)], cancellation))
            .Where(told => told.Second.Label != texts.Labels[told.First.Label])
            .OrderBy(told => told.Second.Probabilities[told.First.Label])
            .Take(MostMistakesShown)
            .Select(told => new SamplePrediction(told.First.Text, told.Second.Label, told.Second.Score, texts.Labels[told.First.Label]));

    /// <exception cref="PipelineException">There is something in the folder that no quickstart wrote.</exception>
    private static void RequireOwn(string output)
    {
        AtomicFolder.Recover(output);
        if (!Directory.Exists(output) || !Directory.EnumerateFileSystemEntries(output).Any())
        {
            return;
        }

        var isOwn = Trainer.IsInterrupted(output)
            ? Trainer.Interrupted(output) is (_, Model, SampleReviews.Name)
            : ModelDescription.Read(output) is { BaseModel: Model, DataOrigin: SampleReviews.Name };
        if (!isOwn)
        {
            throw new PipelineException($"{output} is not empty, and what is in it is of no quickstart: choose another folder (--output)");
        }
    }
}
