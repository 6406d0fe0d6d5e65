using System.Diagnostics;
using Beret.Data;
using Beret.Evaluation;
using Beret.Tokens;

namespace Beret.Training;

/// <summary>What is known before the first step.</summary>
public sealed record TrainingPlan
{
    /// <summary>The recipe with its defaults filled in.</summary>
    public required TrainingRecipe Recipe { get; init; }

    /// <summary>The encoder's name, as the user gave it.</summary>
    public required string Model { get; init; }

    /// <summary>The architecture and its sizes in a line.</summary>
    public required string Architecture { get; init; }

    /// <summary>The width of the encoder's outputs, H.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The preprocessing that goes with the encoder, in a line.</summary>
    public required string Preprocessing { get; init; }

    /// <summary>The layers that start from random weights, since the model has none for them: the classifier, and what else a pretrained encoder comes without.</summary>
    public required IReadOnlyList<string> NewLayers { get; init; }

    /// <summary>The labels of the classifier that the model brought and that a new one takes the place of, since the texts have other labels; null where there was none.</summary>
    public IReadOnlyList<string>? ReplacedLabels { get; init; }

    /// <summary>The labels in the order of their numbers.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>What is decided: one of <see cref="Tasks.TaskNames"/>.</summary>
    public required string Task { get; init; }

    /// <summary>The key of the figure that the model is judged by on the validation texts: <see cref="EvaluationResult.Headline"/>.</summary>
    public string Headline { get; init; } = "accuracy";

    /// <summary>The key of the figure that the kept model is chosen by, where the recipe names one that is not shown anyway; else null.</summary>
    public string? ChosenFigure => Recipe.Keep.Metric is { } key && key != Headline && key != "loss" ? key : null;

    /// <summary>The training texts.</summary>
    public required LabelledTexts Training { get; init; }

    /// <summary>The validation texts; null where there are none.</summary>
    public required LabelledTexts? Validation { get; init; }

    /// <summary>How many texts without a label are learned from beside them.</summary>
    public int Unlabelled { get; init; }

    /// <summary>The teacher's name; null without one.</summary>
    public string? Teacher { get; init; }

    /// <summary>What of the teacher the student is held to beside its logits, in a line; null for nothing.</summary>
    public string? Guidance { get; init; }

    /// <summary>The teacher on the validation texts; null without either.</summary>
    public EvaluationResult? TeacherEvaluation { get; init; }

    /// <summary>The first texts that are trained on, as the tutorial shows three of them.</summary>
    public required IReadOnlyList<Example> Samples { get; init; }

    /// <summary>The share of the training texts that are longer than the length limit.</summary>
    public required double CutShare { get; init; }

    /// <summary>The mean number of tokens of a training text, after cutting; with windows those of all of a text's windows.</summary>
    public required double MeanTokens { get; init; }

    /// <summary>The mean number of windows of a training text; 1 where texts are not read in windows.</summary>
    public double MeanWindows { get; init; } = 1;

    /// <summary>Trainable numbers, the classifier's included.</summary>
    public required long Parameters { get; init; }

    /// <summary>Numbers that keep their pretrained values.</summary>
    public long FrozenParameters { get; init; }

    /// <summary>The memory that the run will need.</summary>
    public required MemoryPlan Memory { get; init; }

    /// <summary>The most memory that the whole process is expected to have needed by the end, in bytes.</summary>
    public required long ProcessPeak { get; init; }

    /// <summary>Steps of the whole run.</summary>
    public required int Steps { get; init; }

    /// <summary>Steps of an epoch.</summary>
    public required int StepsPerEpoch { get; init; }

    /// <summary>Epochs that are begun.</summary>
    public int Epochs => (Steps + StepsPerEpoch - 1) / Math.Max(1, StepsPerEpoch);

    /// <summary>The time that the whole run should take, from one timed step.</summary>
    public required TimeSpan ExpectedTime { get; init; }

    /// <summary>The untrained model's logits for the first sample: meaningless, but they show that it runs.</summary>
    public required IReadOnlyList<float> UntrainedLogits { get; init; }

    /// <summary>Where the run goes on: the steps that are already done.</summary>
    public required int StepsDone { get; init; }
}

/// <summary>The state of the run after a step.</summary>
/// <param name="Epoch">The epoch under way, from 1.</param>
/// <param name="Step">Steps done, of the whole run.</param>
/// <param name="StepInEpoch">Steps done, of this epoch.</param>
/// <param name="Loss">The mean training loss of the epoch so far.</param>
/// <param name="Accuracy">The training accuracy of the epoch so far; NaN of a task that decides on no one class.</param>
/// <param name="StepLoss">The loss of this step's batch.</param>
/// <param name="LearningRate">The rate of this step.</param>
/// <param name="GradientNorm">The global gradient norm before clipping.</param>
/// <param name="TextsPerSecond">Texts trained on per second, over the last steps.</param>
/// <param name="TokensPerSecond">Tokens per second, over the last steps.</param>
/// <param name="TimeLeft">The time to the end of the run, validations included as far as they are known.</param>
/// <param name="TeacherLoss">The mean squared difference from a teacher's states so far; null where none are learnt.</param>
/// <param name="StepParts">What the loss of this step's batch is the sum of; null where it is that of the logits alone.</param>
public readonly record struct TrainingProgress(
    int Epoch, int Step, int StepInEpoch, double Loss, double Accuracy, double StepLoss, double LearningRate, double GradientNorm,
    double TextsPerSecond, double TokensPerSecond, TimeSpan TimeLeft, double? TeacherLoss = null, LossParts? StepParts = null);

