using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void Loss(Loss loss, Matrix logits, Matrix targets, Matrix losses, Matrix logitsGradient, double weight, double focus)
    {
        Shapes.Require(losses.Rows == logits.Rows && targets.Rows == logits.Rows, "there is a target and a loss for each row of logits");
        Shapes.Require(focus == 0 || loss.IsWeighted(), "a focus is one of a weighted loss");
        for (var r = 0; r < logits.Rows; r++)
        {
            *Row(losses, r) = (float)Losses.Example(
                loss, Row(logits, r), Row(targets, r), logits.Columns, focus, weight / logits.Rows, logitsGradient.IsNone ? null : Row(logitsGradient, r));
        }
    }

    public double SquaredNorm(Matrix matrix)
    {
        Shapes.Require(matrix.IsContiguous, "the matrix is contiguous");
        var tasks = (int)((matrix.Length + FloatsPerTask - 1) / FloatsPerTask);
        var arguments = new NormParts { Source = Pointer(matrix), Length = matrix.Length, Parts = (double*)scratch.Shared(2L * tasks) };
        pool.Run(tasks, &NormPart, &arguments);
        var total = 0.0;
        for (var i = 0; i < tasks; i++)
        {
            total += arguments.Parts[i];
        }

        return total;
    }

    public void AdamW(Matrix value, Matrix gradient, Matrix firstMoment, Matrix secondMoment, AdamWStep step)
    {
        Shapes.Require(value.IsContiguous && gradient.IsContiguous && value.Length == gradient.Length, "values and gradients are contiguous and alike");
        var arguments = new AdamWArguments
        {
            Value = Pointer(value), Gradient = Pointer(gradient), First = Pointer(firstMoment), Second = Pointer(secondMoment),
            Length = value.Length, Step = step,
        };
        pool.Run((int)((value.Length + FloatsPerTask - 1) / FloatsPerTask), &AdamWPart, &arguments);
    }

    public void AdamWRows(Matrix value, Matrix rows, Indices slotOfRow, Matrix firstMoment, Matrix secondMoment, AdamWStep step)
    {
        Shapes.Require(slotOfRow.Count == value.Rows, "there is a slot, or none, for each row of the table");
        var arguments = new AdamWArguments
        {
            Value = Pointer(value), Gradient = Pointer(rows), First = Pointer(firstMoment), Second = Pointer(secondMoment),
            Length = value.Rows, Columns = value.Columns, Slots = Pointer(slotOfRow), Step = step,
        };
        pool.Run(RowTasks(value.Rows), &AdamWRowsPart, &arguments);
    }

    private static void NormPart(void* state, int task, int slot)
    {
        ref var g = ref *(NormParts*)state;
        var start = (long)task * FloatsPerTask;
        g.Parts[task] = Optimizer<V, S>.SquaredNorm(g.Source + start, Math.Min(FloatsPerTask, g.Length - start));
    }

    private static void AdamWPart(void* state, int task, int slot)
    {
        ref var g = ref *(AdamWArguments*)state;
        var start = (long)task * FloatsPerTask;
        var count = (int)Math.Min(FloatsPerTask, g.Length - start);
        Optimizer<V, S>.AdamW(g.Value + start, g.Gradient + start, g.First + start, g.Second + start, count, g.Step);
    }

    private static void AdamWRowsPart(void* state, int task, int slot)
    {
        ref var g = ref *(AdamWArguments*)state;
        var end = Math.Min((task + 1L) * RowsPerTask, g.Length);
        for (var r = (long)task * RowsPerTask; r < end; r++)
        {
            var start = r * g.Columns;
            var gradient = g.Slots[r] < 0 ? null : g.Gradient + (long)g.Slots[r] * g.Columns;
            Optimizer<V, S>.AdamW(g.Value + start, gradient, g.First + start, g.Second + start, g.Columns, g.Step);
        }
    }

    private struct NormParts
    {
        public float* Source;
        public long Length;
        public double* Parts;
    }

    private struct AdamWArguments
    {
        public float* Value;
        public float* Gradient;
        public float* First;
        public float* Second;
        public long Length;
        public int Columns;
        public int* Slots;
        public AdamWStep Step;
    }
}
