namespace Beret.Numerics.Reference;

/// <content>
/// Talking-heads attention (Shazeer et al. 2020, §3), one sequence and one query at a time, with the rows of all heads at hand: for head a, S[a] = Q[a] K[a]ᵀ / √D.
/// W is the mixing before the softmax, Z the one after it, M the dropout mask with its scale:
/// S′[b] = Σ_a S[a] W[a,b], P[b] = softmax(S′[b]), P′[c] = Σ_b P[b] Z[b,c], O[c] = (P′[c]∘M[c]) V[c].
/// </content>
internal sealed partial class ReferenceBackend
{
    public void TalkingHeadsAttention(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var (tokens, hidden, heads) = (queryKeyValue.Rows, queryKeyValue.Columns / 3, preSoftmax.Rows);
        ExpectSequences(queryKeyValue, starts, longest, heads);
        ExpectMixing(preSoftmax, postSoftmax, heads);
        Expect(context, tokens, hidden);
        if (!logSumExp.IsNone)
        {
            Expect(logSumExp, heads, tokens);
        }

        foreach (var (first, length) in Sequences(starts))
        {
            var sequence = queryKeyValue.RowRange(first, length);
            for (var i = 0; i < length; i++)
            {
                var (_, probabilities, denominators) = TalkingSoftmax(sequence, preSoftmax, i);
                var weights = Mix(probabilities, postSoftmax, transposed: false);
                for (var head = 0; head < heads; head++)
                {
                    if (!logSumExp.IsNone)
                    {
                        Row(logSumExp, head)[first + i] = (float)denominators[head];
                    }

                    var (_, _, value) = Head(sequence, heads, head);
                    var sum = new double[value.Columns];
                    for (var j = 0; j < length; j++)
                    {
                        AddScaled(sum, weights[head][j] * Mask(dropout, head, first + i, j), Row(value, j));
                    }

                    Store(sum, Row(context.ColumnRange(head * value.Columns, value.Columns), first + i), accumulate: false);
                }
            }
        }
    }

    // dV[c] = (P′∘M)ᵀ dO,  dP′[c] = (dO Vᵀ)∘M,  dZ[b,c] = Σ P[b]∘dP′[c],  dP[b] = Σ_c Z[b,c] dP′[c],  dS′[b] = P∘(dP − Σⱼ P∘dP),
    // dW[a,b] = Σ S[a]∘dS′[b],  dS[a] = Σ_b W[a,b] dS′[b],  dQ = dS K / √D,  dK = dSᵀ Q / √D.
    // logSumExp is not needed here: everything is computed anew.
    public void TalkingHeadsAttentionGradient(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix preSoftmaxGradient, Matrix postSoftmaxGradient)
    {
        var (tokens, hidden, heads) = (queryKeyValue.Rows, queryKeyValue.Columns / 3, preSoftmax.Rows);
        ExpectSequences(queryKeyValue, starts, longest, heads);
        ExpectMixing(preSoftmax, postSoftmax, heads);
        ExpectMixing(preSoftmaxGradient, postSoftmaxGradient, heads);
        Expect(logSumExp, heads, tokens);
        Expect(contextGradient, tokens, hidden);
        Expect(queryKeyValueGradient, tokens, 3 * hidden);

        var size = hidden / heads;
        var (preSums, postSums) = (new double[heads * heads], new double[heads * heads]);
        foreach (var (first, length) in Sequences(starts))
        {
            var sequence = queryKeyValue.RowRange(first, length);
            var sums = new double[length * 3 * hidden];
            for (var i = 0; i < length; i++)
            {
                var (scores, probabilities, _) = TalkingSoftmax(sequence, preSoftmax, i);
                var weights = Mix(probabilities, postSoftmax, transposed: false);
                var weightGradients = new double[heads][];
                for (var head = 0; head < heads; head++)
                {
                    var (_, _, value) = Head(sequence, heads, head);
                    var gradient = Row(contextGradient.ColumnRange(head * size, size), first + i);
                    weightGradients[head] = new double[length];
                    for (var j = 0; j < length; j++)
                    {
                        var mask = Mask(dropout, head, first + i, j);
                        AddScaled(sums.AsSpan(j * 3 * hidden + 2 * hidden + head * size, size), weights[head][j] * mask, gradient);
                        weightGradients[head][j] = Dot(gradient, Row(value, j)) * mask;
                    }
                }

                AddProducts(postSums, probabilities, weightGradients);
                var scoreGradients = Mix(weightGradients, postSoftmax, transposed: true);
                for (var head = 0; head < heads; head++)
                {
                    var (p, dp) = (probabilities[head], scoreGradients[head]);
                    var weighted = p.Zip(dp, (a, b) => a * b).Sum();
                    for (var j = 0; j < length; j++)
                    {
                        dp[j] = p[j] * (dp[j] - weighted);
                    }
                }

                AddProducts(preSums, scores, scoreGradients);
                var rawGradients = Mix(scoreGradients, preSoftmax, transposed: true);
                for (var head = 0; head < heads; head++)
                {
                    var (query, key, _) = Head(sequence, heads, head);
                    for (var j = 0; j < length; j++)
                    {
                        var score = rawGradients[head][j] / Math.Sqrt(size);
                        AddScaled(sums.AsSpan(i * 3 * hidden + head * size, size), score, Row(key, j));
                        AddScaled(sums.AsSpan(j * 3 * hidden + hidden + head * size, size), score, Row(query, i));
                    }
                }
            }

            for (var j = 0; j < length; j++)
            {
                Store(sums.AsSpan(j * 3 * hidden, 3 * hidden), Row(queryKeyValueGradient, first + j), accumulate: false);
            }
        }

        for (var a = 0; a < heads; a++)
        {
            Store(preSums.AsSpan(a * heads, heads), Row(preSoftmaxGradient, a), accumulate: true);
            Store(postSums.AsSpan(a * heads, heads), Row(postSoftmaxGradient, a), accumulate: true);
        }
    }