/// <summary>A point of the curves: one finished epoch, or one validation within it.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Step">Steps done by then.</param>
/// <param name="Loss">The mean training loss of the epoch so far.</param>
/// <param name="Accuracy">The training accuracy of the epoch so far; NaN of a task that decides on no one class.</param>
/// <param name="ValidationLoss">The loss on the validation texts, or null.</param>
/// <param name="ValidationAccuracy">The accuracy on the validation texts, or what the task has in its place (<see cref="TrainingPlan.Headline"/>); or null.</param>
/// <param name="Seconds">Seconds of the epoch so far, all sessions together.</param>
/// <param name="EndsEpoch">Whether the epoch ends here.</param>
/// <param name="Agreement">The share of the validation texts for which the model decides as its teacher; null without a teacher.</param>
/// <param name="TeacherLoss">The mean squared difference from a teacher's states, in pre-training; null where none are learnt.</param>
/// <param name="Parts">What <paramref name="Loss"/> is the sum of; null where it is the loss of the logits alone.</param>
/// <param name="Figure">The figure on the validation texts that the recipe names to choose the kept model by (<see cref="KeepModel.Metric"/>); null where it names none, or it is no number.</param>
public sealed record TrainingPoint(
    int Epoch, int Step, double Loss, double Accuracy, double? ValidationLoss, double? ValidationAccuracy, double Seconds, bool EndsEpoch, double? Agreement = null,
    double? TeacherLoss = null, LossParts? Parts = null, double? Figure = null);

/// <summary>A finished or interrupted run.</summary>
public sealed record TrainingSummary
{
    /// <summary>What was known before the first step.</summary>
    public required TrainingPlan Plan { get; init; }

    /// <summary>The curves.</summary>
    public required IReadOnlyList<TrainingPoint> Points { get; init; }

    /// <summary>The point whose model is kept; null where none was yet.</summary>
    public required TrainingPoint? Kept { get; init; }

    /// <summary>The kept model on the validation texts.</summary>
    public required EvaluationResult? Validation { get; init; }

    /// <summary>The file of a run's folder with the figures of <see cref="Test"/>.</summary>
    internal const string TestMetricsFile = "test_metrics.json";

    /// <summary>The kept model on <see cref="TrainingJob.Test"/>; null without such texts, and before the run is finished.</summary>
    public EvaluationResult? Test { get; init; }

    /// <summary>What it computed for them, [texts, K].</summary>
    internal float[] TestLogits { get; init; } = [];

    /// <summary>Whether the run was interrupted; it can go on.</summary>
    public required bool IsInterrupted { get; init; }

    /// <summary>Whether it stopped early because validation no longer improved.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>Steps done.</summary>
    public required int Steps { get; init; }

    /// <summary>Seconds of training, all sessions together.</summary>
    public required double Seconds { get; init; }

    /// <summary>The folder of the model.</summary>
    public required string Folder { get; init; }
}

/// <summary>Is told what a run does; every method does nothing unless overridden. Calls come from the thread that trains.</summary>
public abstract class TrainingCallbacks
{
    /// <summary>Something takes a while before training: tokenizing, loading.</summary>
    public virtual void Preparing(string what)
    {
    }

    /// <summary>Says by <see cref="Preparing"/> how far something is that is done with many texts, how fast, and how long it will take, from now on.</summary>
    internal Action<TextProgress> Doing(string what)
    {
        var started = Stopwatch.GetTimestamp();
        return state => Preparing(state.Say(what, Stopwatch.GetElapsedTime(started)));
    }

    /// <summary>The maximum length was left to the training texts, and this is what they say.</summary>
    public virtual void Surveyed(LengthSurvey survey)
    {
    }

    /// <summary>All is ready; the first step follows.</summary>
    public virtual void Starting(TrainingPlan plan)
    {
    }

    /// <summary>A step is done.</summary>
    public virtual void Stepped(in TrainingProgress progress)
    {
    }

    /// <summary>Validation texts are being judged.</summary>
    public virtual void Validating(int done, int total)
    {
    }

    /// <summary>An epoch is done, or a validation within it.</summary>
    public virtual void Reached(TrainingPoint point, bool isKept)
    {
    }

    /// <summary>Something that the user should know: training does not seem to learn, say.</summary>
    public virtual void Noticed(string message)
    {
    }

    /// <summary>The model folder is about to be completed: more files can be written into it.</summary>
    /// <param name="folder">The temporary folder that will take the model folder's place.</param>
    /// <param name="summary">The run so far.</param>
    public virtual void Saving(string folder, TrainingSummary summary)
    {
    }
}
