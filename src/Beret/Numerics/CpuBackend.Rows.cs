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
}
