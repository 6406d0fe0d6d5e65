namespace Beret.Numerics.Reference;

/// <content>
/// Attention with scores by distance (<see cref="RelativeScores"/>), one score at a time. Dropout is keyed by positions: the query's from the sequence's first row on,
/// the key's from the sequence's first position on, which are the row and the place where no position is left out.
/// </content>
internal sealed partial class ReferenceBackend
{
    public void RelativeAttention(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var (tokens, hidden) = (queryKeyValue.Rows, queryKeyValue.Columns / 3);
        ExpectRelative(queryKeyValue, relative, starts, heads);
        Expect(context, tokens, hidden);
        if (!logSumExp.IsNone)
        {
            Expect(logSumExp, heads, tokens);
        }

        foreach (var (first, length) in Sequences(starts))
        {
            var places = Places(relative, first, length);
            for (var head = 0; head < heads; head++)
            {
                var (_, _, value) = Head(queryKeyValue.RowRange(first, length), heads, head);
                var output = context.RowRange(first, length).ColumnRange(head * value.Columns, value.Columns);
                for (var i = 0; i < length; i++)
                {
                    var (probabilities, denominator) = RelativeSoftmax(queryKeyValue.RowRange(first, length), relative, places, heads, head, i);
                    if (!logSumExp.IsNone)
                    {
                        Row(logSumExp, head)[first + i] = (float)denominator;
                    }

                    var sum = new double[value.Columns];
                    for (var j = 0; j < length; j++)
                    {
                        AddScaled(sum, probabilities[j] * Mask(dropout, head, first + places[i], places[j]), Row(value, j));
                    }

                    Store(sum, Row(output, i), accumulate: false);
                }
            }
        }
    }

    // As AttentionGradient, with s the gradient of a score before the scale: dq += s (k + Keys[r]), dk += s (q + Queries[r]),
    // dKeys[r] += s q, dQueries[r] += s k, dBias[r] += s / scale.
    public void RelativeAttentionGradient(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix keysGradient, Matrix queriesGradient, Matrix biasGradient)
    {
        ExpectRelative(queryKeyValue, relative, starts, heads);
        Expect(logSumExp, heads, queryKeyValue.Rows);
        Expect(contextGradient, context.Rows, context.Columns);
        Expect(queryKeyValueGradient, queryKeyValue.Rows, queryKeyValue.Columns);
        var size = context.Columns / heads;
        for (var head = 0; head < heads; head++)
        {
            var keyTable = HeadOf(relative.Keys, head, size);
            var queryTable = HeadOf(relative.Queries, head, size);
            var (keyTableSums, queryTableSums) = (new double[relative.TableRows * size], new double[relative.TableRows * size]);
            var biasSums = new double[relative.TableRows];
            foreach (var (first, length) in Sequences(starts))
            {
                var places = Places(relative, first, length);
                var rows = queryKeyValue.RowRange(first, length);
                var (query, key, value) = Head(rows, heads, head);
                var outputGradient = contextGradient.RowRange(first, length).ColumnRange(head * size, size);
                var (querySums, keySums, valueSums) = (new double[length * size], new double[length * size], new double[length * size]);
                for (var i = 0; i < length; i++)
                {
                    var (probabilities, _) = RelativeSoftmax(rows, relative, places, heads, head, i);
                    var gradient = Row(outputGradient, i);
                    var probabilityGradient = new double[length];
                    double weighted = 0;
                    for (var j = 0; j < length; j++)
                    {
                        var mask = Mask(dropout, head, first + places[i], places[j]);
                        AddScaled(valueSums.AsSpan(j * size, size), probabilities[j] * mask, gradient);
                        probabilityGradient[j] = Dot(gradient, Row(value, j)) * mask;
                        weighted += probabilities[j] * probabilityGradient[j];
                    }

                    var querySum = querySums.AsSpan(i * size, size);
                    for (var j = 0; j < length; j++)
                    {
                        var slope = probabilities[j] * (probabilityGradient[j] - weighted);
                        var score = slope * relative.Scale;
                        var row = Values(relative.Rows)[places[i] - places[j] + relative.Span - 1];
                        AddScaled(querySum, score, Row(key, j));
                        AddScaled(keySums.AsSpan(j * size, size), score, Row(query, i));
                        if (!relative.Bias.IsNone)
                        {
                            biasSums[row] += slope;
                        }

                        if (!keyTable.IsNone)
                        {
                            AddScaled(querySum, score, Row(keyTable, row));
                            AddScaled(keyTableSums.AsSpan(row * size, size), score, Row(query, i));
                        }

                        if (!queryTable.IsNone)
                        {
                            AddScaled(keySums.AsSpan(j * size, size), score, Row(queryTable, row));
                            AddScaled(queryTableSums.AsSpan(row * size, size), score, Row(key, j));
                        }
                    }
                }

                var (queryGradient, keyGradient, valueGradient) = Head(queryKeyValueGradient.RowRange(first, length), heads, head);
                StoreRows(querySums, queryGradient);
                StoreRows(keySums, keyGradient);
                StoreRows(valueSums, valueGradient);
            }

            StoreRows(keyTableSums, HeadOf(keysGradient, head, size));
            StoreRows(queryTableSums, HeadOf(queriesGradient, head, size));
            for (var r = 0; r < biasGradient.Rows; r++)
            {
                Row(biasGradient, r)[head] += (float)biasSums[r];
            }
        }
    }

