using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void TalkingHeadsAttention(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var arguments = TalkingHeadsArguments(queryKeyValue, preSoftmax, postSoftmax, starts, dropout, logSumExp, context.Columns);
        Shapes.Require(queryKeyValue.Rows == context.Rows, "queries, keys and values are [T, 3H], the context [T, H]");
        arguments.Context = Pointer(context);
        arguments.ContextStride = context.Stride;
        arguments.TasksOfSequence = TalkingHeads<V, S>.ForwardTasks(longest);
        scratch.Reserve(TalkingHeads<V, S>.ForwardFloats(longest, arguments.Heads, arguments.HeadSize));
        arguments.Own = scratch.Own;
        pool.Run((starts.Count - 1) * arguments.TasksOfSequence, &TalkingHeads<V, S>.Forward, &arguments);
    }

    public void TalkingHeadsAttentionGradient(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix preSoftmaxGradient, Matrix postSoftmaxGradient)
    {
        var arguments = TalkingHeadsArguments(queryKeyValue, preSoftmax, postSoftmax, starts, dropout, logSumExp, contextGradient.Columns);
        Shapes.Require(queryKeyValue.Rows == contextGradient.Rows, "queries, keys and values are [T, 3H], the context's gradient [T, H]");
        Shapes.RequireSame(queryKeyValue, queryKeyValueGradient);
        Shapes.RequireSame(preSoftmax, preSoftmaxGradient);
        Shapes.RequireSame(postSoftmax, postSoftmaxGradient);
        arguments.ContextGradient = Pointer(contextGradient);
        arguments.ContextGradientStride = contextGradient.Stride;
        arguments.Gradient = Pointer(queryKeyValueGradient);
        arguments.GradientStride = queryKeyValueGradient.Stride;
        var (heads, sequences) = (arguments.Heads, starts.Count - 1);
        arguments.MixingGradients = scratch.Shared(2L * sequences * heads * heads);
        scratch.Reserve(TalkingHeads<V, S>.BackwardFloats(longest, heads, arguments.HeadSize));
        arguments.Own = scratch.Own;
        pool.Run(sequences, &TalkingHeads<V, S>.Backward, &arguments);

        // The sequences' parts are added in their order.
        for (var sequence = 0; sequence < sequences; sequence++)
        {
            var part = arguments.MixingGradients + 2L * sequence * heads * heads;
            Elementwise<V, S>.Add(Pointer(preSoftmaxGradient), part, heads * heads);
            Elementwise<V, S>.Add(Pointer(postSoftmaxGradient), part + heads * heads, heads * heads);
        }
    }

    private static TalkingHeads<V, S>.Arguments TalkingHeadsArguments(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, Dropout dropout, Matrix logSumExp, int hidden)
    {
        var heads = preSoftmax.Rows;
        Shapes.RequireSame(preSoftmax, postSoftmax);
        Shapes.Require(preSoftmax.Columns == heads && preSoftmax.IsContiguous && postSoftmax.IsContiguous, "the mixing matrices are [heads, heads] without gaps");
        Shapes.Require(queryKeyValue.Columns == 3 * hidden, "queries, keys and values are [T, 3H]");
        Shapes.Require(hidden % heads == 0, "the heads share the features evenly");
        Shapes.Require(logSumExp.IsNone || (logSumExp.Rows == heads && logSumExp.Columns == queryKeyValue.Rows), "the softmax statistics are [heads, T]");
        return new TalkingHeads<V, S>.Arguments
        {
            QueryKeyValue = Pointer(queryKeyValue), Stride = queryKeyValue.Stride,
            PreSoftmax = Pointer(preSoftmax), PostSoftmax = Pointer(postSoftmax),
            Starts = Pointer(starts), Heads = heads, HeadSize = hidden / heads, Hidden = hidden,
            Scale = (float)(1 / Math.Sqrt(hidden / heads)), Dropout = dropout,
            LogSumExp = Pointer(logSumExp), LogSumExpStride = logSumExp.Stride,
        };
    }
}
