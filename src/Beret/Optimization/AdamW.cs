using Beret.Numerics;

namespace Beret.Optimization;

/// <summary>How the global gradient norm counts the word embeddings, and where the clip factor's guard stands.</summary>
public enum ClipNorm
{
    /// <summary>As TensorFlow in the tutorial: the gradient is a list of rows, and each occurrence of a token counts by itself.</summary>
    Tutorial,

    /// <summary>As PyTorch: the occurrences of a token are summed first; the factor is clip / (norm + 1e-6).</summary>
    Summed,
}

/// <summary>Where ε and the bias corrections stand in Adam's update.</summary>
public enum AdamVariant
{
    /// <summary>The tutorial's: w −= lr·√(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε).</summary>
    TensorFlow,

    /// <summary>PyTorch's: w −= lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε).</summary>
    PyTorch,

    /// <summary>The original BERT code's, without bias correction: w −= lr · m / (√v + ε).</summary>
    Google,
}

/// <summary>
/// AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019) with clipping by the global norm, as the tutorial's optimizer does it:
/// clip, decay every matrix and embedding by lr·decay, then Adam's update.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private readonly ParameterSet set;
    private readonly AdamWOptions options;
    private readonly Parameter? word;
    private readonly Indices slots;
    private readonly int[] slotOfRow;
    private long[] keys = [];
    private int[] order = [];
    private int[] groups = [];

    public AdamW(ParameterSet set, AdamWOptions options)
    {
        this.set = set;
        this.options = options;
        set.AllocateForTraining();
        word = set.All.SingleOrDefault(p => p is { HasRowGradient: true, IsFrozen: false });
        slotOfRow = new int[word?.Rows ?? 0];
        slots = new Indices(set.Backend.Allocate((long)slotOfRow.Length * sizeof(int)), slotOfRow.Length);
    }

    /// <summary>The number of updates done: t.</summary>
    public int Steps { get; set; }

    /// <summary>
    /// One update from the gradients that the parameters hold; returns their global norm before clipping. Where the norm is not finite nothing is changed.
    /// </summary>
    /// <param name="arena">Memory for the summed rows of the word embeddings.</param>
    /// <param name="ids">The token ids that the rows of the word embeddings' gradient belong to; not looked at where that is a matrix.</param>
    /// <param name="learningRate">The scheduled rate.</param>
    public double Step(Arena arena, ReadOnlySpan<int> ids, double learningRate)
    {
        var backend = set.Backend;
        var rows = word is null ? Matrix.None : SumOccurrences(word, arena, ids);
        var squares = backend.SquaredNorm(set.Gradients);
        var wordSquares = word is null ? 0 : backend.SquaredNorm(options.ClipNorm == ClipNorm.Tutorial ? word.OccurrenceGradient : rows);
        var norm = Math.Sqrt(squares + wordSquares);
        if (!double.IsFinite(norm))
        {
            return norm;
        }

        Steps++;
        var scale = ClipFactor(norm);
        for (var i = 0; i < set.All.Count; i++)
        {
            // By number: the enumerator of an interface is an object, and a step allocates none.
            var parameter = set.All[i];
            if (parameter.IsFrozen)
            {
                continue;
            }

            var step = StepOf(parameter, learningRate * parameter.RateFactor, scale);
            if (parameter == word)
            {
                backend.AdamWRows(parameter.Value, rows, slots, parameter.FirstMoment, parameter.SecondMoment, step);
            }
            else
            {
                backend.AdamW(parameter.Value, parameter.Gradient, parameter.FirstMoment, parameter.SecondMoment, step);
            }
        }

        if (word is not null)
        {
            arena.Return(rows);
        }

        set.Touch();
        return norm;
    }

    public void Dispose() => set.Backend.Free(slots.Handle);

    private double ClipFactor(double norm) => options.ClipTo switch
    {
        0 => 1,
        var clip when options.ClipNorm == ClipNorm.Summed => Math.Min(1, clip / (norm + 1e-6)),
        var clip => norm > clip ? clip / norm : 1,
    };

    private AdamWStep StepOf(Parameter parameter, double learningRate, double scale)
    {
        // TensorFlow keeps the β in fp32, the others in fp64, where 1 − β₂ differs by 1.3e-5: the corrections have to go with the moments.
        var (beta1, beta2) = options.Variant == AdamVariant.TensorFlow ? ((float)options.Beta1, (float)options.Beta2) : (options.Beta1, options.Beta2);
        var correction1 = 1 - Math.Pow(beta1, Steps);
        var correction2 = Math.Sqrt(1 - Math.Pow(beta2, Steps));
        return new AdamWStep(
            Decay: parameter.Decays ? (float)(learningRate * options.WeightDecay) : 0,
            StepSize: (float)(options.Variant switch
            {
                AdamVariant.TensorFlow => learningRate * correction2 / correction1,
                AdamVariant.PyTorch => learningRate / correction1,
                _ => learningRate,
            }),
            (float)beta1, (float)beta2, (float)options.Epsilon, (float)scale,
            SecondMomentCorrection: options.Variant == AdamVariant.PyTorch ? (float)correction2 : 1)
        {
            Rest1 = (float)(1 - beta1),
            Rest2 = (float)(1 - beta2),
        };
    }

    /// <summary>Sums the rows of each token, in the order of their places in the batch, so that the sums have the same bits in every run.</summary>
    private Matrix SumOccurrences(Parameter word, Arena arena, ReadOnlySpan<int> ids)
    {
        if (keys.Length < ids.Length)
        {
            keys = new long[ids.Length];
            order = new int[ids.Length];
            groups = new int[ids.Length + 1];
        }

        for (var t = 0; t < ids.Length; t++)
        {
            keys[t] = ((long)ids[t] << 32) | (uint)t;
        }

        keys.AsSpan(0, ids.Length).Sort();
        Array.Fill(slotOfRow, -1);
        var count = 0;
        for (var i = 0; i < ids.Length; i++)
        {
            var id = (int)(keys[i] >> 32);
            order[i] = (int)keys[i];
            if (slotOfRow[id] < 0)
            {
                groups[count] = i;
                slotOfRow[id] = count++;
            }
        }

        groups[count] = ids.Length;
        set.Backend.Write(slotOfRow, slots);
        var mark = arena.Mark;
        var orderIndices = arena.TakeIndices(ids.Length);
        var groupIndices = arena.TakeIndices(count + 1);
        set.Backend.Write(order.AsSpan(0, ids.Length), orderIndices);
        set.Backend.Write(groups.AsSpan(0, count + 1), groupIndices);
        var rows = arena.Rent(count, word.Columns);
        set.Backend.SumRowGroups(word.OccurrenceGradient, orderIndices, groupIndices, rows);
        arena.Release(mark);
        return rows;
    }
}
