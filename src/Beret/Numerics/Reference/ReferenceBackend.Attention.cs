namespace Beret.Numerics.Reference;

/// <content>
/// Scaled dot-product attention (Vaswani et al. 2017, equation 1), one sequence and one head at a time, with the whole row of probabilities at hand.
/// M is the dropout mask with its scale: S = Q Kᵀ / √D, P = softmax(S), O = (P∘M) V.
/// </content>
internal sealed partial class ReferenceBackend
{
    public void Attention(Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var (tokens, hidden) = (queryKeyValue.Rows, queryKeyValue.Columns / 3);
        ExpectSequences(queryKeyValue, starts, longest, heads);
        Expect(context, tokens, hidden);
        if (!logSumExp.IsNone)
        {
            Expect(logSumExp, heads, tokens);
        }

        foreach (var (first, length) in Sequences(starts))
        {
            for (var head = 0; head < heads; head++)
            {
                var (query, key, value) = Head(queryKeyValue.RowRange(first, length), heads, head);
                var output = context.RowRange(first, length).ColumnRange(head * query.Columns, query.Columns);
                for (var i = 0; i < length; i++)
                {
                    var (probabilities, denominator) = Softmax(query, key, i, window, first);
                    if (!logSumExp.IsNone)
                    {
                        Row(logSumExp, head)[first + i] = (float)denominator;
                    }

                    var sum = new double[query.Columns];
                    for (var j = 0; j < length; j++)
                    {
                        AddScaled(sum, probabilities[j] * Mask(dropout, head, first + i, j), Row(value, j));
                    }

                    Store(sum, Row(output, i), accumulate: false);
                }
            }
        }
    }

    // dV = (P∘M)ᵀ dO,  dP = (dO Vᵀ)∘M,  dS = P∘(dP − Σⱼ P∘dP),  dQ = dS K / √D,  dK = dSᵀ Q / √D.
    // logSumExp and context are not needed here: everything is computed anew.
    public void AttentionGradient(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient)
    {
        ExpectSequences(queryKeyValue, starts, longest, heads);
        Expect(logSumExp, heads, queryKeyValue.Rows);
        Expect(context, queryKeyValue.Rows, queryKeyValue.Columns / 3);
        Expect(contextGradient, queryKeyValue.Rows, queryKeyValue.Columns / 3);
        Expect(queryKeyValueGradient, queryKeyValue.Rows, queryKeyValue.Columns);

        foreach (var (first, length) in Sequences(starts))
        {
            for (var head = 0; head < heads; head++)
            {
                var (query, key, value) = Head(queryKeyValue.RowRange(first, length), heads, head);
                var (queryGradient, keyGradient, valueGradient) = Head(queryKeyValueGradient.RowRange(first, length), heads, head);
                var size = query.Columns;
                var outputGradient = contextGradient.RowRange(first, length).ColumnRange(head * size, size);
                var (keySums, valueSums) = (new double[length * size], new double[length * size]);

                for (var i = 0; i < length; i++)
                {
                    var (probabilities, _) = Softmax(query, key, i, window, first);
                    var gradient = Row(outputGradient, i);
                    var probabilityGradient = new double[length];
                    double weighted = 0;
                    for (var j = 0; j < length; j++)
                    {
                        var mask = Mask(dropout, head, first + i, j);
                        AddScaled(valueSums.AsSpan(j * size, size), probabilities[j] * mask, gradient);
                        probabilityGradient[j] = Dot(gradient, Row(value, j)) * mask;
                        weighted += probabilities[j] * probabilityGradient[j];
                    }

                    var querySum = new double[size];
                    for (var j = 0; j < length; j++)
                    {
                        var score = probabilities[j] * (probabilityGradient[j] - weighted) / Math.Sqrt(size);
                        AddScaled(querySum, score, Row(key, j));
                        AddScaled(keySums.AsSpan(j * size, size), score, Row(query, i));
                    }

                    Store(querySum, Row(queryGradient, i), accumulate: false);
                }

                for (var j = 0; j < length; j++)
                {
                    Store(keySums.AsSpan(j * size, size), Row(keyGradient, j), accumulate: false);
                    Store(valueSums.AsSpan(j * size, size), Row(valueGradient, j), accumulate: false);
                }
            }
        }
    }

