namespace Beret.Numerics;

/// <content>Attention within each sequence, with rotary positions before it, or with heads that talk to each other.</content>
internal sealed partial class Ops
{
    /// <summary>Multi-head attention within each sequence: queries, keys and values [T, 3H] → [T, H].</summary>
    /// <param name="queryKeyValue">[T, 3H].</param>
    /// <param name="batch">The sequences.</param>
    /// <param name="heads">Among which the features are shared.</param>
    /// <param name="dropoutRate">Of the probabilities.</param>
    /// <param name="reach">How many positions away a query sees, or null: its whole sequence.</param>
    public Value Attention(Value queryKeyValue, in BatchIndices batch, int heads, double dropoutRate, int? reach = null)
    {
        Observe(queryKeyValue, batch);
        var mark = arena.Mark;
        var tokens = queryKeyValue.Data.Rows;
        var dropout = NextDropout(dropoutRate);
        var window = reach is { } distance ? new Window(batch.Positions, distance) : Window.None;
        var logSumExp = tape is null ? Matrix.None : arena.Take(heads, tokens);
        var output = Track(arena.Take(tokens, queryKeyValue.Data.Columns / 3));
        backend.Attention(queryKeyValue.Data, batch.Starts, batch.Longest, heads, window, dropout, logSumExp, output.Data);
        tape?.Add(new Record
        {
            Operation = Operation.Attention, Input = queryKeyValue, Output = output, Saved = logSumExp, Batch = batch, Heads = heads,
            Window = window, Dropout = dropout, Mark = mark,
        });
        return output;
    }

    /// <summary>Turns queries and keys by the angles of their positions, in place: [T, 3H].</summary>
    public Value Rotate(Value queryKeyValue, RotaryTable table, in BatchIndices batch, int heads)
    {
        var angles = table.Upto(batch.LastPosition);
        backend.Rotate(queryKeyValue.Data, angles, batch.Positions, heads, inverse: false);
        tape?.Add(new Record { Operation = Operation.Rotate, Output = queryKeyValue, Saved = angles, Batch = batch, Heads = heads, Mark = arena.Mark });
        return queryKeyValue;
    }

    /// <summary>Attention within each sequence whose heads exchange scores and probabilities: queries, keys and values [T, 3H] → [T, H].</summary>
    public Value TalkingHeadsAttention(Value queryKeyValue, HeadMixing mixing, in BatchIndices batch, double dropoutRate)
    {
        Observe(queryKeyValue, batch);
        var mark = arena.Mark;
        var tokens = queryKeyValue.Data.Rows;
        var dropout = NextDropout(dropoutRate);
        var logSumExp = tape is null ? Matrix.None : arena.Take(mixing.PreSoftmax.Rows, tokens);
        var output = Track(arena.Take(tokens, queryKeyValue.Data.Columns / 3));
        backend.TalkingHeadsAttention(
            queryKeyValue.Data, mixing.PreSoftmax.Value, mixing.PostSoftmax.Value, batch.Starts, batch.Longest, dropout, logSumExp, output.Data);
        tape?.Add(new Record
        {
            Operation = Operation.TalkingHeadsAttention, Input = queryKeyValue, Output = output, Saved = logSumExp, Batch = batch, Mixing = mixing,
            Dropout = dropout, Mark = mark,
        });
        return output;
    }

    private void AttentionGradient(ref Record record, Matrix gradient)
    {
        backend.AttentionGradient(
            record.Input.Data, record.Batch.Starts, record.Batch.Longest, record.Heads, record.Window, record.Dropout, record.Saved,
            record.Output.Data, gradient, OnlyTarget(record.Input));
        Done(record.Output, gradient);
    }

    private void TalkingHeadsAttentionGradient(ref Record record, Matrix gradient)
    {
        var (pre, post) = record.Mixing!;
        backend.TalkingHeadsAttentionGradient(
            record.Input.Data, pre.Value, post.Value, record.Batch.Starts, record.Batch.Longest, record.Dropout, record.Saved,
            gradient, OnlyTarget(record.Input), pre.Gradient, post.Gradient);
        Done(record.Output, gradient);
    }
}
