using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void Attention(Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var arguments = AttentionArguments(queryKeyValue, starts, heads, window, dropout, logSumExp, context);
        scratch.Reserve(Attention<V, S>.ForwardFloats(longest, arguments.HeadSize));
        arguments.Own = scratch.Own;
        pool.Run((starts.Count - 1) * heads, &Attention<V, S>.Forward, &arguments);
    }

    public void AttentionGradient(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient)
    {
        Shapes.RequireSame(context, contextGradient);
        Shapes.RequireSame(queryKeyValue, queryKeyValueGradient);
        var arguments = AttentionArguments(queryKeyValue, starts, heads, window, dropout, logSumExp, context);
        arguments.ContextGradient = Pointer(contextGradient);
        arguments.ContextGradientStride = contextGradient.Stride;
        arguments.Gradient = Pointer(queryKeyValueGradient);
        arguments.GradientStride = queryKeyValueGradient.Stride;
        scratch.Reserve(Attention<V, S>.BackwardFloats(longest, arguments.HeadSize));
        arguments.Own = scratch.Own;
        pool.Run((starts.Count - 1) * heads, &Attention<V, S>.Backward, &arguments);
    }

    private static Attention<V, S>.Arguments AttentionArguments(
        Matrix queryKeyValue, Indices starts, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var hidden = context.Columns;
        Shapes.Require(queryKeyValue.Columns == 3 * hidden && queryKeyValue.Rows == context.Rows, "queries, keys and values are [T, 3H], the context [T, H]");
        Shapes.Require(hidden % heads == 0, "the heads share the features evenly");
        Shapes.Require(logSumExp.IsNone || (logSumExp.Rows == heads && logSumExp.Columns == context.Rows), "the softmax statistics are [heads, T]");
        Shapes.Require(window.IsNone || window.Positions.Count == context.Rows, "there is a position for each row");
        return new Attention<V, S>.Arguments
        {
            QueryKeyValue = Pointer(queryKeyValue), Stride = queryKeyValue.Stride,
            Starts = Pointer(starts), Heads = heads, HeadSize = hidden / heads, Hidden = hidden,
            Scale = (float)(1 / Math.Sqrt(hidden / heads)), Dropout = dropout, Positions = Pointer(window.Positions), Reach = window.Reach,
            LogSumExp = Pointer(logSumExp), LogSumExpStride = logSumExp.Stride,
            Context = Pointer(context), ContextStride = context.Stride,
        };
    }

    public void Rotate(Matrix queryKeyValue, Matrix table, Indices positions, int heads, bool inverse)
    {
        var size = queryKeyValue.Columns / (3 * heads);
        Shapes.Require(queryKeyValue.Columns == 3 * heads * size && size % 2 == 0, "queries, keys and values divide into heads of an even size");
        Shapes.Require(table.Columns == size && positions.Count == queryKeyValue.Rows, "the table is as wide as a head, and there is a position for each row");
        var arguments = new RotateArguments
        {
            QueryKeyValue = queryKeyValue, Table = table, Positions = Pointer(positions), Heads = 2 * heads, Direction = inverse ? -1 : 1,
        };
        pool.Run(RowTasks(queryKeyValue.Rows), &RotateRows, &arguments);
    }

    private static void RotateRows(void* state, int task, int slot)
    {
        ref var g = ref *(RotateArguments*)state;
        var end = Math.Min((task + 1) * RowsPerTask, g.QueryKeyValue.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            Rotary<V, S>.Turn(Row(g.QueryKeyValue, r), g.Heads, g.Table.Columns / 2, Row(g.Table, g.Positions[r]), g.Direction);
        }
    }

    private struct RotateArguments
    {
        public Matrix QueryKeyValue;
        public Matrix Table;
        public int* Positions;

        /// <summary>Of the queries and of the keys.</summary>
        public int Heads;
        public float Direction;
    }
}