    /// <summary>
    /// The attention probabilities of one sequence, before dropout: heads · L · L numbers in the order [head, query, key], L the sequence's length.
    /// Not on the seam: fast kernels never hold them.
    /// </summary>
    /// <param name="queryKeyValue">[T, 3H], as <see cref="Attention"/> takes it.</param>
    /// <param name="sequence">The number of the sequence in the batch.</param>
    public static float[] AttentionProbabilities(Matrix queryKeyValue, Indices starts, int heads, Window window, int sequence)
    {
        var (first, length) = (Values(starts)[sequence], Values(starts)[sequence + 1] - Values(starts)[sequence]);
        var result = new float[heads * length * length];
        for (var head = 0; head < heads; head++)
        {
            var (query, key, _) = Head(queryKeyValue.RowRange(first, length), heads, head);
            for (var i = 0; i < length; i++)
            {
                var (probabilities, _) = Softmax(query, key, i, window, first);
                Store(probabilities, result.AsSpan((head * length + i) * length, length), accumulate: false);
            }
        }

        return result;
    }

    /// <summary>The softmax of one query's scores against the keys that it sees, and the logarithm of its denominator Σⱼ exp(sⱼ).</summary>
    private static (double[] Probabilities, double LogSumExp) Softmax(Matrix query, Matrix key, int i, Window window, int first)
    {
        var scores = new double[key.Rows];
        for (var j = 0; j < scores.Length; j++)
        {
            scores[j] = Sees(window, first + i, first + j) ? Dot(Row(query, i), Row(key, j)) / Math.Sqrt(query.Columns) : double.NegativeInfinity;
        }

        var logSumExp = LogSumExp(scores);
        for (var j = 0; j < scores.Length; j++)
        {
            scores[j] = Math.Exp(scores[j] - logSumExp);
        }

        return (scores, logSumExp);
    }

    private static bool Sees(Window window, int queryRow, int keyRow) =>
        window.IsNone || Math.Abs(Values(window.Positions)[queryRow] - Values(window.Positions)[keyRow]) <= window.Reach;

    /// <summary>log Σ exp(x), with the largest taken out so that nothing overflows.</summary>
    private static double LogSumExp(ReadOnlySpan<double> values)
    {
        var largest = double.NegativeInfinity;
        foreach (var value in values)
        {
            largest = Math.Max(largest, value);
        }

        double sum = 0;
        foreach (var value in values)
        {
            sum += Math.Exp(value - largest);
        }

        return largest + Math.Log(sum);
    }

    private static double Mask(Dropout dropout, int head, int queryRow, int key) =>
        !dropout.IsActive ? 1 : dropout.Keeps(head, queryRow, key) ? dropout.Scale : 0;

    private static (Matrix Query, Matrix Key, Matrix Value) Head(Matrix queryKeyValue, int heads, int head)
    {
        var hidden = queryKeyValue.Columns / 3;
        var size = hidden / heads;
        return (
            queryKeyValue.ColumnRange(head * size, size),
            queryKeyValue.ColumnRange(hidden + head * size, size),
            queryKeyValue.ColumnRange(2 * hidden + head * size, size));
    }

    private static IEnumerable<(int First, int Length)> Sequences(Indices starts)
    {
        for (var b = 0; b + 1 < starts.Count; b++)
        {
            yield return (Values(starts)[b], Values(starts)[b + 1] - Values(starts)[b]);
        }
    }

    private static void ExpectSequences(Matrix queryKeyValue, Indices starts, int longest, int heads)
    {
        if (heads <= 0 || queryKeyValue.Columns % (3 * heads) != 0)
        {
            throw new ArgumentException($"{queryKeyValue} does not divide into queries, keys and values of {heads} heads", nameof(heads));
        }

        var end = 0;
        foreach (var (first, length) in Sequences(starts))
        {
            if (first != end || length < 0 || length > longest)
            {
                throw new ArgumentException(
                    $"a sequence has the rows {first} to {first + length}, after {end} rows and with {longest} as the longest", nameof(starts));
            }

            end = first + length;
        }

        if (end != queryKeyValue.Rows)
        {
            throw new ArgumentException($"the sequences have {end} rows, the batch {queryKeyValue.Rows}", nameof(starts));
        }
    }
}
