using Beret.Inference;

namespace Beret.Server.Scheduling;

/// <summary>What became of one text: a prediction, or an error of its own.</summary>
internal readonly record struct TextOutcome(Prediction? Prediction, Exception? Error)
{
    public static implicit operator TextOutcome(Prediction prediction) => new(prediction, null);

    /// <summary>The prediction.</summary>
    /// <exception cref="ServingException">There is an error instead.</exception>
    public Prediction Value => Prediction ?? throw Failure;

    /// <summary>What the client is told where there is no prediction. The message of a defect stays in the server.</summary>
    public ServingException Failure => Error switch
    {
        ServingException known => known,
        BeretException => new ServingException(ServingError.InvalidArgument, Error.Message, Error),
        _ => new ServingException(ServingError.Internal, "the model failed on this text; the server's log says how", Error),
    };
}
