namespace Beret.Numerics;

/// <summary>What a Linear does to its sums before it writes them.</summary>
internal enum Activation : byte
{
    None,

    /// <summary>x · Φ(x), with the exact normal distribution function (erf).</summary>
    Gelu,

    /// <summary>0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    GeluTanh,

    Tanh,

    Relu,
}

/// <summary>The loss of one batch; the mean over examples is what training minimises.</summary>
internal enum Loss : byte
{
    /// <summary>Binary cross-entropy from logits; targets in [0, 1], one per logit; an example's loss is the mean over its logits.</summary>
    BinaryCrossEntropy,

    /// <summary>Cross-entropy of the softmax; targets hold the class number in column 0.</summary>
    CrossEntropy,

    /// <summary>Squared error; an example's loss is the mean over its outputs.</summary>
    MeanSquaredError,

    /// <summary>
    /// Cross-entropy of the softmax in which every class may count: Σ tₖ (1 − pₖ)^γ (−ln pₖ), with a target t for each class, which need not sum to 1, and the focus γ
    /// (Lin, Goyal, Girshick, He and Dollár, "Focal Loss for Dense Object Detection", 2017, §3).
    /// </summary>
    WeightedCrossEntropy,

    /// <summary>The same of each logit by itself, a yes or no: targets [B, 2K] hold for each the weight of no, then that of yes; an example's loss is the mean over its logits.</summary>
    WeightedBinaryCrossEntropy,
}

/// <summary>How targets and logits stand to each other in the losses.</summary>
internal static class LossShapes
{
    /// <summary>Whether the logits of an example are those of one softmax; else each stands by itself.</summary>
    public static bool IsOfClasses(this Loss loss) => loss is Loss.CrossEntropy or Loss.WeightedCrossEntropy;

    /// <summary>Whether it takes a focus.</summary>
    public static bool IsWeighted(this Loss loss) => loss is Loss.WeightedCrossEntropy or Loss.WeightedBinaryCrossEntropy;

    /// <summary>The columns of the targets of K logits.</summary>
    public static int TargetColumns(this Loss loss, int logits) => loss switch
    {
        Loss.CrossEntropy => 1,
        Loss.WeightedBinaryCrossEntropy => 2 * logits,
        _ => logits,
    };
}

/// <summary>The constants of one AdamW update (Loshchilov and Hutter, 2019).</summary>
/// <param name="Decay">w is first multiplied by 1 − Decay: the scheduled rate times the weight decay; 0 for parameters that do not decay.</param>
/// <param name="StepSize">The rate with its bias correction, as the optimizer defines it.</param>
/// <param name="GradientScale">The clip factor: gradients are multiplied by it.</param>
/// <param name="SecondMomentCorrection">√(1 − β₂ᵗ) where ε stands outside the bias-corrected root (PyTorch), else 1 (TensorFlow).</param>
internal readonly record struct AdamWStep(
    float Decay, float StepSize, float Beta1, float Beta2, float Epsilon, float GradientScale, float SecondMomentCorrection)
{
    /// <summary>1 − β₁: in fp32 as TensorFlow has it, unless given.</summary>
    public float Rest1 { get; init; } = 1 - Beta1;

    /// <summary>1 − β₂: in fp32 as TensorFlow has it, unless given. 1 − 0.999 differs by 1.3e-5 from what double precision gives.</summary>
    public float Rest2 { get; init; } = 1 - Beta2;
}

/// <summary>
/// The seam between what is computed and how: every operation that a model needs, on matrices whose memory the backend owns. Compute only: operations
/// keep no state and no operand, allocate nothing on the managed heap, and give the same bits whatever the number of threads.
/// Element types are fp32 unless said. T = rows of a packed batch (tokens), B = sequences, H = features.
/// "Accumulate" means += into the output; without it the output is overwritten.
/// </summary>
internal interface IBackend : IDisposable
{
    // Memory

    /// <summary>Zeroed memory, aligned to 64 bytes.</summary>
    nint Allocate(long bytes);

    void Free(nint handle);

    /// <summary>Says that what a matrix holds is no longer needed: its memory may go back to the system, and holds anything afterwards. It stays allocated.</summary>
    void Discard(Matrix matrix);

    /// <summary>Copies rows·columns values, row by row, into a matrix.</summary>
    void Write(ReadOnlySpan<float> values, Matrix destination);

    void Write(ReadOnlySpan<int> values, Indices destination);

    /// <summary>Copies a matrix, row by row, into rows·columns values.</summary>
    void Read(Matrix source, Span<float> destination);

    void Clear(Matrix matrix);

    void Copy(Matrix source, Matrix destination);