    /// <summary>One query's scores, the softmax of their mixture, and the logarithms of its denominators; by head and key.</summary>
    private static (double[][] Scores, double[][] Probabilities, double[] LogSumExp) TalkingSoftmax(Matrix sequence, Matrix preSoftmax, int i)
    {
        var heads = preSoftmax.Rows;
        var scores = new double[heads][];
        for (var head = 0; head < heads; head++)
        {
            var (query, key, _) = Head(sequence, heads, head);
            scores[head] = new double[key.Rows];
            for (var j = 0; j < key.Rows; j++)
            {
                scores[head][j] = Dot(Row(query, i), Row(key, j)) / Math.Sqrt(query.Columns);
            }
        }

        var mixed = Mix(scores, preSoftmax, transposed: false);
        var logSumExp = new double[heads];
        for (var head = 0; head < heads; head++)
        {
            logSumExp[head] = LogSumExp(mixed[head]);
            for (var j = 0; j < mixed[head].Length; j++)
            {
                mixed[head][j] = Math.Exp(mixed[head][j] - logSumExp[head]);
            }
        }

        return (scores, mixed, logSumExp);
    }

    /// <summary>to[b] = Σ_a from[a] · matrix[a, b], or of its transpose.</summary>
    private static double[][] Mix(double[][] from, Matrix matrix, bool transposed)
    {
        var to = new double[from.Length][];
        for (var b = 0; b < to.Length; b++)
        {
            to[b] = new double[from[b].Length];
            for (var a = 0; a < from.Length; a++)
            {
                var weight = transposed ? Row(matrix, b)[a] : Row(matrix, a)[b];
                for (var j = 0; j < to[b].Length; j++)
                {
                    to[b][j] += weight * from[a][j];
                }
            }
        }

        return to;
    }

    /// <summary>sums[a, b] += Σⱼ x[a][j] · y[b][j].</summary>
    private static void AddProducts(double[] sums, double[][] x, double[][] y)
    {
        for (var a = 0; a < x.Length; a++)
        {
            for (var b = 0; b < y.Length; b++)
            {
                for (var j = 0; j < x[a].Length; j++)
                {
                    sums[a * x.Length + b] += x[a][j] * y[b][j];
                }
            }
        }
    }

    private static void ExpectMixing(Matrix preSoftmax, Matrix postSoftmax, int heads)
    {
        Expect(preSoftmax, heads, heads);
        Expect(postSoftmax, heads, heads);
    }
}
