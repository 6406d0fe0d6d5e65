using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void DistillationLoss(Loss loss, Matrix logits, Matrix targets, Matrix teacher, Distillation terms, Matrix losses, Matrix logitsGradient, double weight)
    {
        Shapes.Require(losses.Rows == logits.Rows && targets.Rows == logits.Rows, "there is a target and a loss for each row of logits");
        Shapes.Require(teacher.Rows == logits.Rows && teacher.Columns == logits.Columns, "teacher and student have as many logits");
        Shapes.Require(loss != Numerics.Loss.MeanSquaredError, "what is distilled are probabilities");
        for (var r = 0; r < logits.Rows; r++)
        {
            *Row(losses, r) = (float)DistillationLosses.Example(
                loss, Row(logits, r), Row(targets, r), Row(teacher, r), logits.Columns, terms, weight / logits.Rows, logitsGradient.IsNone ? null : Row(logitsGradient, r));
        }
    }
}