    /// <summary>The attention probabilities of one sequence, as <see cref="AttentionProbabilities"/> gives them.</summary>
    public static float[] RelativeAttentionProbabilities(Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, int sequence)
    {
        var (first, length) = (Values(starts)[sequence], Values(starts)[sequence + 1] - Values(starts)[sequence]);
        var places = Places(relative, first, length);
        var result = new float[heads * length * length];
        for (var head = 0; head < heads; head++)
        {
            for (var i = 0; i < length; i++)
            {
                var (probabilities, _) = RelativeSoftmax(queryKeyValue.RowRange(first, length), relative, places, heads, head, i);
                Store(probabilities, result.AsSpan((head * length + i) * length, length), accumulate: false);
            }
        }

        return result;
    }

    private static (double[] Probabilities, double LogSumExp) RelativeSoftmax(
        Matrix queryKeyValue, in RelativeScores relative, int[] places, int heads, int head, int i)
    {
        var (query, key, _) = Head(queryKeyValue, heads, head);
        var keyTable = HeadOf(relative.Keys, head, query.Columns);
        var queryTable = HeadOf(relative.Queries, head, query.Columns);
        var scores = new double[places.Length];
        for (var j = 0; j < scores.Length; j++)
        {
            var row = Values(relative.Rows)[places[i] - places[j] + relative.Span - 1];
            var sum = Dot(Row(query, i), Row(key, j));
            sum += keyTable.IsNone ? 0 : Dot(Row(query, i), Row(keyTable, row));
            sum += queryTable.IsNone ? 0 : Dot(Row(key, j), Row(queryTable, row));
            scores[j] = sum * relative.Scale + (relative.Bias.IsNone ? 0 : Row(relative.Bias, row)[head]);
        }

        var logSumExp = LogSumExp(scores);
        for (var j = 0; j < scores.Length; j++)
        {
            scores[j] = Math.Exp(scores[j] - logSumExp);
        }

        return (scores, logSumExp);
    }

    /// <summary>The positions of a sequence from its first on.</summary>
    private static int[] Places(in RelativeScores relative, int first, int length)
    {
        var positions = Values(relative.Positions).Slice(first, length);
        var places = new int[length];
        for (var i = 0; i < length; i++)
        {
            places[i] = positions[i] - positions[0];
            if (places[i] >= relative.Span || (i > 0 && places[i] <= places[i - 1]))
            {
                throw new ArgumentException($"position {positions[i]} of a sequence from position {positions[0]} on, with a span of {relative.Span}", nameof(relative));
            }
        }

        return places;
    }

    private static Matrix HeadOf(Matrix table, int head, int size) => table.IsNone ? table : table.ColumnRange(head * size, size);

    private static void StoreRows(double[] sums, Matrix matrix)
    {
        for (var r = 0; r < matrix.Rows; r++)
        {
            Store(sums.AsSpan(r * matrix.Columns, matrix.Columns), Row(matrix, r), accumulate: false);
        }
    }

    private static void ExpectRelative(Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads)
    {
        ExpectSequences(queryKeyValue, starts, queryKeyValue.Rows, heads);
        Expect(relative.Positions, queryKeyValue.Rows);
        Expect(relative.Rows, 2 * relative.Span - 1);
        foreach (var (table, columns) in new[] { (relative.Keys, queryKeyValue.Columns / 3), (relative.Queries, queryKeyValue.Columns / 3), (relative.Bias, heads) })
        {
            if (!table.IsNone)
            {
                Expect(table, relative.TableRows, columns);
            }
        }
    }
}
