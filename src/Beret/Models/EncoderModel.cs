using Beret.Numerics;

namespace Beret.Models;

/// <summary>What an encoder computes for a batch.</summary>
/// <param name="Sequence">[T, H]: each token in the context of its sequence, the last block's output.</param>
/// <param name="Pooled">[B, H]: each sequence as a whole.</param>
internal readonly record struct EncoderOutputs(Value Sequence, Value Pooled);

/// <summary>Is shown the input of the first block (number 0) and the output of each block (1 … L), as they are computed. [T, H].</summary>
internal delegate void LayerObserver(int number, Value value);

/// <summary>An encoder of any family: tokens in, vectors out.</summary>
internal abstract class EncoderModel
{
    public abstract EncoderConfig Config { get; }

    /// <summary>Whether its layers are blocks that can be computed anew from their input alone (<see cref="Ops.KeepsOnlyBlockInputs"/>).</summary>
    public virtual bool PassesBlocks => true;

    /// <summary>Each token, and each sequence as the configuration's <see cref="Pooling"/> has it.</summary>
    public EncoderOutputs Forward(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        var x = Contextualize(ops, batch, observe);                                             // [T, H]
        return new EncoderOutputs(x, Config.Pooling switch                                      // [B, H]
        {
            Pooling.FirstToken => ops.First(x, batch),
            Pooling.Mean => ops.Mean(x, batch),
            Pooling.Max => ops.Max(x, batch),
            _ => Pool(ops, x, batch),
        });
    }

    /// <summary>Each token in the context of its sequence, the last block's output: [T, H].</summary>
    public abstract Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null);

    /// <summary>Gives a parameter that the checkpoint lacks its start; false where the encoder cannot do without it.</summary>
    /// <param name="parameter">One of the encoder's.</param>
    /// <param name="backend">Owns its memory.</param>
    /// <param name="seed">For a part that training will shape; null where nothing may be left to chance.</param>
    public virtual bool Initialize(Parameter parameter, IBackend backend, ulong? seed) => false;

    /// <summary>Each sequence as the family has it by itself: [T, H] → [B, H].</summary>
    protected virtual Value Pool(Ops ops, Value x, in BatchIndices batch) => ops.First(x, batch);

    /// <summary>Checks that the tables have a row for every number in the batch.</summary>
    /// <exception cref="ModelException">A token id, position or type is out of range.</exception>
    public void Check(PackedBatch batch)
    {
        Check(batch.Ids, Config.VocabularySize, "token id", "the tokenizer's vocabulary is not the one that this model was made with");
        Check(batch.Positions, Config.MaxPositions, "position", "shorten the texts to that many tokens (--max-length)");
        if (Config.TypeVocabularySize > 0)
        {
            Check(batch.Types, Config.TypeVocabularySize, "token type", "this model has no embedding for that segment");
        }
    }

    private static void Check(ReadOnlySpan<int> values, int size, string what, string advice)
    {
        foreach (var value in values)
        {
            if ((uint)value >= (uint)size)
            {
                throw new ModelException($"{what} {value} is outside the model's table of {size} rows: {advice}");
            }
        }
    }
}
