namespace Beret.Reports;

/// <summary>One finished epoch.</summary>
/// <param name="Epoch">Its number, from 1.</param>
/// <param name="Step">Optimizer steps done since the start of the run.</param>
/// <param name="TrainingLoss">Mean loss over the epoch's training examples, as they were seen.</param>
/// <param name="TrainingAccuracy">Share of them predicted right, as they were seen; NaN of a task that is judged otherwise.</param>
/// <param name="ValidationLoss">Mean loss on the validation examples at the end of the epoch, or null without any.</param>
/// <param name="ValidationAccuracy">Accuracy on the validation examples, or null without any.</param>
/// <param name="Seconds">Wall-clock time of the epoch.</param>
public sealed record EpochRecord(
    int Epoch, int Step, double TrainingLoss, double TrainingAccuracy, double? ValidationLoss, double? ValidationAccuracy, double Seconds);

/// <summary>A point within training: the mean since the point before.</summary>
/// <param name="Step">Optimizer steps done since the start of the run.</param>
/// <param name="Loss">Mean loss of the steps since the point before.</param>
/// <param name="Accuracy">Accuracy of those steps, or null where it was not recorded.</param>
/// <param name="LearningRate">Learning rate of the last of them.</param>
public sealed record StepRecord(int Step, double Loss, double? Accuracy, double LearningRate);

/// <summary>A validation in the middle of an epoch.</summary>
/// <param name="Step">Optimizer steps done since the start of the run.</param>
/// <param name="Loss">Mean loss on the validation examples.</param>
/// <param name="Accuracy">Accuracy on the validation examples.</param>
public sealed record ValidationRecord(int Step, double Loss, double Accuracy);

/// <summary>How training went: what the curves are drawn from. It needs nothing but what <c>log.jsonl</c> holds.</summary>
public sealed record TrainingHistory
{
    /// <summary>The finished epochs, in order.</summary>
    public IReadOnlyList<EpochRecord> Epochs { get; init; } = [];

    /// <summary>Finer points of the training curve, in order of their steps; may be empty.</summary>
    public IReadOnlyList<StepRecord> Steps { get; init; } = [];

    /// <summary>
    /// Validations by step, in order, where there were more than one an epoch; they replace the epochs' in the curves. May be empty.
    /// </summary>
    public IReadOnlyList<ValidationRecord> Validations { get; init; } = [];

    /// <summary>Optimizer steps of one epoch; 0 where unknown, and then taken from the first epoch.</summary>
    public int StepsPerEpoch { get; init; }

    /// <summary>The name of the second curve, for tasks that are not judged by accuracy.</summary>
    public string MetricName { get; init; } = "accuracy";

    /// <summary>Where a step lies on the axis of epochs: 1 is the end of the first.</summary>
    internal double EpochsAt(int step)
    {
        double perEpoch = StepsPerEpoch > 0 ? StepsPerEpoch
            : Epochs is [{ Epoch: > 0, Step: > 0 } first, ..] ? (double)first.Step / first.Epoch
            : Math.Max(1, Steps.Count > 0 ? Steps[^1].Step : Validations.Count > 0 ? Validations[^1].Step : 1);
        return step / perEpoch;
    }
}
