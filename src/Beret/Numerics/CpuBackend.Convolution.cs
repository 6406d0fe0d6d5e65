using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void Activate(Matrix matrix, Activation activation, Matrix derivative)
    {
        Shapes.Require(derivative.IsNone || (derivative.Rows == matrix.Rows && derivative.Columns == matrix.Columns), "the derivative has the matrix's shape");
        var arguments = new ActivationArguments { Matrix = matrix, Activation = activation, Derivative = derivative };
        pool.Run(RowTasks(matrix.Rows), &ActivateRows, &arguments);
    }

    public void Unfold(Matrix input, Indices starts, Indices positions, int kernel, Matrix output)
    {
        Shapes.Require(output.Rows == input.Rows && output.Columns == input.Columns * kernel && positions.Count == input.Rows, "the output is [T, H · kernel]");
        var arguments = new UnfoldArguments { Narrow = input, Wide = output, Starts = starts, Positions = Pointer(positions), Kernel = kernel };
        pool.Run(RowTasks(input.Rows), &UnfoldRows, &arguments);
    }

    public void UnfoldGradient(Matrix outputGradient, Indices starts, Indices positions, int kernel, Matrix inputGradient, bool accumulate)
    {
        Shapes.Require(
            outputGradient.Rows == inputGradient.Rows && outputGradient.Columns == inputGradient.Columns * kernel && positions.Count == inputGradient.Rows,
            "the output gradient is [T, H · kernel]");
        var arguments = new UnfoldArguments
        {
            Narrow = inputGradient, Wide = outputGradient, Starts = starts, Positions = Pointer(positions), Kernel = kernel, Accumulate = accumulate,
        };
        pool.Run(RowTasks(inputGradient.Rows), &FoldRows, &arguments);
    }

    private static void ActivateRows(void* state, int task, int slot)
    {
        ref var g = ref *(ActivationArguments*)state;
        var first = task * RowsPerTask;
        var epilogue = new Epilogue { Activation = g.Activation, Derivative = Pointer(g.Derivative), DerivativeStride = g.Derivative.Stride };
        Elementwise<V, S>.Finish(
            Row(g.Matrix, first), g.Matrix.Stride, Math.Min(RowsPerTask, g.Matrix.Rows - first), g.Matrix.Columns, epilogue, first, 0);
    }

    private static void UnfoldRows(void* state, int task, int slot)
    {
        ref var g = ref *(UnfoldArguments*)state;
        var end = Math.Min((task + 1) * RowsPerTask, g.Narrow.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var to = Row(g.Wide, r);
            for (var o = 0; o < g.Kernel; o++)
            {
                var neighbour = g.Neighbour(r, o - g.Kernel / 2);
                if (neighbour < 0)
                {
                    for (var h = 0; h < g.Narrow.Columns; h++)
                    {
                        to[h * g.Kernel + o] = 0;
                    }

                    continue;
                }

                var from = Row(g.Narrow, neighbour);
                for (var h = 0; h < g.Narrow.Columns; h++)
                {
                    to[h * g.Kernel + o] = from[h];
                }
            }
        }
    }

    private static void FoldRows(void* state, int task, int slot)
    {
        ref var g = ref *(UnfoldArguments*)state;
        var end = Math.Min((task + 1) * RowsPerTask, g.Narrow.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var to = Row(g.Narrow, r);
            if (!g.Accumulate)
            {
                new Span<float>(to, g.Narrow.Columns).Clear();
            }

            for (var o = 0; o < g.Kernel; o++)
            {
                if (g.Neighbour(r, g.Kernel / 2 - o) is >= 0 and var neighbour)
                {
                    var from = Row(g.Wide, neighbour);
                    for (var h = 0; h < g.Narrow.Columns; h++)
                    {
                        to[h] += from[h * g.Kernel + o];
                    }
                }
            }
        }
    }

    private struct ActivationArguments
    {
        public Matrix Matrix;
        public Activation Activation;
        public Matrix Derivative;
    }

    private struct UnfoldArguments
    {
        public Matrix Narrow;
        public Matrix Wide;
        public Indices Starts;
        public int* Positions;
        public int Kernel;
        public bool Accumulate;

        /// <summary>The row of the same sequence that is so many positions away, or −1: not further off than in a sequence without gaps.</summary>
        public readonly int Neighbour(int row, int distance)
        {
            var starts = new ReadOnlySpan<int>(Pointer(Starts), Starts.Count);
            var sequence = starts.BinarySearch(row);
            sequence = sequence < 0 ? ~sequence - 1 : sequence;
            var wanted = Positions[row] + distance;
            var step = Math.Sign(distance);
            var last = step < 0 ? Math.Max(row + distance, starts[sequence]) : Math.Min(row + distance, starts[sequence + 1] - 1);
            var r = row;
            while (r != last && (long)step * Positions[r] < (long)step * wanted)
            {
                r += step;
            }

            return Positions[r] == wanted ? r : -1;
        }
    }
}
