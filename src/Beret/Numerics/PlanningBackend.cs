namespace Beret.Numerics;

/// <summary>Computes nothing: a dry run of a step on this backend and a dry arena tells the memory that the real step will need.</summary>
internal sealed class PlanningBackend : IBackend
{
    private nint next = 64;

    /// <summary>Bytes asked for and not given back.</summary>
    public long Allocated { get; private set; }

    public nint Allocate(long bytes)
    {
        Allocated += bytes;
        next += 64;
        return next;
    }

    public void Free(nint handle)
    {
    }

    public void Discard(Matrix matrix) => Allocated -= matrix.Length * sizeof(float);

    public void Write(ReadOnlySpan<float> values, Matrix destination)
    {
    }

    public void Write(ReadOnlySpan<int> values, Indices destination)
    {
    }

    public void Read(Matrix source, Span<float> destination) => destination.Clear();

    public void Clear(Matrix matrix)
    {
    }

    public void Copy(Matrix source, Matrix destination)
    {
    }

    public void EmbeddingLayerNorm(
        Matrix word, Matrix position, Matrix type, Indices ids, Indices positions, Indices types,
        Matrix gamma, Matrix beta, float epsilon, Matrix sum, Matrix statistics, Matrix output)
    {
    }

    public void ScatterAddRows(Matrix rows, Indices indices, Matrix table)
    {
    }

    public void SumRowGroups(Matrix rows, Indices order, Indices groups, Matrix output)
    {
    }

    public void Linear(
        Matrix input, Matrix weight, Matrix packed, Matrix bias, Activation activation, Matrix derivative, Matrix output, ElementType arithmetic)
    {
    }

    public long PackedLength(int rows, int columns, ElementType arithmetic) => arithmetic switch
    {
        ElementType.BFloat16 => (long)rows * columns / 2,
        ElementType.Int8 => (long)rows * columns / 4,
        _ => (long)rows * columns,
    };

    public void PackWeight(Matrix weight, Matrix packed, ElementType arithmetic)
    {
    }

    public void LinearInputGradient(Matrix outputGradient, Matrix weight, Matrix inputGradient, bool accumulate, ElementType arithmetic)
    {
    }

    public void LinearWeightGradient(
        Matrix outputGradient, Matrix input, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic)
    {
    }

    public void MultiplyInPlace(Matrix gradient, Matrix derivative)
    {
    }

    public void GatedActivation(Matrix input, Activation activation, Matrix output)
    {
    }

    public void GatedActivationGradient(Matrix outputGradient, Matrix input, Activation activation, Matrix inputGradient)
    {
    }

    public void Activate(Matrix matrix, Activation activation, Matrix derivative)
    {
    }

    public void Unfold(Matrix input, Indices starts, Indices positions, int kernel, Matrix output)
    {
    }

    public void UnfoldGradient(Matrix outputGradient, Indices starts, Indices positions, int kernel, Matrix inputGradient, bool accumulate)
    {
    }

    public void Attention(Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context)
    {
    }

    public void AttentionGradient(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient)
    {
    }

    public void RelativeAttention(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context)
    {
    }

    public void RelativeAttentionGradient(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix keysGradient, Matrix queriesGradient, Matrix biasGradient)
    {
    }

    public void Rotate(Matrix queryKeyValue, Matrix table, Indices positions, int heads, bool inverse)
    {
    }

    public void TalkingHeadsAttention(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp, Matrix context)
    {
    }

    public void TalkingHeadsAttentionGradient(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix preSoftmaxGradient, Matrix postSoftmaxGradient)
    {
    }

    public void ResidualLayerNorm(
        Matrix residual, Matrix branch, Dropout dropout, Matrix gamma, Matrix beta, float epsilon, Matrix statistics, Matrix output)
    {
    }

    public void LayerNormGradient(
        Matrix outputGradient, Matrix sum, Matrix statistics, Matrix gamma, Matrix gammaGradient, Matrix betaGradient,
        Matrix skipGradient, Matrix sumGradient, bool accumulate, Matrix branchGradient, Dropout dropout)
    {
    }

    public void ApplyDropout(Matrix matrix, Dropout dropout)
    {
    }

    public void GatherRows(Matrix input, Indices rows, Matrix output)
    {
    }

    public void GatherRowsGradient(Matrix outputGradient, Indices rows, Matrix inputGradient, bool accumulate)
    {
    }

    public void MeanRows(Matrix input, Indices starts, Matrix output)
    {
    }

    public void MeanRowsGradient(Matrix outputGradient, Indices starts, Matrix inputGradient, bool accumulate)
    {
    }

    public void MaxRows(Matrix input, Indices starts, Matrix output)
    {
    }

    public void MaxRowsGradient(Matrix outputGradient, Matrix input, Indices starts, Matrix inputGradient, bool accumulate)
    {
    }

    public void Loss(Loss loss, Matrix logits, Matrix targets, Matrix losses, Matrix logitsGradient, double weight, double focus)
    {
    }

    public void DistillationLoss(Loss loss, Matrix logits, Matrix targets, Matrix teacher, Distillation terms, Matrix losses, Matrix logitsGradient, double weight)
    {
    }

    public void RelationLoss(
        Matrix student, Matrix teacher, Indices starts, int longest, Relations relations, int heads, float share, Matrix losses, Matrix studentGradient)
    {
    }

    public void TiedDecoderLoss(
        Matrix hidden, Matrix weight, Matrix bias, Indices targets, float share, Matrix logits, Matrix outcomes,
        Matrix hiddenGradient, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic)
    {
    }

    public void SampleTokens(Matrix hidden, Matrix weight, Matrix bias, Matrix draws, Matrix logits, Matrix tokens, ElementType arithmetic)
    {
    }

    public double SquaredNorm(Matrix matrix) => 0;

    public void AdamW(Matrix value, Matrix gradient, Matrix firstMoment, Matrix secondMoment, AdamWStep step)
    {
    }

    public void AdamWRows(Matrix value, Matrix rows, Indices slotOfRow, Matrix firstMoment, Matrix secondMoment, AdamWStep step)
    {
    }

    public void Dispose()
    {
    }
}
