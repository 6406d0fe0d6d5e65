namespace Beret.Numerics;

/// <summary>A backend that hands everything on to another: the base of those that watch (time, attention) on the way.</summary>
internal abstract class ForwardingBackend(IBackend inner) : IBackend
{
    protected IBackend Inner => inner;

    public virtual nint Allocate(long bytes) => inner.Allocate(bytes);

    public virtual void Free(nint handle) => inner.Free(handle);

    public virtual void Discard(Matrix matrix) => inner.Discard(matrix);

    public virtual void Write(ReadOnlySpan<float> values, Matrix destination) => inner.Write(values, destination);

    public virtual void Write(ReadOnlySpan<int> values, Indices destination) => inner.Write(values, destination);

    public virtual void Read(Matrix source, Span<float> destination) => inner.Read(source, destination);

    public virtual void Clear(Matrix matrix) => inner.Clear(matrix);

    public virtual void Copy(Matrix source, Matrix destination) => inner.Copy(source, destination);

    public virtual void EmbeddingLayerNorm(
        Matrix word, Matrix position, Matrix type, Indices ids, Indices positions, Indices types,
        Matrix gamma, Matrix beta, float epsilon, Matrix sum, Matrix statistics, Matrix output) =>
        inner.EmbeddingLayerNorm(word, position, type, ids, positions, types, gamma, beta, epsilon, sum, statistics, output);

    public virtual void ScatterAddRows(Matrix rows, Indices indices, Matrix table) => inner.ScatterAddRows(rows, indices, table);

    public virtual void SumRowGroups(Matrix rows, Indices order, Indices groups, Matrix output) => inner.SumRowGroups(rows, order, groups, output);

    public virtual void Linear(
        Matrix input, Matrix weight, Matrix packed, Matrix bias, Activation activation, Matrix derivative, Matrix output, ElementType arithmetic) =>
        inner.Linear(input, weight, packed, bias, activation, derivative, output, arithmetic);

    public virtual long PackedLength(int rows, int columns, ElementType arithmetic) => inner.PackedLength(rows, columns, arithmetic);

    public virtual void PackWeight(Matrix weight, Matrix packed, ElementType arithmetic) => inner.PackWeight(weight, packed, arithmetic);

    public virtual void LinearInputGradient(Matrix outputGradient, Matrix weight, Matrix inputGradient, bool accumulate, ElementType arithmetic) =>
        inner.LinearInputGradient(outputGradient, weight, inputGradient, accumulate, arithmetic);

    public virtual void LinearWeightGradient(
        Matrix outputGradient, Matrix input, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic) =>
        inner.LinearWeightGradient(outputGradient, input, weightGradient, biasGradient, arithmetic);

    public virtual void MultiplyInPlace(Matrix gradient, Matrix derivative) => inner.MultiplyInPlace(gradient, derivative);

    public virtual void GatedActivation(Matrix input, Activation activation, Matrix output) => inner.GatedActivation(input, activation, output);

    public virtual void GatedActivationGradient(Matrix outputGradient, Matrix input, Activation activation, Matrix inputGradient) =>
        inner.GatedActivationGradient(outputGradient, input, activation, inputGradient);

    public virtual void Activate(Matrix matrix, Activation activation, Matrix derivative) => inner.Activate(matrix, activation, derivative);

    public virtual void Unfold(Matrix input, Indices starts, Indices positions, int kernel, Matrix output) =>
        inner.Unfold(input, starts, positions, kernel, output);

    public virtual void UnfoldGradient(Matrix outputGradient, Indices starts, Indices positions, int kernel, Matrix inputGradient, bool accumulate) =>
        inner.UnfoldGradient(outputGradient, starts, positions, kernel, inputGradient, accumulate);

    public virtual void Attention(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context) =>
        inner.Attention(queryKeyValue, starts, longest, heads, window, dropout, logSumExp, context);

    public virtual void AttentionGradient(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient) =>
        inner.AttentionGradient(queryKeyValue, starts, longest, heads, window, dropout, logSumExp, context, contextGradient, queryKeyValueGradient);

    public virtual void Rotate(Matrix queryKeyValue, Matrix table, Indices positions, int heads, bool inverse) =>
        inner.Rotate(queryKeyValue, table, positions, heads, inverse);

    public virtual void RelativeAttention(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context) =>
        inner.RelativeAttention(queryKeyValue, relative, starts, heads, dropout, logSumExp, context);

    public virtual void RelativeAttentionGradient(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix keysGradient, Matrix queriesGradient, Matrix biasGradient) =>
        inner.RelativeAttentionGradient(
            queryKeyValue, relative, starts, heads, dropout, logSumExp, context, contextGradient, queryKeyValueGradient, keysGradient, queriesGradient, biasGradient);

