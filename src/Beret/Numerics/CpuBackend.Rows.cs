using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    private const int ScatterColumns = 32;

    public void ScatterAddRows(Matrix rows, Indices indices, Matrix table)
    {
        Shapes.Require(rows.Rows == indices.Count && rows.Columns == table.Columns, "there is an index for each row, and the table is as wide");
        var arguments = new RowArguments { Source = rows, Indices = Pointer(indices), Target = table };
        pool.Run((rows.Columns + ScatterColumns - 1) / ScatterColumns, &ScatterColumnsOfAllRows, &arguments);
    }

    public void SumRowGroups(Matrix rows, Indices order, Indices groups, Matrix output)
    {
        Shapes.Require(groups.Count == output.Rows + 1 && rows.Columns == output.Columns, "there is a group for each output row");
        var arguments = new RowArguments { Source = rows, Indices = Pointer(order), Groups = Pointer(groups), Target = output };
        pool.Run(RowTasks(output.Rows), &SumGroups, &arguments);
    }

    public void GatherRows(Matrix input, Indices rows, Matrix output)
    {
        Shapes.Require(output.Rows == rows.Count && output.Columns == input.Columns, "there is an output row for each row number");
        for (var i = 0; i < rows.Count; i++)
        {
            new ReadOnlySpan<float>(Row(input, Pointer(rows)[i]), input.Columns).CopyTo(new Span<float>(Row(output, i), input.Columns));
        }
    }

    public void GatherRowsGradient(Matrix outputGradient, Indices rows, Matrix inputGradient, bool accumulate)
    {
        Shapes.Require(
            outputGradient.Rows == rows.Count && outputGradient.Columns == inputGradient.Columns, "there is a gradient row for each row number");
        if (!accumulate)
        {
            Clear(inputGradient);
        }

        for (var i = 0; i < rows.Count; i++)
        {
            Elementwise<V, S>.Add(Row(inputGradient, Pointer(rows)[i]), Row(outputGradient, i), inputGradient.Columns);
        }
    }

    public void MeanRows(Matrix input, Indices starts, Matrix output)
    {
        Shapes.Require(output.Rows == starts.Count - 1 && output.Columns == input.Columns, "there is an output row for each sequence");
        var arguments = new MeanArguments { Sequences = output, Rows = input, Starts = Pointer(starts) };
        pool.Run(output.Rows * arguments.Blocks, &MeanOfSequence, &arguments);
    }

    public void MeanRowsGradient(Matrix outputGradient, Indices starts, Matrix inputGradient, bool accumulate)
    {
        Shapes.Require(
            outputGradient.Rows == starts.Count - 1 && outputGradient.Columns == inputGradient.Columns, "there is a gradient row for each sequence");
        var arguments = new MeanArguments { Sequences = outputGradient, Rows = inputGradient, Starts = Pointer(starts), Accumulate = accumulate };
        pool.Run(outputGradient.Rows * arguments.Blocks, &SpreadOverSequence, &arguments);
    }

    /// <summary>A task owns some columns of a sequence and takes its rows in order.</summary>
    private static void MeanOfSequence(void* state, int task, int slot)
    {
        ref var g = ref *(MeanArguments*)state;
        var (sequence, column) = (task / g.Blocks, task % g.Blocks * MeanArguments.Width);
        var count = Math.Min(MeanArguments.Width, g.Rows.Columns - column);
        var (first, end) = (g.Starts[sequence], g.Starts[sequence + 1]);
        var mean = Row(g.Sequences, sequence) + column;
        new Span<float>(mean, count).Clear();
        for (var r = first; r < end; r++)
        {
            Elementwise<V, S>.Add(mean, Row(g.Rows, r) + column, count);
        }

        Elementwise<V, S>.Scale(mean, 1f / (end - first), mean, count, accumulate: false);
    }

    private static void SpreadOverSequence(void* state, int task, int slot)
    {
        ref var g = ref *(MeanArguments*)state;
        var (sequence, column) = (task / g.Blocks, task % g.Blocks * MeanArguments.Width);
        var count = Math.Min(MeanArguments.Width, g.Rows.Columns - column);
        var (first, end) = (g.Starts[sequence], g.Starts[sequence + 1]);
        for (var r = first; r < end; r++)
        {
            Elementwise<V, S>.Scale(Row(g.Sequences, sequence) + column, 1f / (end - first), Row(g.Rows, r) + column, count, g.Accumulate);
        }
    }

    /// <summary>A task owns some columns of the table and takes all rows in order.</summary>
    private static void ScatterColumnsOfAllRows(void* state, int task, int slot)
    {
        ref var g = ref *(RowArguments*)state;
        var column = task * ScatterColumns;
        var count = Math.Min(ScatterColumns, g.Source.Columns - column);
        for (var r = 0; r < g.Source.Rows; r++)
        {
            Elementwise<V, S>.Add(Row(g.Target, g.Indices[r]) + column, Row(g.Source, r) + column, count);
        }
    }

    private static void SumGroups(void* state, int task, int slot)
    {
        ref var g = ref *(RowArguments*)state;
        var columns = g.Source.Columns;
        var end = Math.Min((task + 1) * RowsPerTask, g.Target.Rows);
        for (var group = task * RowsPerTask; group < end; group++)
        {
            var target = Row(g.Target, group);
            new Span<float>(target, columns).Clear();
            for (var i = g.Groups[group]; i < g.Groups[group + 1]; i++)
            {
                Elementwise<V, S>.Add(target, Row(g.Source, g.Indices[i]), columns);
            }
        }
    }

    private struct RowArguments
    {
        public Matrix Source;
        public int* Indices;
        public int* Groups;
        public Matrix Target;
    }

    private struct MeanArguments
    {
        public const int Width = 64;

        /// <summary>[B, H].</summary>
        public Matrix Sequences;

        /// <summary>[T, H].</summary>
        public Matrix Rows;
        public int* Starts;
        public bool Accumulate;

        /// <summary>The columns are cut into so many.</summary>
        public readonly int Blocks => (Rows.Columns + Width - 1) / Width;
    }
}