    // Embedding

    /// <summary>sum[t] = word[ids[t]] + position[positions[t]] + type[types[t]]; output = LayerNorm(sum); statistics[t] = (mean, 1/σ).</summary>
    /// <param name="position">None: positions are not looked at.</param>
    /// <param name="type">None: types are not looked at.</param>
    /// <param name="gamma">None: the output is the sum itself; beta, sum and statistics are none as well.</param>
    /// <param name="sum">[T, H], kept for the backward pass.</param>
    /// <param name="statistics">[T, 2].</param>
    void EmbeddingLayerNorm(
        Matrix word, Matrix position, Matrix type, Indices ids, Indices positions, Indices types,
        Matrix gamma, Matrix beta, float epsilon, Matrix sum, Matrix statistics, Matrix output);

    /// <summary>table[indices[t]] += rows[t], in the order of t to the bit. Small dense tables: positions, token types.</summary>
    void ScatterAddRows(Matrix rows, Indices indices, Matrix table);

    /// <summary>output[g] = Σ rows[order[i]] for i in [groups[g], groups[g+1]), in that order to the bit. Sums the gradients of the occurrences of each token.</summary>
    void SumRowGroups(Matrix rows, Indices order, Indices groups, Matrix output);

    // Linear. Arithmetic is that of the products: operands are fp32 in memory, and rounded or quantized as they are packed; sums of fp32 and bf16 are fp32.

    /// <summary>output = activation(input · weightᵀ + bias).</summary>
    /// <param name="input">[T, K].</param>
    /// <param name="weight">[N, K], as checkpoints keep it.</param>
    /// <param name="packed">The weight packed by <see cref="PackWeight"/>, or none: then the kernel packs for itself.</param>
    /// <param name="bias">[1, N] or none.</param>
    /// <param name="derivative">[T, N] or none: receives activation′ of the sums, for the backward pass.</param>
    /// <param name="output">[T, N].</param>
    void Linear(
        Matrix input, Matrix weight, Matrix packed, Matrix bias, Activation activation, Matrix derivative, Matrix output, ElementType arithmetic = ElementType.Float32);

    /// <summary>The number of floats, or of units as large, that the packed form of a weight [rows, columns] takes.</summary>
    long PackedLength(int rows, int columns, ElementType arithmetic = ElementType.Float32);

    /// <summary>Packs a weight [N, K] for a <see cref="Linear"/> of the same arithmetic.</summary>
    void PackWeight(Matrix weight, Matrix packed, ElementType arithmetic = ElementType.Float32);

    /// <summary>inputGradient (+)= outputGradient · weight. [T, N] · [N, K] → [T, K]. Not with int8 arithmetic.</summary>
    void LinearInputGradient(Matrix outputGradient, Matrix weight, Matrix inputGradient, bool accumulate, ElementType arithmetic = ElementType.Float32);

    /// <summary>weightGradient += outputGradientᵀ · input, [N, T] · [T, K] → [N, K]; biasGradient += column sums of outputGradient (where given). Not with int8.</summary>
    void LinearWeightGradient(
        Matrix outputGradient, Matrix input, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic = ElementType.Float32);

    /// <summary>gradient ∘= derivative, element by element.</summary>
    void MultiplyInPlace(Matrix gradient, Matrix derivative);

    /// <summary>
    /// output = activation(a) ∘ g, with a and g the left and the right half of the input's columns (Shazeer, "GLU Variants Improve Transformer", 2020).
    /// </summary>
    /// <param name="input">[T, 2F].</param>
    /// <param name="output">[T, F].</param>
    void GatedActivation(Matrix input, Activation activation, Matrix output);

    /// <summary>
    /// The gradient of <see cref="GatedActivation"/>, with the activation computed anew:
    /// inputGradient = [outputGradient ∘ g ∘ activation′(a), outputGradient ∘ activation(a)], overwritten.
    /// </summary>
    void GatedActivationGradient(Matrix outputGradient, Matrix input, Activation activation, Matrix inputGradient);

    /// <summary>matrix = activation(matrix), in place.</summary>
    /// <param name="derivative">The matrix's shape, or none: receives activation′, for the backward pass.</param>
    void Activate(Matrix matrix, Activation activation, Matrix derivative);

    /// <summary>
    /// The neighbourhood of each token: output[t, h · kernel + o] = input[r, h], where r is the row of t's sequence whose position is t's + o − kernel / 2;
    /// zero where there is none.
    /// </summary>
    /// <param name="input">[T, H].</param>
    /// <param name="positions">Of each token, ascending in a sequence.</param>
    /// <param name="kernel">Odd.</param>
    /// <param name="output">[T, H · kernel].</param>
    void Unfold(Matrix input, Indices starts, Indices positions, int kernel, Matrix output);

