using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Extensions;
using Beret.Inference;
using Microsoft.Extensions.AI;

namespace Beret.Tests.Extensions;

public sealed class EncoderEmbeddingsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(128)]
    [InlineData(512)]
    public async Task The_vectors_of_all_MiniLM_L6_v2_are_those_of_sentence_transformers(int length)
    {
        var fixture = Shared.Path("fixtures", "hf", "minilm");
        var texts = JsonNode.Parse(File.ReadAllText(Path.Combine(fixture, "texts.json")))!.AsArray().Select(text => (string)text!["text"]!).ToArray();
        using var expected = Checkpoint.Open(Path.Combine(fixture, "expected.safetensors"));
        using var embeddings = EncoderEmbeddings.Load(Shared.Path("models", "all-MiniLM-L6-v2"), new EncoderOptions { MaxLength = length });
        var vectors = await embeddings.GenerateAsync(texts, cancellationToken: Cancellation);
        var golden = expected.Read($"len{length}.sentence_embedding");
        for (var text = 0; text < texts.Length; text++)
        {
            var vector = vectors[text].Vector.ToArray();
            Assert.Equal(384, vector.Length);
            Assert.Equal(1, vector.Sum(value => (double)value * value), 6);
            for (var feature = 0; feature < vector.Length; feature++)
            {
                Assert.Equal(golden[text * 384 + feature], vector[feature], 1e-5f);
            }
        }
    }

    [Fact]
    public async Task A_text_has_the_same_vector_alone()
    {
        using var embeddings = EncoderEmbeddings.Load("beret/mini");
        string[] texts = ["The movie was great!", "A wonderful film, from its first minute to its last, though one might have wished for a shorter one.", ""];
        var together = await embeddings.GenerateAsync(texts, cancellationToken: Cancellation);
        foreach (var (text, vector) in texts.Zip(together))
        {
            Assert.Equal(vector.Vector.ToArray(), (await embeddings.GenerateAsync(text, cancellationToken: Cancellation)).Vector.ToArray());
            Assert.Equal("beret/mini", vector.ModelId);
        }

        Assert.True(together.Usage!.InputTokenCount > texts.Length);
        Assert.True(Cosine(together[0], together[0]) > 0.999f);
    }

    [Fact]
    public async Task The_first_token_and_vectors_of_any_length_can_be_had()
    {
        using var encoder = Encoder.Load("beret/mini");
        var tokens = encoder.Encode("The movie was great!", EncoderParts.Sequence).Sequence;
        using var first = EncoderEmbeddings.Load("beret/mini", pooling: EmbeddingPooling.Cls, isNormalized: false);
        Assert.Equal(tokens[0].ToArray(), (await first.GenerateAsync("The movie was great!", cancellationToken: Cancellation)).Vector.ToArray());
        using var mean = EncoderEmbeddings.Load("beret/mini", isNormalized: false);
        var vector = (await mean.GenerateAsync("The movie was great!", cancellationToken: Cancellation)).Vector;
        Assert.Equal(Enumerable.Range(0, tokens.Tokens).Average(token => tokens[token][5]), vector.Span[5], 1e-5f);
    }

    [Fact]
    public async Task It_says_what_it_is_and_what_it_is_not()
    {
        using var embeddings = EncoderEmbeddings.Load("beret/mini");
        IEmbeddingGenerator<string, Embedding<float>> generator = embeddings;
        Assert.Equal(("beret", "beret/mini", 256), (generator.GetService<EmbeddingGeneratorMetadata>()!.ProviderName, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions));
        Assert.NotNull(generator.GetService<Encoder>());
        Assert.Null(generator.GetService<Classifier>());
        await Assert.ThrowsAsync<NotSupportedException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 100 }, Cancellation));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["a"], cancellationToken: new CancellationToken(canceled: true)));
    }

    private static float Cosine(Embedding<float> one, Embedding<float> other)
    {
        var sum = 0f;
        for (var i = 0; i < one.Vector.Length; i++)
        {
            sum += one.Vector.Span[i] * other.Vector.Span[i];
        }

        return sum;
    }
}
