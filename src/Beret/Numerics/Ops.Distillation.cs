namespace Beret.Numerics;

/// <content>The end of a student's pass (Hinton, Vinyals and Dean, 2015).</content>
internal sealed partial class Ops
{
    /// <summary>
    /// As <see cref="Loss"/>, with a teacher beside the labels: the losses of the examples, [B, 1]; with a tape, the gradient of their mean, times a weight, starts the backward pass.
    /// </summary>
    /// <param name="loss">The labels' loss, which also tells what probabilities the logits stand for.</param>
    /// <param name="logits">[B, K].</param>
    /// <param name="targets">As <see cref="Loss"/> takes them; a row whose first is negative has no label.</param>
    /// <param name="teacher">[B, K].</param>
    /// <param name="terms">Temperature, the teacher's share and the focus.</param>
    /// <param name="weight">What the gradient is multiplied by.</param>
    public Matrix DistillationLoss(Loss loss, Value logits, Matrix targets, Matrix teacher, Distillation terms, double weight = 1)
    {
        var losses = arena.Take(logits.Data.Rows, 1);
        backend.DistillationLoss(loss, logits.Data, targets, teacher, terms, losses, StartingGradient(logits), weight);
        return losses;
    }

    /// <summary>Where the gradient of the logits goes, with which the backward pass starts; none without a tape.</summary>
    private Matrix StartingGradient(Value logits)
    {
        if (tape is null)
        {
            return Matrix.None;
        }

        var gradient = arena.Rent(logits.Data.Rows, logits.Data.Columns);
        tape.SetGradient(logits, gradient);
        return gradient;
    }
}