    /// <summary>The gradient of <see cref="Unfold"/>: inputGradient (+)= each neighbour's part, o ascending.</summary>
    void UnfoldGradient(Matrix outputGradient, Indices starts, Indices positions, int kernel, Matrix inputGradient, bool accumulate);

    // Attention

    /// <summary>
    /// Scaled dot-product attention over packed sequences: for each sequence and head, softmax(Q Kᵀ / √D) with dropout on the probabilities, times V.
    /// </summary>
    /// <param name="queryKeyValue">[T, 3H]: queries, keys, values side by side; head a takes columns a·D … of each, D = H / heads.</param>
    /// <param name="starts">B + 1 row numbers: sequence b has rows starts[b] … starts[b+1]−1.</param>
    /// <param name="window">Which of its sequence's keys a query sees.</param>
    /// <param name="logSumExp">[heads, T] or none: ln Σ exp(score / √D) of each query, for the backward pass.</param>
    /// <param name="context">[T, H].</param>
    void Attention(Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context);

    /// <summary>The gradient of <see cref="Attention"/>, with the probabilities computed anew. queryKeyValueGradient is overwritten.</summary>
    void AttentionGradient(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient);

    /// <summary>
    /// <see cref="Attention"/> whose scores also depend on the distance between query and key. Dropout takes a key's position from the sequence's first on for its place,
    /// and for the query's row the sequence's first and its position from there.
    /// </summary>
    /// <param name="relative">The terms by distance, and the scale of the scores.</param>
    void RelativeAttention(Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context);

    /// <summary>
    /// The gradient of <see cref="RelativeAttention"/>. Those of queries, keys and values and of the tables Keys and Queries are overwritten, that of Bias is added to;
    /// those of tables that are none are none.
    /// </summary>
    void RelativeAttentionGradient(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix keysGradient, Matrix queriesGradient, Matrix biasGradient);

    /// <summary>
    /// Rotary position embeddings (Su et al., "RoFormer", 2021), in place: in each head of the queries and of the keys, the features (i, i + D/2) are turned by the
    /// i-th angle of the token's position, (x, y) → (x cos − y sin, y cos + x sin). Values are left alone.
    /// </summary>
    /// <param name="queryKeyValue">[T, 3H], as <see cref="Attention"/> takes it.</param>
    /// <param name="table">[P, D]: row p has the D/2 cosines of position p, then its D/2 sines.</param>
    /// <param name="positions">Of each token, below P.</param>
    /// <param name="inverse">Turned back: what the gradient is.</param>
    void Rotate(Matrix queryKeyValue, Matrix table, Indices positions, int heads, bool inverse);

    /// <summary>
    /// Talking-heads attention over packed sequences (Shazeer et al., 2020). With S[a] = Q[a] K[a]ᵀ / √D for head a: S′[b] = Σ_a S[a] · preSoftmax[a, b],
    /// P[b] = softmax(S′[b]), P′[c] = Σ_b P[b] · postSoftmax[b, c], dropout on P′[c], times V[c].
    /// </summary>
    /// <param name="queryKeyValue">[T, 3H], as <see cref="Attention"/> takes it.</param>
    /// <param name="preSoftmax">[heads, heads].</param>
    /// <param name="postSoftmax">[heads, heads].</param>
    /// <param name="starts">B + 1 row numbers: sequence b has rows starts[b] … starts[b+1]−1.</param>
    /// <param name="logSumExp">[heads, T] or none: ln Σ exp(S′) of each query, for the backward pass.</param>
    /// <param name="context">[T, H].</param>
    void TalkingHeadsAttention(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp, Matrix context);

    /// <summary>
    /// The gradient of <see cref="TalkingHeadsAttention"/>, with scores and probabilities computed anew. queryKeyValueGradient is overwritten, those of the two
    /// mixing matrices are added to.
    /// </summary>
    void TalkingHeadsAttentionGradient(
        Matrix queryKeyValue, Matrix preSoftmax, Matrix postSoftmax, Indices starts, int longest, Dropout dropout, Matrix logSumExp,
        Matrix contextGradient, Matrix queryKeyValueGradient, Matrix preSoftmaxGradient, Matrix postSoftmaxGradient);

    // LayerNorm and dropout

