namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void MaxRows(Matrix input, Indices starts, Matrix output)
    {
        Shapes.Require(output.Rows == starts.Count - 1 && output.Columns == input.Columns, "there is an output row for each sequence");
        var arguments = new MaxArguments { Sequences = output, Rows = input, Starts = Pointer(starts) };
        pool.Run(output.Rows * arguments.Blocks, &MaxOfSequence, &arguments);
    }

    public void MaxRowsGradient(Matrix outputGradient, Matrix input, Indices starts, Matrix inputGradient, bool accumulate)
    {
        Shapes.Require(outputGradient.Rows == starts.Count - 1 && outputGradient.Columns == input.Columns, "there is a gradient row for each sequence");
        Shapes.RequireSame(input, inputGradient);
        if (!accumulate)
        {
            Clear(inputGradient);
        }

        var arguments = new MaxArguments { Sequences = outputGradient, Rows = input, Starts = Pointer(starts), RowsGradient = inputGradient };
        pool.Run(outputGradient.Rows * arguments.Blocks, &GiveToLargest, &arguments);
    }

    /// <summary>A task owns some columns of a sequence.</summary>
    private static void MaxOfSequence(void* state, int task, int slot)
    {
        ref var g = ref *(MaxArguments*)state;
        var (sequence, column) = (task / g.Blocks, task % g.Blocks * MaxArguments.Width);
        var rows = stackalloc int[MaxArguments.Width];
        FindLargest(g, sequence, column, rows, Row(g.Sequences, sequence) + column);
    }

    private static void GiveToLargest(void* state, int task, int slot)
    {
        ref var g = ref *(MaxArguments*)state;
        var (sequence, column) = (task / g.Blocks, task % g.Blocks * MaxArguments.Width);
        var rows = stackalloc int[MaxArguments.Width];
        var largest = stackalloc float[MaxArguments.Width];
        var count = FindLargest(g, sequence, column, rows, largest);
        for (var c = 0; c < count; c++)
        {
            Row(g.RowsGradient, rows[c])[column + c] += Row(g.Sequences, sequence)[column + c];
        }
    }

    /// <summary>The largest value of each of a task's columns, and the first row that has it; a NaN counts as larger than all numbers.</summary>
    /// <returns>How many columns there are.</returns>
    private static int FindLargest(in MaxArguments g, int sequence, int column, int* rows, float* largest)
    {
        var count = Math.Min(MaxArguments.Width, g.Rows.Columns - column);
        var first = g.Starts[sequence];
        new Span<int>(rows, count).Fill(first);
        new ReadOnlySpan<float>(Row(g.Rows, first) + column, count).CopyTo(new Span<float>(largest, count));
        for (var r = first + 1; r < g.Starts[sequence + 1]; r++)
        {
            var row = Row(g.Rows, r) + column;
            for (var c = 0; c < count; c++)
            {
                if (!(row[c] <= largest[c] || float.IsNaN(largest[c])))
                {
                    (largest[c], rows[c]) = (row[c], r);
                }
            }
        }

        return count;
    }

    private struct MaxArguments
    {
        public const int Width = 64;

        /// <summary>[B, H].</summary>
        public Matrix Sequences;

        /// <summary>[T, H].</summary>
        public Matrix Rows;

        /// <summary>[T, H], or none.</summary>
        public Matrix RowsGradient;
        public int* Starts;

        /// <summary>The columns are cut into so many.</summary>
        public readonly int Blocks => (Rows.Columns + Width - 1) / Width;
    }
}
