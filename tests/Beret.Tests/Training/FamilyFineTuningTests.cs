using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Models;
using Beret.Numerics;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>
/// Every family learns from the tiny weights of its fixtures, with dropout, under the tutorial's optimizer and schedule. These models have no vocabulary: texts are
/// lists of ids.
/// </summary>
public partial class FamilyFineTuningTests
{
    private const int Texts = 400;
    private const int BatchSize = 16;

    // The lowest ids are those of special tokens.
    private const int FirstWord = 8;

    public static TheoryData<string, string> Models => new()
    {
        { "hf/albert_1group", "albert" },
        { "hf/albert_2groups", "albert" },
        { "hf/electra_proj", "electra" },
        { "hf/electra_same", "electra" },
        { "hf/later/distilbert", "distilbert" },
        { "hf/later/roberta", "roberta" },
        { "hf/later/xlm_roberta", "xlm-roberta" },
        { "hf/later/mpnet", "mpnet" },
        { "hf/later/deberta_v3", "deberta-v2" },
        { "hf/later/deberta_v2_conv", "deberta-v2" },
        { "hf/later/modernbert_cls", "modernbert" },
        { "hf/later/modernbert_mean", "modernbert" },
        { "tf/encoder-albert", "albert" },
        { "tf/encoder-electra", "electra" },
        { "tf/encoder-talkheads", "talking-heads" },
    };

    private static Lazy<(string Text, int Label)[]> Reviews { get; } = new(ReadReviews);

    [Theory]
    [MemberData(nameof(Models))]
    public void TextsOfTwoVocabulariesAreToldApart(string fixture, string family)
    {
        using var backend = CpuBackend.Create(2);
        using var model = Load(fixture, family, backend);
        var random = new Random(3);
        var words = (model.Config.VocabularySize - FirstWord) / 2;
        var texts = Enumerable.Range(0, Texts).Select(i =>
        {
            // Nine of ten words are of the label's half.
            int Word() => FirstWord + random.Next(words) + ((random.Next(10) == 0 ? 1 - i % 2 : i % 2) * words);
            return (Ids: Enumerable.Range(0, random.Next(4, 20)).Select(_ => Word()).ToArray(), Label: i % 2);
        }).ToArray();
        var losses = Train(model, backend, texts, epochs: 4);
        Assert.True(losses[^1] < 0.5 * losses[0] && losses[^1] < 0.35, string.Join(", ", losses));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void ReviewsAreLearned(string fixture, string family)
    {
        using var backend = CpuBackend.Create(2);
        using var model = Load(fixture, family, backend);
        var words = model.Config.VocabularySize - FirstWord;
        var texts = Reviews.Value.Select(review => (Ids: (int[])[2, .. Words().Matches(review.Text.ToLowerInvariant()).Take(model.Config.MaxPositions - 1).Select(
            word => FirstWord + (int)(word.Value.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u) % (uint)words))], review.Label)).ToArray();
        Assert.Equal(Texts, texts.Length);
        var losses = Train(model, backend, texts, epochs: 5);

        // A model that knows nothing of the texts has ln 2 = 0.693.
        Assert.True(losses[^1] < losses[0] && losses[^1] < 0.69, string.Join(", ", losses));
    }

    /// <returns>The mean loss of each epoch.</returns>
    private static double[] Train(SequenceClassifier model, IBackend backend, (int[] Ids, int Label)[] texts, int epochs)
    {
        var steps = texts.Length / BatchSize;
        var schedule = new LearningRateSchedule(1e-3, steps * epochs / 10, steps * epochs);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 5);
        var random = new Random(11);
        var losses = new double[epochs];
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            random.Shuffle(texts);
            for (var s = 0; s < steps; s++)
            {
                var batch = new PackedBatch();
                var members = texts.AsSpan(s * BatchSize, BatchSize);
                foreach (var (ids, _) in members)
                {
                    batch.Add(ids);
                }

                var step = learner.Step(batch, [.. members.ToArray().Select(text => (float)text.Label)], schedule.At(epoch * steps + s));
                Assert.True(step.IsFinite);
                losses[epoch] += step.Loss / steps;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", losses.Select(loss => $"{loss:f4}")));
        return losses;
    }

    private static SequenceClassifier Load(string fixture, string family, IBackend backend)
    {
        var folder = Shared.Path(["fixtures", .. fixture.Split('/')]);
        var isHuggingFace = fixture.StartsWith("hf/", StringComparison.Ordinal);
        var keys = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, isHuggingFace ? "config.json" : "case.json")))!;
        var sizes = (isHuggingFace ? keys : keys["config"]!).AsObject();
        sizes["hidden_act"] = "gelu_new";
        string[] rates =
        [
            "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "classifier_dropout_prob",
            "dropout", "attention_dropout", "seq_classif_dropout", "cls_dropout", "pooler_dropout",
            "embedding_dropout", "mlp_dropout",
        ];
        foreach (var rate in rates)
        {
            sizes[rate] = 0.1;
        }

        using var document = JsonDocument.Parse(sizes.ToJsonString());
        using var checkpoint = isHuggingFace ? Checkpoint.Open(folder) : View((TensorBundle)Checkpoint.Open(Path.Combine(folder, "saved_model")));
        return ModelLoader.Load(EncoderFamily.Find(family)!.Read(new ConfigFields(document.RootElement, fixture)), checkpoint, backend, outputs: 1, seed: 1).Model;

        static Checkpoint View(TensorBundle bundle) => TensorFlowNames.Of(bundle.FullNames.Keys)!.AsHuggingFace(bundle);
    }

    /// <summary>The first reviews of each label in the archive's training part.</summary>
    private static (string Text, int Label)[] ReadReviews()
    {
        using var file = File.OpenRead(Shared.Path("data", "aclImdb_v1.tar.gz"));
        using var archive = new TarReader(new GZipStream(file, CompressionMode.Decompress));
        var reviews = new List<(string, int)>();
        var counts = new int[2];
        while (counts.Sum() < Texts && archive.GetNextEntry() is { } entry)
        {
            var label = entry.Name.StartsWith("aclImdb/train/neg/", StringComparison.Ordinal) ? 0
                : entry.Name.StartsWith("aclImdb/train/pos/", StringComparison.Ordinal) ? 1 : -1;
            if (label >= 0 && entry.DataStream is { } data && counts[label] < Texts / 2)
            {
                using var reader = new StreamReader(data);
                reviews.Add((reader.ReadToEnd(), label));
                counts[label]++;
            }
        }

        return [.. reviews];
    }

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Words();
}