    /// <summary>branch = residual + dropout(branch), in place; output = LayerNorm(branch); statistics[t] = (mean, 1/σ). Variance is the biased one.</summary>
    /// <param name="residual">[T, H], or none: 0.</param>
    /// <param name="output">[T, H]; may be the branch itself, which then holds no sum.</param>
    /// <param name="beta">[1, H], or none: 0.</param>
    void ResidualLayerNorm(
        Matrix residual, Matrix branch, Dropout dropout, Matrix gamma, Matrix beta, float epsilon, Matrix statistics, Matrix output);

    /// <summary>
    /// The gradient of LayerNorm(sum): sumGradient (+)= that through the LayerNorm + skipGradient; gammaGradient and betaGradient are added to.
    /// Where <paramref name="branchGradient"/> is given it receives the part of the dropped branch: dropout(the same sum, without what sumGradient held before), overwritten.
    /// </summary>
    /// <param name="sum">[T, H], what was normalised.</param>
    /// <param name="betaGradient">[1, H], or none where there is no beta.</param>
    /// <param name="skipGradient">[T, H], or none: what reaches the sum by another way than through this LayerNorm.</param>
    /// <param name="sumGradient">[T, H].</param>
    void LayerNormGradient(
        Matrix outputGradient, Matrix sum, Matrix statistics, Matrix gamma, Matrix gammaGradient, Matrix betaGradient,
        Matrix skipGradient, Matrix sumGradient, bool accumulate, Matrix branchGradient, Dropout dropout);

    /// <summary>Zeroes the dropped elements and scales the others, in place; forward and backward are the same.</summary>
    void ApplyDropout(Matrix matrix, Dropout dropout);

    // Rows

    /// <summary>output[i] = input[rows[i]].</summary>
    void GatherRows(Matrix input, Indices rows, Matrix output);

    /// <summary>The gradient of <see cref="GatherRows"/>: inputGradient (+)= the rows put back, zero elsewhere. Rows are distinct.</summary>
    void GatherRowsGradient(Matrix outputGradient, Indices rows, Matrix inputGradient, bool accumulate);

    /// <summary>output[b] = the mean of the rows of sequence b.</summary>
    /// <param name="input">[T, H].</param>
    /// <param name="starts">B + 1 row numbers.</param>
    /// <param name="output">[B, H].</param>
    void MeanRows(Matrix input, Indices starts, Matrix output);

    /// <summary>The gradient of <see cref="MeanRows"/>: each row of sequence b of inputGradient (+)= outputGradient[b] / the sequence's length.</summary>
    void MeanRowsGradient(Matrix outputGradient, Indices starts, Matrix inputGradient, bool accumulate);

    /// <summary>output[b] = the largest of the rows of sequence b, column by column; NaN where one of them is NaN.</summary>
    /// <param name="input">[T, H].</param>
    /// <param name="starts">B + 1 row numbers.</param>
    /// <param name="output">[B, H].</param>
    void MaxRows(Matrix input, Indices starts, Matrix output);

    /// <summary>
    /// The gradient of <see cref="MaxRows"/>: in each column the row of sequence b that has the largest value, the first where several have it, gets outputGradient[b] of
    /// inputGradient, (+)=; the others zero.
    /// </summary>
    void MaxRowsGradient(Matrix outputGradient, Matrix input, Indices starts, Matrix inputGradient, bool accumulate);

    // Loss and optimizer

    /// <summary>losses[b] = the loss of example b; logitsGradient = weight · d(mean of losses)/d(logits).</summary>
    /// <param name="logits">[B, K].</param>
    /// <param name="targets">[B, <see cref="LossShapes.TargetColumns"/>]: [B, K], or class numbers for cross-entropy.</param>
    /// <param name="losses">[B, 1].</param>
    /// <param name="logitsGradient">[B, K] or none.</param>
    /// <param name="focus">γ ≥ 0 of a weighted loss; the others have none.</param>
    void Loss(Loss loss, Matrix logits, Matrix targets, Matrix losses, Matrix logitsGradient, double weight = 1, double focus = 0);

    /// <summary>
    /// losses[b] = α · T² · KL(p ‖ q) + (1 − α) · the label's loss of example b, logitsGradient = weight · d(mean of losses)/d(logits), where p and q are the probabilities of
    /// teacher / T and logits / T: the softmax of the row where the loss is one <see cref="LossShapes.IsOfClasses"/>, else the sigmoid of each logit, averaged
    /// (Hinton, Vinyals and Dean, 2015, §2: T² keeps the gradients' size whatever T is).
    /// </summary>
    /// <param name="loss">The label's loss; not the squared error.</param>
    /// <param name="logits">[B, K].</param>
    /// <param name="targets">As <see cref="Loss"/> takes them. A row whose first is negative has no label: its loss is α · T² · KL(p ‖ q) alone.</param>
    /// <param name="teacher">[B, K]: the teacher's logits.</param>
    /// <param name="terms">T and α, and the focus of a weighted loss.</param>
    /// <param name="losses">[B, 1].</param>
    /// <param name="logitsGradient">[B, K] or none.</param>
    void DistillationLoss(Loss loss, Matrix logits, Matrix targets, Matrix teacher, Distillation terms, Matrix losses, Matrix logitsGradient, double weight = 1);

