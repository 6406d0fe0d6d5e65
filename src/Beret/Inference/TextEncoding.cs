namespace Beret.Inference;

/// <summary>Which outputs of an encoder are wanted.</summary>
[Flags]
public enum EncoderParts
{
    /// <summary>The vector of the text as a whole.</summary>
    Pooled = 1,

    /// <summary>A vector for each token, the last block's output.</summary>
    Sequence = 2,

    /// <summary>A vector for each token from every block.</summary>
    Layers = 4,

    /// <summary>All of them.</summary>
    All = Pooled | Sequence | Layers,
}

/// <summary>A vector for each token of a text: a [tokens, features] matrix.</summary>
public sealed class TokenVectors
{
    private readonly float[] values;

    internal TokenVectors(float[] values, int features)
    {
        this.values = values;
        Features = features;
    }

    /// <summary>The number of tokens, T.</summary>
    public int Tokens => values.Length / Features;

    /// <summary>The number of features, H.</summary>
    public int Features { get; }

    /// <summary>All values, row-major.</summary>
    public ReadOnlySpan<float> Values => values;

    /// <summary>The vector of one token, [H].</summary>
    public ReadOnlySpan<float> this[int token] => values.AsSpan(token * Features, Features);
}

/// <summary>What an encoder makes of one text. There is no padding: a text has as many rows as it has tokens.</summary>
public sealed class TextEncoding
{
    internal TextEncoding(int[] ids, float[] pooled, TokenVectors? sequence, IReadOnlyList<TokenVectors> layers)
    {
        Ids = ids;
        PooledVector = pooled;
        SequenceVectors = sequence;
        Layers = layers;
    }

    /// <summary>The token ids, special tokens included: the tutorial's <c>input_word_ids</c> without the padding.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>
    /// The text as a whole, [H]: the tutorial's <c>pooled_output</c>; of an encoder without a pooler, such as one that only guessed hidden words, the vector of the
    /// first token. Empty where it was not asked for.
    /// </summary>
    public ReadOnlySpan<float> Pooled => PooledVector;

    /// <summary>Each token in its context, [T, H]: the tutorial's <c>sequence_output</c>.</summary>
    /// <exception cref="InvalidOperationException">It was not asked for.</exception>
    public TokenVectors Sequence => SequenceVectors ?? throw new InvalidOperationException($"{nameof(EncoderParts.Sequence)} was not asked for");

    /// <summary>The output of each block, L times [T, H]: the tutorial's <c>encoder_outputs</c>. Empty where it was not asked for.</summary>
    public IReadOnlyList<TokenVectors> Layers { get; }

    private float[] PooledVector { get; }

    private TokenVectors? SequenceVectors { get; }
}
