using Beret.Inference;
using Microsoft.Extensions.AI;

namespace Beret.Extensions;

/// <summary>What of a text's token vectors becomes its embedding.</summary>
public enum EmbeddingPooling
{
    /// <summary>The mean over all tokens, special tokens included (Reimers and Gurevych, "Sentence-BERT", 2019, §3): what the models of sentence-transformers are trained for, all-MiniLM-L6-v2 among them.</summary>
    Mean,

    /// <summary>The vector of the first token, [CLS]: what BGE and others are trained for.</summary>
    Cls,
}

/// <summary>
/// Embeddings of texts from any encoder, as Microsoft.Extensions.AI has them: a vector of <see cref="Encoder.HiddenSize"/> floats for each text, of length 1 unless told otherwise, so that the
/// dot product of two is their cosine. May be used by any number of threads at once.
/// </summary>
/// <example>
/// <code>
/// using var embeddings = EncoderEmbeddings.Load("all-MiniLM-L6-v2");
/// var vectors = await embeddings.GenerateAsync(["The movie was great!", "A wonderful film."]);
/// </code>
/// </example>
public sealed class EncoderEmbeddings : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>The most tokens of a text that all-MiniLM-L6-v2 was trained to embed, and the default here.</summary>
    public const int DefaultMaxLength = 256;

    private readonly Encoder encoder;
    private readonly EmbeddingPooling pooling;
    private readonly bool isNormalized;
    private readonly EmbeddingGeneratorMetadata metadata;

    /// <summary>Embeds with an encoder, which is disposed with this.</summary>
    /// <param name="encoder">The encoder. Longer texts are cut as it was told to.</param>
    /// <param name="name">What the model is called.</param>
    /// <param name="pooling">What of the token vectors is taken.</param>
    /// <param name="isNormalized">Whether vectors have length 1.</param>
    public EncoderEmbeddings(Encoder encoder, string? name = null, EmbeddingPooling pooling = EmbeddingPooling.Mean, bool isNormalized = true)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        this.encoder = encoder;
        this.pooling = pooling;
        this.isNormalized = isNormalized;
        metadata = new EmbeddingGeneratorMetadata("beret", defaultModelId: name, defaultModelDimensions: encoder.HiddenSize);
    }

    /// <summary>Loads an encoder by its name or from a folder, as <see cref="Encoder.Load"/> does, and embeds with it.</summary>
    /// <param name="nameOrFolder">The encoder.</param>
    /// <param name="options">How it is loaded; null for <see cref="DefaultMaxLength"/> tokens and the other defaults.</param>
    /// <param name="pooling">What of the token vectors is taken.</param>
    /// <param name="isNormalized">Whether vectors have length 1.</param>
    /// <exception cref="BeretException">There is no such model, or it cannot be downloaded or read.</exception>
    public static EncoderEmbeddings Load(string nameOrFolder, EncoderOptions? options = null, EmbeddingPooling pooling = EmbeddingPooling.Mean, bool isNormalized = true) =>
        new(Encoder.Load(nameOrFolder, options ?? new EncoderOptions { MaxLength = DefaultMaxLength }), nameOrFolder, pooling, isNormalized);

    /// <summary>Embeds texts; the vectors are in their order. A text's vector does not depend on the others.</summary>
    /// <param name="values">The texts.</param>
    /// <param name="options"><see cref="EmbeddingGenerationOptions.Dimensions"/> has to be the encoder's where it is given; the rest is not looked at.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <exception cref="NotSupportedException">Vectors of another size are asked for.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (options?.Dimensions is { } wanted && wanted != encoder.HiddenSize)
        {
            throw new NotSupportedException($"the encoder's vectors have {encoder.HiddenSize} dimensions, and {wanted} are asked for");
        }

        // The work is this processor's: it goes to the pool, so that a caller that must not wait does not.
        return Task.Run(() => Generate([.. values], cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? metadata
            : serviceType == typeof(Encoder) ? encoder
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <inheritdoc/>
    public void Dispose() => encoder.Dispose();

    private GeneratedEmbeddings<Embedding<float>> Generate(string[] texts, CancellationToken cancellation)
    {
        var created = DateTimeOffset.UtcNow;
        var tokens = 0L;
        var embeddings = new GeneratedEmbeddings<Embedding<float>>(texts.Length);
        foreach (var encoding in encoder.Encode(texts, EncoderParts.Sequence, cancellation))
        {
            tokens += encoding.Ids.Count;
            embeddings.Add(new Embedding<float>(Vector(encoding.Sequence)) { CreatedAt = created, ModelId = metadata.DefaultModelId });
        }

        embeddings.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
        return embeddings;
    }

    private float[] Vector(TokenVectors tokens)
    {
        var vector = tokens[0].ToArray();
        if (pooling == EmbeddingPooling.Mean)
        {
            for (var feature = 0; feature < vector.Length; feature++)
            {
                var sum = 0.0;
                for (var token = 0; token < tokens.Tokens; token++)
                {
                    sum += tokens[token][feature];
                }

                vector[feature] = (float)(sum / tokens.Tokens);
            }
        }

        if (isNormalized)
        {
            // sentence-transformers divides by no less than 1e-12 either.
            var length = Math.Max(Math.Sqrt(vector.Sum(value => (double)value * value)), 1e-12);
            for (var feature = 0; feature < vector.Length; feature++)
            {
                vector[feature] = (float)(vector[feature] / length);
            }
        }

        return vector;
    }
}