    /// <summary>
    /// How far a student's relations between tokens are from its teacher's (Wang et al., MiniLMv2, 2021, equations 3 to 5): losses[b, a] = the mean over the relations and the tokens of
    /// sequence b of KL(p ‖ q), with p and q the rows of softmax(A·Bᵀ/√d) of teacher and student in relation head a. Heads need not be those of attention: the columns of queries, keys and
    /// values are cut anew, for each of the two models into as many.
    /// </summary>
    /// <param name="student">[T, 3H], as <see cref="Attention"/> takes it.</param>
    /// <param name="teacher">[T, 3H′], of the same tokens.</param>
    /// <param name="relations">At least one.</param>
    /// <param name="heads">Divides H and H′.</param>
    /// <param name="share">The weight of each of the losses in what is differentiated.</param>
    /// <param name="losses">[B, heads].</param>
    /// <param name="studentGradient">[T, 3H]: share · d(Σ losses)/d(student) is added to it; or none.</param>
    void RelationLoss(
        Matrix student, Matrix teacher, Indices starts, int longest, Relations relations, int heads, float share, Matrix losses, Matrix studentGradient);

    /// <summary>
    /// The end of a masked language model: logits = hidden · weightᵀ + bias, with the table of word embeddings for the weight, and the cross-entropy of their softmax
    /// with the tokens that were there. Logits are made for as many rows at a time as <paramref name="logits"/> has, and are not kept.
    /// </summary>
    /// <param name="hidden">[M, H]: the masked tokens alone.</param>
    /// <param name="weight">[V, H].</param>
    /// <param name="bias">[1, V].</param>
    /// <param name="targets">M token ids.</param>
    /// <param name="share">The weight of a row's loss in what is differentiated; 1 / M for the mean.</param>
    /// <param name="logits">[R, V], R ≥ 1: working memory.</param>
    /// <param name="outcomes">[M, 2]: the loss of each row, and 1 where no other logit is larger than the target's, else 0.</param>
    /// <param name="hiddenGradient">[M, H], overwritten; none where no gradients are wanted.</param>
    /// <param name="weightGradient">[V, H], added to.</param>
    /// <param name="biasGradient">[1, V], added to.</param>
    void TiedDecoderLoss(
        Matrix hidden, Matrix weight, Matrix bias, Indices targets, float share, Matrix logits, Matrix outcomes,
        Matrix hiddenGradient, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic = ElementType.Float32);

    /// <summary>
    /// A token for each row, drawn from softmax(hidden · weightᵀ + bias): the first whose probability, added to those before it, exceeds the row's draw.
    /// Logits are made for as many rows at a time as <paramref name="logits"/> has.
    /// </summary>
    /// <param name="hidden">[M, H].</param>
    /// <param name="weight">[V, H].</param>
    /// <param name="bias">[1, V].</param>
    /// <param name="draws">[M, 1], uniform in (0, 1).</param>
    /// <param name="logits">[R, V], R ≥ 1: working memory.</param>
    /// <param name="tokens">[M, 1]: token ids, as floats, which hold them exactly below 2²⁴.</param>
    void SampleTokens(
        Matrix hidden, Matrix weight, Matrix bias, Matrix draws, Matrix logits, Matrix tokens, ElementType arithmetic = ElementType.Float32);

    /// <summary>The sum of squares of a contiguous matrix, within 1e-6 of it: blocks may be summed in fp32, the blocks in double.</summary>
    double SquaredNorm(Matrix matrix);

    /// <summary>m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², w −= decay·w, w −= stepSize · m / (√v / correction + ε), with g the scaled gradient.</summary>
    void AdamW(Matrix value, Matrix gradient, Matrix firstMoment, Matrix secondMoment, AdamWStep step);

    /// <summary>
    /// <see cref="AdamW"/> on a table [V, H] whose gradient has only some rows: row r has gradient rows[slotOfRow[r]], or zero where slotOfRow[r] is negative.
    /// Every row's moments decay all the same.
    /// </summary>
    void AdamWRows(Matrix value, Matrix rows, Indices slotOfRow, Matrix firstMoment, Matrix secondMoment, AdamWStep step);
}
