using System.Text.Json;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Inference;

public class EncoderTests
{
    [Fact]
    public void EveryOutputHasItsShape()
    {
        using var temporary = new TemporaryFolder();
        using var encoder = Encoder.Load(TinyModel.Write(Path.Combine(temporary.Path, "model")), new EncoderOptions { Threads = 1 });
        var encodings = encoder.Encode(TinyModel.Sentences, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal((24, 2), (encoder.HiddenSize, encoder.Layers));
        foreach (var encoding in encodings)
        {
            Assert.Equal(24, encoding.Pooled.Length);
            Assert.Equal((encoding.Ids.Count, 24), (encoding.Sequence.Tokens, encoding.Sequence.Features));
            Assert.Equal(2, encoding.Layers.Count);
            Assert.True(encoding.Layers[^1].Values.SequenceEqual(encoding.Sequence.Values));
            Assert.False(encoding.Layers[0].Values.SequenceEqual(encoding.Sequence.Values));
        }
    }

    [Fact]
    public void ATextHasTheSameVectorsAloneAndBesideOthers()
    {
        using var temporary = new TemporaryFolder();
        using var encoder = Encoder.Load(TinyModel.Write(Path.Combine(temporary.Path, "model")), new EncoderOptions { Threads = 2 });
        var together = encoder.Encode(TinyModel.Sentences, cancellation: TestContext.Current.CancellationToken);
        for (var i = 0; i < together.Count; i++)
        {
            var alone = encoder.Encode(TinyModel.Sentences[i]);
            Assert.True(alone.Pooled.SequenceEqual(together[i].Pooled));
            Assert.True(alone.Sequence.Values.SequenceEqual(together[i].Sequence.Values));
            Assert.True(alone.Layers[0].Values.SequenceEqual(together[i].Layers[0].Values));
        }
    }

    [Fact]
    public void OnlyWhatIsWantedIsGiven()
    {
        using var temporary = new TemporaryFolder();
        using var encoder = Encoder.Load(TinyModel.Write(Path.Combine(temporary.Path, "model")));
        var pooled = encoder.Encode("a movie", EncoderParts.Pooled);

        Assert.Equal(24, pooled.Pooled.Length);
        Assert.Empty(pooled.Layers);
        Assert.Throws<InvalidOperationException>(() => pooled.Sequence);
    }

    [Fact]
    public void APretrainedEncoderGivesTheVectorsOfHuggingFace()
    {
        var folder = Shared.Path("fixtures", "hf", "minilm");
        using var expected = Checkpoint.Open(Path.Combine(folder, "expected.safetensors"));
        using var encoder = Encoder.Load(Shared.Path("models", "all-MiniLM-L6-v2"));
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "texts.json")));
        var texts = document.RootElement.EnumerateArray().Select(TextOf).Take(4).ToList();
        var (cls, means, pooled) = (expected.Read("len128.cls"), expected.Read("len128.hidden_mean"), expected.Read("len128.pooled"));
        var encodings = encoder.Encode(texts, cancellation: TestContext.Current.CancellationToken);

        // The fixture's own suggestion: 2e-5. Its layer 0 is the embeddings, which are no layer here.
        const float Tolerance = 2e-5f;
        for (var b = 0; b < texts.Count; b++)
        {
            for (var h = 0; h < 384; h++)
            {
                Assert.Equal(cls[b * 384 + h], encodings[b].Sequence[0][h], Tolerance);
                Assert.Equal(pooled[b * 384 + h], encodings[b].Pooled[h], Tolerance);
                for (var layer = 0; layer < encoder.Layers; layer++)
                {
                    Assert.Equal(means[(b * 7 + layer + 1) * 384 + h], Mean(encodings[b].Layers[layer], h), Tolerance);
                }
            }
        }

        static float Mean(TokenVectors vectors, int feature) => (float)Enumerable.Range(0, vectors.Tokens).Average(t => (double)vectors[t][feature]);

        static string TextOf(JsonElement entry) => entry.ValueKind == JsonValueKind.String ? entry.GetString()! : entry.GetProperty("text").GetString()!;
    }
}
