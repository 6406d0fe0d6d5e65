using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Pretraining;

/// <summary>What a model's answers for a batch gave.</summary>
/// <param name="Loss">The mean loss of the questions.</param>
/// <param name="Right">How many answers were right.</param>
/// <param name="Count">The number of questions.</param>
/// <param name="TeacherLoss">The mean squared difference from the teacher's states, whose variance is 1; null without a teacher.</param>
internal readonly record struct Outcome(double Loss, int Right, int Count, double? TeacherLoss = null)
{
    public bool IsFinite => double.IsFinite(Loss + (TeacherLoss ?? 0));
}

/// <summary>A model and what it learns from texts without labels.</summary>
internal interface IObjective : IDisposable
{
    ParameterSet Parameters { get; }

    EncoderConfig Config { get; }

    /// <summary>The layers that the checkpoint did not have; null for a model from nothing.</summary>
    IReadOnlyList<string>? NewLayers { get; }

    /// <summary>Bytes of the activations of a step, as planned.</summary>
    long Activations { get; }

    /// <summary>The number of steps done.</summary>
    int Steps { get; set; }

    /// <summary>One optimizer step.</summary>
    /// <param name="batch">The texts.</param>
    /// <param name="teacher">What a teacher says of them; null without one.</param>
    /// <param name="learningRate">The scheduled rate.</param>
    /// <param name="outcome">What the model answered before the update.</param>
    StepResult Step(MaskedBatch batch, TeacherTargets? teacher, double learningRate, out Outcome outcome);

    /// <summary>What the model answers, without dropout.</summary>
    Outcome Judge(MaskedBatch batch);

    /// <summary>Writes configuration and weights, in the Hugging Face layout.</summary>
    void Write(string folder, ModelSource source);
}
