namespace Beret.Numerics;

/// <content>The residual stream and its normalisation, after a sub-block or before the next (Xiong et al., "On Layer Normalization in the Transformer Architecture", 2020).</content>
internal sealed partial class Ops
{
    /// <summary>LayerNorm(residual + dropout(branch)). The branch's memory is used up.</summary>
    public Value ResidualNorm(Value residual, Value branch, LayerNorm norm, double dropoutRate)
    {
        if (tape is not null)
        {
            return AddNorm(residual, branch, norm, dropoutRate).Normal;
        }

        // Nobody reads the sum again, so the norm takes its place: less memory passes through the caches.
        var statistics = arena.Take(branch.Data.Rows, 2);
        backend.ResidualLayerNorm(
            residual.Data, branch.Data, NextDropout(dropoutRate), norm.Gamma.Value, norm.BetaValue, norm.Epsilon, statistics, branch.Data);
        return branch;
    }

    /// <summary>
    /// From one pre-norm sub-block to the next: sum = residual + dropout(branch), which goes on as the residual, and LayerNorm(sum), which the next sub-block reads.
    /// The branch's memory is used up. The normalised value has to be read; the sum may be.
    /// </summary>
    public (Value Sum, Value Normal) AddNorm(Value residual, Value branch, LayerNorm norm, double dropoutRate)
    {
        var mark = arena.Mark;
        var dropout = NextDropout(dropoutRate);
        var statistics = arena.Take(branch.Data.Rows, 2);
        var sum = Track(branch.Data);
        var output = Track(arena.Take(branch.Data.Rows, branch.Data.Columns));
        backend.ResidualLayerNorm(
            residual.Data, branch.Data, dropout, norm.Gamma.Value, norm.BetaValue, norm.Epsilon, statistics, output.Data);
        tape?.Add(new Record
        {
            Operation = Operation.ResidualNorm, Input = residual, Branch = branch, Sum = sum, Output = output, Statistics = statistics,
            Norm = norm, Dropout = dropout, Mark = mark,
        });
        return (sum, output);
    }

    /// <summary>LayerNorm(x).</summary>
    public Value Norm(Value input, LayerNorm norm)
    {
        var mark = arena.Mark;
        var statistics = arena.Take(input.Data.Rows, 2);
        var output = Track(arena.Take(input.Data.Rows, input.Data.Columns));
        backend.ResidualLayerNorm(
            Matrix.None, input.Data, Numerics.Dropout.None, norm.Gamma.Value, norm.BetaValue, norm.Epsilon, statistics, output.Data);
        tape?.Add(new Record { Operation = Operation.Norm, Input = input, Output = output, Statistics = statistics, Norm = norm, Mark = mark });
        return output;
    }

    /// <summary>What reaches the sum as the next residual, if it is one, and what reaches it through the norm go to both summands.</summary>
    private void ResidualNormGradient(ref Record record, Matrix gradient)
    {
        var norm = record.Norm!;
        var skip = tape!.Gradient(record.Sum);
        var target = Target(record.Input, out var accumulate);
        backend.LayerNormGradient(
            gradient, record.Sum.Data, record.Statistics, norm.Gamma.Value, norm.Gamma.Gradient, norm.BetaGradient,
            skip, target, accumulate, OnlyTarget(record.Branch), record.Dropout);
        Done(record.Output, gradient);
        if (!skip.IsNone)
        {
            Done(record.Sum, skip);
        }
    }

    private void NormGradient(ref Record record, Matrix gradient)
    {
        var norm = record.Norm!;
        var target = Target(record.Input, out var accumulate);
        backend.LayerNormGradient(
            gradient, record.Input.Data, record.Statistics, norm.Gamma.Value, norm.Gamma.Gradient, norm.BetaGradient,
            Matrix.None, target, accumulate, Matrix.None, Numerics.Dropout.None);
        Done(record.Output, gradient);
    }
}
