using Beret.Numerics;

namespace Beret.Models;

/// <summary>Self-attention, then the feed-forward network, each with its residual and LayerNorm after it (Vaswani et al., 2017, §3.1).</summary>
internal sealed class PostNormBlock(SelfAttention attention, FeedForward feedForward) : IBlock
{
    public Value Forward(Ops ops, Value x, in BatchIndices batch, RelativeTerms? terms) => feedForward.Forward(ops, attention.Forward(ops, x, batch, terms));
}

/// <summary>Embeddings and the blocks that tokens pass one after the other: the encoder of BERT and of the families that kept its shape.</summary>
/// <param name="embeddings">Make the input of the first block.</param>
/// <param name="blocks">In the order in which they are passed; one may stand there several times.</param>
internal sealed class PostNormLayers(Embeddings embeddings, IBlock[] blocks)
{
    /// <summary>Declares embeddings and blocks under BERT's names.</summary>
    public static PostNormLayers UnderBertNames(ParameterSet set, string root, EncoderConfig config) => UnderBertNames(set, root, config, new Embeddings(set, root, config));

    /// <summary>Declares blocks under BERT's names.</summary>
    public static PostNormLayers UnderBertNames(ParameterSet set, string root, EncoderConfig config, Embeddings embeddings)
    {
        var blocks = new IBlock[config.Layers];
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{root}encoder.layer.{i}";
            blocks[i] = new PostNormBlock(new SelfAttention(set, $"{prefix}.attention", config), new FeedForward(set, prefix, config));
        }

        return new PostNormLayers(embeddings, blocks);
    }

    public Embeddings Embeddings => embeddings;

    /// <returns>[T, H], the last block's output.</returns>
    public Value Forward(Ops ops, in BatchIndices batch, LayerObserver? observe, RelativeTerms? terms = null)
    {
        var mark = ops.Arena.Mark;
        var x = ops.Keep(mark, embeddings.Forward(ops, batch));                                 // [T, H]
        x = ops.Thaw(0, x);
        observe?.Invoke(0, x);
        for (var i = 0; i < blocks.Length; i++)
        {
            x = ops.Keep(mark, ops.Pass(blocks[i], x, batch, terms));                           // [T, H]
            x = ops.Thaw(i + 1, x);
            observe?.Invoke(i + 1, x);
        }

        return x;
    }
}
