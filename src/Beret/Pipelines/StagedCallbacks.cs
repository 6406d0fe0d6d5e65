using Beret.Inference;
using Beret.Pretraining;
using Beret.Training;

namespace Beret.Pipelines;

/// <summary>Is told what a staged run does; every method does nothing unless overridden.</summary>
public abstract class StagedCallbacks
{
    /// <summary>A stage begins, or goes on.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="number">Its place among the stages, from 1.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="folder">Its folder.</param>
    public virtual void Starting(TrainingStage stage, int number, int count, string folder)
    {
    }

    /// <summary>Who is told of a pre-training run; may be null.</summary>
    public virtual PretrainingCallbacks? Pretraining(PretrainingJob job) => null;

    /// <summary>Who is told of a fine-tuning or distillation run; may be null.</summary>
    public virtual TrainingCallbacks? Training(TrainingJob job) => null;

    /// <summary>A model is evaluated on the validation texts.</summary>
    public virtual void Measuring(EvaluationProgress progress)
    {
    }

    /// <summary>A stage is done; in a run that goes on, this session or an earlier one did it.</summary>
    public virtual void Finished(StageResult result)
    {
    }
}
