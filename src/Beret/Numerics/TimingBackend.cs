using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Beret.Numerics;

/// <summary>What one operation of a backend has cost so far.</summary>
/// <param name="Operation">Its name in <see cref="IBackend"/>.</param>
/// <param name="Calls">How often it was called.</param>
/// <param name="Time">All calls together.</param>
/// <param name="Flops">The floating-point operations of the matrix products; 0 for other operations.</param>
internal readonly record struct OperationTime(string Operation, long Calls, TimeSpan Time, double Flops);

/// <summary>Measures how long each operation takes: the profile of a model, whatever the model. For one calling thread at a time.</summary>
internal sealed class TimingBackend(IBackend inner) : ForwardingBackend(inner)
{
    private readonly Dictionary<string, Cost> costs = [];

    /// <summary>Each operation that was called, the most expensive first.</summary>
    public IReadOnlyList<OperationTime> Times =>
    [
        .. costs
            .Where(pair => pair.Value.Calls > 0)
            .Select(pair => new OperationTime(pair.Key, pair.Value.Calls, Stopwatch.GetElapsedTime(0, pair.Value.Ticks), pair.Value.Flops))
            .OrderByDescending(time => time.Time),
    ];

    /// <summary>Begins anew.</summary>
    public void Reset()
    {
        foreach (var operation in costs.Keys)
        {
            CollectionsMarshal.GetValueRefOrNullRef(costs, operation) = default;
        }
    }

