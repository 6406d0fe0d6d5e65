namespace Beret.Numerics.Reference;

/// <content>The sum of a token's embeddings, and the gradients of the tables (Devlin et al. 2019, figure 2).</content>
internal sealed partial class ReferenceBackend
{
    public void EmbeddingLayerNorm(
        Matrix word, Matrix position, Matrix type, Indices ids, Indices positions, Indices types,
        Matrix gamma, Matrix beta, float epsilon, Matrix sum, Matrix statistics, Matrix output)
    {
        var (tokens, width) = (ids.Count, word.Columns);
        var total = gamma.IsNone ? output : sum;
        Expect(total, tokens, width);
        for (var t = 0; t < tokens; t++)
        {
            var w = Row(word, Values(ids)[t]);
            var p = position.IsNone ? [] : Row(position, Values(positions)[t]);
            var s = type.IsNone ? [] : Row(type, Values(types)[t]);
            var x = Row(total, t);
            for (var c = 0; c < width; c++)
            {
                x[c] = (float)((double)w[c] + (p.IsEmpty ? 0 : p[c]) + (s.IsEmpty ? 0 : s[c]));
            }
        }

        if (!gamma.IsNone)
        {
            LayerNorm(sum, gamma, beta, epsilon, statistics, output);
        }
    }

    public void ScatterAddRows(Matrix rows, Indices indices, Matrix table)
    {
        Expect(rows, indices.Count, table.Columns);
        var to = Values(indices);
        for (var t = 0; t < to.Length; t++)
        {
            AddTo(Row(table, to[t]), Row(rows, t));
        }
    }

    public void SumRowGroups(Matrix rows, Indices order, Indices groups, Matrix output)
    {
        Expect(output, groups.Count - 1, rows.Columns);
        var from = Values(order);
        var bounds = Values(groups);
        for (var g = 0; g < output.Rows; g++)
        {
            var sum = Row(output, g);
            sum.Clear();
            for (var i = bounds[g]; i < bounds[g + 1]; i++)
            {
                AddTo(sum, Row(rows, from[i]));
            }
        }
    }
}
