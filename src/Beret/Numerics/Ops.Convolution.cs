namespace Beret.Numerics;

/// <content>A convolution along the positions of each sequence: <see cref="Unfold"/>, then a dense layer.</content>
internal sealed partial class Ops
{
    /// <summary>The neighbourhood of each token, zero beyond the sequence: [T, H] → [T, H · kernel], a feature's neighbours side by side.</summary>
    public Value Unfold(Value input, in BatchIndices batch, int kernel)
    {
        var mark = arena.Mark;
        var output = Track(arena.Take(input.Data.Rows, input.Data.Columns * kernel));
        backend.Unfold(input.Data, batch.Starts, batch.Positions, kernel, output.Data);
        tape?.Add(new Record { Operation = Operation.Unfold, Input = input, Output = output, Batch = batch, Kernel = kernel, Mark = mark });
        return output;
    }

    /// <summary>activation(x), in place: for an activation that does not follow a sum at once.</summary>
    public Value Activate(Value value, Activation activation)
    {
        var mark = arena.Mark;
        var derivative = tape is null ? Matrix.None : arena.Take(value.Data.Rows, value.Data.Columns);
        backend.Activate(value.Data, activation, derivative);
        tape?.Add(new Record { Operation = Operation.Activate, Output = value, Saved = derivative, Mark = mark });
        return value;
    }
}