    public override void Write(ReadOnlySpan<float> values, Matrix destination)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Write(values, destination);
        Add(start);
    }

    public override void Write(ReadOnlySpan<int> values, Indices destination)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Write(values, destination);
        Add(start);
    }

    public override void Read(Matrix source, Span<float> destination)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Read(source, destination);
        Add(start);
    }

    public override void Clear(Matrix matrix)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Clear(matrix);
        Add(start);
    }

    public override void Copy(Matrix source, Matrix destination)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Copy(source, destination);
        Add(start);
    }

    public override void EmbeddingLayerNorm(
        Matrix word, Matrix position, Matrix type, Indices ids, Indices positions, Indices types,
        Matrix gamma, Matrix beta, float epsilon, Matrix sum, Matrix statistics, Matrix output)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.EmbeddingLayerNorm(word, position, type, ids, positions, types, gamma, beta, epsilon, sum, statistics, output);
        Add(start);
    }

    public override void ScatterAddRows(Matrix rows, Indices indices, Matrix table)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.ScatterAddRows(rows, indices, table);
        Add(start);
    }

    public override void SumRowGroups(Matrix rows, Indices order, Indices groups, Matrix output)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.SumRowGroups(rows, order, groups, output);
        Add(start);
    }

    public override void Linear(
        Matrix input, Matrix weight, Matrix packed, Matrix bias, Activation activation, Matrix derivative, Matrix output, ElementType arithmetic)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Linear(input, weight, packed, bias, activation, derivative, output, arithmetic);
        Add(start, 2.0 * input.Length * weight.Rows);
    }

    public override void PackWeight(Matrix weight, Matrix packed, ElementType arithmetic)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.PackWeight(weight, packed, arithmetic);
        Add(start);
    }

    public override void LinearInputGradient(Matrix outputGradient, Matrix weight, Matrix inputGradient, bool accumulate, ElementType arithmetic)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.LinearInputGradient(outputGradient, weight, inputGradient, accumulate, arithmetic);
        Add(start, 2.0 * outputGradient.Length * weight.Columns);
    }

    public override void LinearWeightGradient(
        Matrix outputGradient, Matrix input, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.LinearWeightGradient(outputGradient, input, weightGradient, biasGradient, arithmetic);
        Add(start, 2.0 * outputGradient.Length * input.Columns);
    }

    public override void MultiplyInPlace(Matrix gradient, Matrix derivative)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.MultiplyInPlace(gradient, derivative);
        Add(start);
    }

    public override void GatedActivation(Matrix input, Activation activation, Matrix output)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.GatedActivation(input, activation, output);
        Add(start);
    }

    public override void GatedActivationGradient(Matrix outputGradient, Matrix input, Activation activation, Matrix inputGradient)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.GatedActivationGradient(outputGradient, input, activation, inputGradient);
        Add(start);
    }

    public override void Activate(Matrix matrix, Activation activation, Matrix derivative)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Activate(matrix, activation, derivative);
        Add(start);
    }

    public override void Unfold(Matrix input, Indices starts, Indices positions, int kernel, Matrix output)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Unfold(input, starts, positions, kernel, output);
        Add(start);
    }

    public override void UnfoldGradient(Matrix outputGradient, Indices starts, Indices positions, int kernel, Matrix inputGradient, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.UnfoldGradient(outputGradient, starts, positions, kernel, inputGradient, accumulate);
        Add(start);
    }

    public override void Attention(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Attention(queryKeyValue, starts, longest, heads, window, dropout, logSumExp, context);
        Add(start);
    }

    public override void AttentionGradient(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.AttentionGradient(queryKeyValue, starts, longest, heads, window, dropout, logSumExp, context, contextGradient, queryKeyValueGradient);
        Add(start);
    }

    public override void Rotate(Matrix queryKeyValue, Matrix table, Indices positions, int heads, bool inverse)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Rotate(queryKeyValue, table, positions, heads, inverse);
        Add(start);
    }

    public override void RelativeAttention(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.RelativeAttention(queryKeyValue, relative, starts, heads, dropout, logSumExp, context);
        Add(start);
    }

    public override void RelativeAttentionGradient(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix keysGradient, Matrix queriesGradient, Matrix biasGradient)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.RelativeAttentionGradient(
            queryKeyValue, relative, starts, heads, dropout, logSumExp, context, contextGradient, queryKeyValueGradient, keysGradient, queriesGradient, biasGradient);
        Add(start);
    }

    public override void TalkingHeadsAttention(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.TalkingHeadsAttention(queryKeyValue, preSoftmax, postSoftmax, starts, longest, dropout, logSumExp, context);
        Add(start);
    }

    public override void TalkingHeadsAttentionGradient(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix preSoftmaxGradient, Matrix postSoftmaxGradient)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.TalkingHeadsAttentionGradient(
            queryKeyValue, preSoftmax, postSoftmax, starts, longest, dropout, logSumExp,
            contextGradient, queryKeyValueGradient, preSoftmaxGradient, postSoftmaxGradient);
        Add(start);
    }

    public override void ResidualLayerNorm(
        Matrix residual, Matrix branch, Dropout dropout, Matrix gamma, Matrix beta, float epsilon, Matrix statistics, Matrix output)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.ResidualLayerNorm(residual, branch, dropout, gamma, beta, epsilon, statistics, output);
        Add(start);
    }

    public override void LayerNormGradient(
        Matrix outputGradient, Matrix sum, Matrix statistics, Matrix gamma, Matrix gammaGradient, Matrix betaGradient,
        Matrix skipGradient, Matrix sumGradient, bool accumulate, Matrix branchGradient, Dropout dropout)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.LayerNormGradient(
            outputGradient, sum, statistics, gamma, gammaGradient, betaGradient, skipGradient, sumGradient, accumulate, branchGradient, dropout);
        Add(start);
    }

    public override void ApplyDropout(Matrix matrix, Dropout dropout)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.ApplyDropout(matrix, dropout);
        Add(start);
    }

    public override void GatherRows(Matrix input, Indices rows, Matrix output)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.GatherRows(input, rows, output);
        Add(start);
    }

    public override void GatherRowsGradient(Matrix outputGradient, Indices rows, Matrix inputGradient, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.GatherRowsGradient(outputGradient, rows, inputGradient, accumulate);
        Add(start);
    }

    public override void MeanRows(Matrix input, Indices starts, Matrix output)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.MeanRows(input, starts, output);
        Add(start);
    }

    public override void MeanRowsGradient(Matrix outputGradient, Indices starts, Matrix inputGradient, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.MeanRowsGradient(outputGradient, starts, inputGradient, accumulate);
        Add(start);
    }

    public override void MaxRows(Matrix input, Indices starts, Matrix output)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.MaxRows(input, starts, output);
        Add(start);
    }

    public override void MaxRowsGradient(Matrix outputGradient, Matrix input, Indices starts, Matrix inputGradient, bool accumulate)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.MaxRowsGradient(outputGradient, input, starts, inputGradient, accumulate);
        Add(start);
    }

    public override void Loss(Loss loss, Matrix logits, Matrix targets, Matrix losses, Matrix logitsGradient, double weight, double focus)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.Loss(loss, logits, targets, losses, logitsGradient, weight, focus);
        Add(start);
    }

    public override void DistillationLoss(Loss loss, Matrix logits, Matrix targets, Matrix teacher, Distillation terms, Matrix losses, Matrix logitsGradient, double weight)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.DistillationLoss(loss, logits, targets, teacher, terms, losses, logitsGradient, weight);
        Add(start);
    }

    public override void RelationLoss(
        Matrix student, Matrix teacher, Indices starts, int longest, Relations relations, int heads, float share, Matrix losses, Matrix studentGradient)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.RelationLoss(student, teacher, starts, longest, relations, heads, share, losses, studentGradient);
        Add(start);
    }

    public override void TiedDecoderLoss(
        Matrix hidden, Matrix weight, Matrix bias, Indices targets, float share, Matrix logits, Matrix outcomes,
        Matrix hiddenGradient, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.TiedDecoderLoss(hidden, weight, bias, targets, share, logits, outcomes, hiddenGradient, weightGradient, biasGradient, arithmetic);
        Add(start, (hiddenGradient.IsNone ? 2.0 : 6.0) * hidden.Length * weight.Rows);
    }

    public override void SampleTokens(Matrix hidden, Matrix weight, Matrix bias, Matrix draws, Matrix logits, Matrix tokens, ElementType arithmetic)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.SampleTokens(hidden, weight, bias, draws, logits, tokens, arithmetic);
        Add(start, 2.0 * hidden.Length * weight.Rows);
    }

    public override double SquaredNorm(Matrix matrix)
    {
        var start = Stopwatch.GetTimestamp();
        var squares = Inner.SquaredNorm(matrix);
        Add(start);
        return squares;
    }

    public override void AdamW(Matrix value, Matrix gradient, Matrix firstMoment, Matrix secondMoment, AdamWStep step)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.AdamW(value, gradient, firstMoment, secondMoment, step);
        Add(start);
    }

    public override void AdamWRows(Matrix value, Matrix rows, Indices slotOfRow, Matrix firstMoment, Matrix secondMoment, AdamWStep step)
    {
        var start = Stopwatch.GetTimestamp();
        Inner.AdamWRows(value, rows, slotOfRow, firstMoment, secondMoment, step);
        Add(start);
    }

    private void Add(long start, double flops = 0, [CallerMemberName] string operation = "")
    {
        var end = Stopwatch.GetTimestamp();
        ref var cost = ref CollectionsMarshal.GetValueRefOrAddDefault(costs, operation, out _);
        cost.Calls++;
        cost.Ticks += end - start;
        cost.Flops += flops;
    }

    private struct Cost
    {
        public long Calls;
        public long Ticks;
        public double Flops;
    }
}
