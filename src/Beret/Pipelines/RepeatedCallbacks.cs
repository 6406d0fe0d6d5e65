using Beret.Training;

namespace Beret.Pipelines;

/// <summary>Is told what a repeated run does; every method does nothing unless overridden.</summary>
public abstract class RepeatedCallbacks
{
    /// <summary>One of the runs begins, or goes on.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="number">Its place among the runs, from 1.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="folder">Its folder.</param>
    public virtual void Starting(string name, int number, int count, string folder)
    {
    }

    /// <summary>Who is told of a run; may be null.</summary>
    public virtual TrainingCallbacks? Training(TrainingJob job) => null;

    /// <summary>A run is done; where all go on, in this session or an earlier one.</summary>
    public virtual void Finished(RepeatedResult result)
    {
    }
}
