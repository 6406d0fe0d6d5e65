using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    /// <summary>Groups of sequences whose gradients of the projected tables are summed by themselves: enough for many threads, few enough for memory.</summary>
    private const int TableGroups = 4;

    public void RelativeAttention(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var arguments = RelativeArguments(queryKeyValue, relative, starts, heads, dropout, logSumExp, context, backward: false);
        arguments.Tables.Memory = scratch.Shared(heads * arguments.Tables.Floats);
        scratch.Reserve(Math.Max(arguments.Tables.LayFloats, RelativeAttention<V, S>.ForwardFloats(arguments.Tables, arguments.Plain.HeadSize)));
        arguments.Plain.Own = scratch.Own;
        pool.Run(heads, &LayTables, &arguments);
        pool.Run(arguments.Sequences * heads, &RelativeAttention<V, S>.Forward, &arguments);
    }

    public void RelativeAttentionGradient(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix keysGradient, Matrix queriesGradient, Matrix biasGradient)
    {
        Shapes.RequireSame(context, contextGradient);
        Shapes.RequireSame(queryKeyValue, queryKeyValueGradient);
        Shapes.RequireSame(relative.Keys, keysGradient);
        Shapes.RequireSame(relative.Queries, queriesGradient);
        Shapes.RequireSame(relative.Bias, biasGradient);
        var arguments = RelativeArguments(queryKeyValue, relative, starts, heads, dropout, logSumExp, context, backward: true);
        arguments.Plain.ContextGradient = Pointer(contextGradient);
        arguments.Plain.ContextGradientStride = contextGradient.Stride;
        arguments.Plain.Gradient = Pointer(queryKeyValueGradient);
        arguments.Plain.GradientStride = queryKeyValueGradient.Stride;
        arguments.Groups = arguments.Tables.HasKeys || arguments.Tables.HasQueries ? Math.Min(arguments.Sequences, TableGroups) : arguments.Sequences;
        var partial = arguments.Tables.PartialFloats(context.Columns, heads);
        arguments.Partial = scratch.Shared(arguments.Groups * partial + heads * arguments.Tables.Floats);
        arguments.Tables.Memory = arguments.Partial + arguments.Groups * partial;
        scratch.Reserve(Math.Max(arguments.Tables.LayFloats, RelativeAttention<V, S>.BackwardFloats(arguments.Tables, arguments.Plain.HeadSize)));
        arguments.Plain.Own = scratch.Own;
        pool.Run(heads, &LayTables, &arguments);
        pool.Run(arguments.Groups * heads, &RelativeAttention<V, S>.Backward, &arguments);

        var sums = new PartialTables { Source = arguments.Partial, Step = partial, Count = arguments.Groups };
        SumPartialTables(ref sums, keysGradient, accumulate: false);
        SumPartialTables(ref sums, queriesGradient, accumulate: false);
        SumPartialTables(ref sums, biasGradient, accumulate: true);
    }

    private static RelativeAttention<V, S>.Arguments RelativeArguments(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context, bool backward)
    {
        var rows = relative.TableRows;
        Shapes.Require(relative.Positions.Count == context.Rows && relative.Rows.Count % 2 == 1, "there is a position for each token, and a row for each distance");
        Shapes.Require(relative.Keys.IsNone || (relative.Keys.Rows == rows && relative.Keys.Columns == context.Columns), "a table of positions is as wide as the context");
        Shapes.Require(relative.Queries.IsNone || (relative.Queries.Rows == rows && relative.Queries.Columns == context.Columns), "all tables have one number of rows");
        Shapes.Require(relative.Bias.IsNone || (relative.Bias.Rows == rows && relative.Bias.Columns == heads), "the bias has a column for each head");
        var plain = AttentionArguments(queryKeyValue, starts, heads, Window.None, dropout, logSumExp, context);
        plain.Scale = relative.Scale;
        return new RelativeAttention<V, S>.Arguments
        {
            Plain = plain,
            Positions = Pointer(relative.Positions),
            Sequences = starts.Count - 1,
            Tables = new DistanceTables<V, S>
            {
                KeyTable = Pointer(relative.Keys), KeyStride = relative.Keys.Stride,
                QueryTable = Pointer(relative.Queries), QueryStride = relative.Queries.Stride,
                BiasTable = Pointer(relative.Bias), BiasStride = relative.Bias.Stride,
                Rows = rows, RowOf = Pointer(relative.Rows), Span = relative.Span,
                HeadSize = plain.HeadSize, Scale = relative.Scale, Backward = backward,
            },
        };
    }

    private static void LayTables(void* state, int head, int slot)
    {
        ref var g = ref *(RelativeAttention<V, S>.Arguments*)state;
        g.Tables.Lay(head, g.Plain.Own[slot]);
    }

    /// <summary>The groups' sums of one table are added in the order of the sequences; then the next table's follow.</summary>
    private void SumPartialTables(ref PartialTables sums, Matrix gradient, bool accumulate)
    {
        if (gradient.IsNone)
        {
            return;
        }

        sums.Gradient = gradient;
        sums.Accumulate = accumulate;
        var arguments = sums;
        pool.Run(RowTasks(gradient.Rows), &SumPartialRows, &arguments);
        sums.Source += gradient.Length;
    }

    private static void SumPartialRows(void* state, int task, int slot)
    {
        ref var g = ref *(PartialTables*)state;
        var columns = g.Gradient.Columns;
        var end = Math.Min((task + 1) * RowsPerTask, g.Gradient.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var target = Row(g.Gradient, r);
            if (!g.Accumulate)
            {
                new Span<float>(target, columns).Clear();
            }

            for (var group = 0; group < g.Count; group++)
            {
                Elementwise<V, S>.Add(target, g.Source + group * g.Step + (nint)r * columns, columns);
            }
        }
    }

    private struct PartialTables
    {
        public float* Source;

        /// <summary>Floats from one group to the next.</summary>
        public long Step;
        public int Count;
        public Matrix Gradient;
        public bool Accumulate;
    }
}
