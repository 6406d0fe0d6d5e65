namespace Beret.Numerics;

/// <content>Attention whose scores depend on the distance between query and key.</content>
internal sealed partial class Ops
{
    /// <summary>Attention with terms by distance within each sequence: queries, keys and values [T, 3H] → [T, H].</summary>
    public Value RelativeAttention(Value queryKeyValue, in RelativeTerms terms, in BatchIndices batch, int heads, double dropoutRate)
    {
        Observe(queryKeyValue, batch);
        var mark = arena.Mark;
        var tokens = queryKeyValue.Data.Rows;
        var dropout = NextDropout(dropoutRate);
        var logSumExp = tape is null ? Matrix.None : arena.Take(heads, tokens);
        var output = Track(arena.Take(tokens, queryKeyValue.Data.Columns / 3));
        backend.RelativeAttention(queryKeyValue.Data, terms.Scores(batch.Positions), batch.Starts, heads, dropout, logSumExp, output.Data);
        tape?.Add(new Record
        {
            Operation = Operation.RelativeAttention, Input = queryKeyValue, Output = output, Saved = logSumExp, Batch = batch, Heads = heads,
            Relative = terms, Dropout = dropout, Mark = mark,
        });
        return output;
    }

    private void RelativeAttentionGradient(ref Record record, Matrix gradient)
    {
        var terms = record.Relative;
        var target = OnlyTarget(record.Input);
        var keys = terms.Keys is { } k ? OnlyTarget(k) : Matrix.None;
        var queries = terms.Queries is { } q ? OnlyTarget(q) : Matrix.None;
        backend.RelativeAttentionGradient(
            record.Input.Data, terms.Scores(record.Batch.Positions), record.Batch.Starts, record.Heads, record.Dropout, record.Saved, record.Output.Data,
            gradient, target, keys, queries, terms.Bias?.Gradient ?? Matrix.None);
        Done(record.Output, gradient);
    }
}