    public virtual void TalkingHeadsAttention(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp, Matrix context) =>
        inner.TalkingHeadsAttention(queryKeyValue, preSoftmax, postSoftmax, starts, longest, dropout, logSumExp, context);

    public virtual void TalkingHeadsAttentionGradient(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix preSoftmaxGradient, Matrix postSoftmaxGradient) =>
        inner.TalkingHeadsAttentionGradient(
            queryKeyValue, preSoftmax, postSoftmax, starts, longest, dropout, logSumExp,
            contextGradient, queryKeyValueGradient, preSoftmaxGradient, postSoftmaxGradient);

    public virtual void ResidualLayerNorm(
        Matrix residual, Matrix branch, Dropout dropout, Matrix gamma, Matrix beta, float epsilon, Matrix statistics, Matrix output) =>
        inner.ResidualLayerNorm(residual, branch, dropout, gamma, beta, epsilon, statistics, output);

    public virtual void LayerNormGradient(
        Matrix outputGradient, Matrix sum, Matrix statistics, Matrix gamma, Matrix gammaGradient, Matrix betaGradient,
        Matrix skipGradient, Matrix sumGradient, bool accumulate, Matrix branchGradient, Dropout dropout) =>
        inner.LayerNormGradient(
            outputGradient, sum, statistics, gamma, gammaGradient, betaGradient, skipGradient, sumGradient, accumulate, branchGradient, dropout);

    public virtual void ApplyDropout(Matrix matrix, Dropout dropout) => inner.ApplyDropout(matrix, dropout);

    public virtual void GatherRows(Matrix input, Indices rows, Matrix output) => inner.GatherRows(input, rows, output);

    public virtual void GatherRowsGradient(Matrix outputGradient, Indices rows, Matrix inputGradient, bool accumulate) =>
        inner.GatherRowsGradient(outputGradient, rows, inputGradient, accumulate);

    public virtual void MeanRows(Matrix input, Indices starts, Matrix output) => inner.MeanRows(input, starts, output);

    public virtual void MeanRowsGradient(Matrix outputGradient, Indices starts, Matrix inputGradient, bool accumulate) =>
        inner.MeanRowsGradient(outputGradient, starts, inputGradient, accumulate);

    public virtual void MaxRows(Matrix input, Indices starts, Matrix output) => inner.MaxRows(input, starts, output);

    public virtual void MaxRowsGradient(Matrix outputGradient, Matrix input, Indices starts, Matrix inputGradient, bool accumulate) =>
        inner.MaxRowsGradient(outputGradient, input, starts, inputGradient, accumulate);

    public virtual void Loss(Loss loss, Matrix logits, Matrix targets, Matrix losses, Matrix logitsGradient, double weight, double focus) =>
        inner.Loss(loss, logits, targets, losses, logitsGradient, weight, focus);

    public virtual void DistillationLoss(Loss loss, Matrix logits, Matrix targets, Matrix teacher, Distillation terms, Matrix losses, Matrix logitsGradient, double weight) =>
        inner.DistillationLoss(loss, logits, targets, teacher, terms, losses, logitsGradient, weight);

    public virtual void RelationLoss(
        Matrix student, Matrix teacher, Indices starts, int longest, Relations relations, int heads, float share, Matrix losses, Matrix studentGradient) =>
        inner.RelationLoss(student, teacher, starts, longest, relations, heads, share, losses, studentGradient);

    public virtual void TiedDecoderLoss(
        Matrix hidden, Matrix weight, Matrix bias, Indices targets, float share, Matrix logits, Matrix outcomes,
        Matrix hiddenGradient, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic) =>
        inner.TiedDecoderLoss(hidden, weight, bias, targets, share, logits, outcomes, hiddenGradient, weightGradient, biasGradient, arithmetic);

    public virtual void SampleTokens(Matrix hidden, Matrix weight, Matrix bias, Matrix draws, Matrix logits, Matrix tokens, ElementType arithmetic) =>
        inner.SampleTokens(hidden, weight, bias, draws, logits, tokens, arithmetic);

    public virtual double SquaredNorm(Matrix matrix) => inner.SquaredNorm(matrix);

    public virtual void AdamW(Matrix value, Matrix gradient, Matrix firstMoment, Matrix secondMoment, AdamWStep step) =>
        inner.AdamW(value, gradient, firstMoment, secondMoment, step);

    public virtual void AdamWRows(Matrix value, Matrix rows, Indices slotOfRow, Matrix firstMoment, Matrix secondMoment, AdamWStep step) =>
        inner.AdamWRows(value, rows, slotOfRow, firstMoment, secondMoment, step);

    public virtual void Dispose() => inner.Dispose();
}
