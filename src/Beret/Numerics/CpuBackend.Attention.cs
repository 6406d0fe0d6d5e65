using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void Attention(Matrix queryKeyValue, Indices starts, int longest, int heads, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var arguments = AttentionArguments(queryKeyValue, starts, heads, dropout, logSumExp, context);
        scratch.Reserve(Attention<V, S>.ForwardFloats(longest, arguments.HeadSize));
        arguments.Own = scratch.Own;
        pool.Run((starts.Count - 1) * heads, &Attention<V, S>.Forward, &arguments);
    }

    public void AttentionGradient(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient)
    {
        Shapes.RequireSame(context, contextGradient);
        Shapes.RequireSame(queryKeyValue, queryKeyValueGradient);
        var arguments = AttentionArguments(queryKeyValue, starts, heads, dropout, logSumExp, context);
        arguments.ContextGradient = Pointer(contextGradient);
        arguments.ContextGradientStride = contextGradient.Stride;
        arguments.Gradient = Pointer(queryKeyValueGradient);
        arguments.GradientStride = queryKeyValueGradient.Stride;
        scratch.Reserve(Attention<V, S>.BackwardFloats(longest, arguments.HeadSize));
        arguments.Own = scratch.Own;
        pool.Run((starts.Count - 1) * heads, &Attention<V, S>.Backward, &arguments);
    }

    private static Attention<V, S>.Arguments AttentionArguments(
        Matrix queryKeyValue, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var hidden = context.Columns;
        Shapes.Require(queryKeyValue.Columns == 3 * hidden && queryKeyValue.Rows == context.Rows, "queries, keys and values are [T, 3H], the context [T, H]");
        Shapes.Require(hidden % heads == 0, "the heads share the features evenly");
        Shapes.Require(logSumExp.IsNone || (logSumExp.Rows == heads && logSumExp.Columns == context.Rows), "the softmax statistics are [heads, T]");
        return new Attention<V, S>.Arguments
        {
            QueryKeyValue = Pointer(queryKeyValue), Stride = queryKeyValue.Stride,
            Starts = Pointer(starts), Heads = heads, HeadSize = hidden / heads, Hidden = hidden,
            Scale = (float)(1 / Math.Sqrt(hidden / heads)), Dropout = dropout,
            LogSumExp = Pointer(logSumExp), LogSumExpStride = logSumExp.Stride,
            Context = Pointer(context), ContextStride = context.Stride,
        };
    }
}
