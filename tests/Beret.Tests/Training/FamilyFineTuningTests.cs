using System.Formats.Tar;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
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
    private const int Epochs = 8;
    private const double Dropout = 0.1;

    // The lowest ids are those of special tokens.
    private const int FirstWord = 8;

    public static TheoryData<string> Models =>
    [
        "hf/albert_1group", "hf/albert_2groups", "hf/electra_proj", "hf/electra_same", "tf/encoder-albert", "tf/encoder-electra", "tf/encoder-talkheads",
        "hf/later/distilbert", "hf/later/roberta", "hf/later/xlm_roberta", "hf/later/mpnet", "hf/later/deberta_v3", "hf/later/deberta_v2_conv",
        "hf/later/modernbert_cls", "hf/later/modernbert_mean",
    ];

    private static Lazy<(string[] Words, int Label)[]> Reviews { get; } = new(ReadReviews);

    [Theory]
    [MemberData(nameof(Models))]
    public void TextsOfTwoVocabulariesAreToldApart(string fixture)
    {
        using var backend = CpuBackend.Create(2);
        using var model = Load(fixture, backend);
        var random = new Random(3);
        const int words = 25;
        var texts = Enumerable.Range(0, Texts).Select(i =>
        {
            // Nine of ten words are of the label's half.
            int Word() => FirstWord + random.Next(words) + ((random.Next(10) == 0 ? 1 - i % 2 : i % 2) * words);
            return (Ids: Enumerable.Range(0, random.Next(4, 20)).Select(_ => Word()).ToArray(), Label: i % 2);
        }).ToArray();
        var losses = Train(model, backend, texts);
        Assert.True(losses[^1] < 0.3, string.Join(", ", losses));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void TrainingOnReviewsDoesNotDiverge(string fixture)
    {
        using var backend = CpuBackend.Create(2);
        using var model = Load(fixture, backend);
        var reviews = Reviews.Value;
        Assert.Equal(Texts, reviews.Length);

        // So small a vocabulary has room for the words that tell most of the label; the others are left out of the texts.
        var words = reviews.SelectMany(review => review.Words.Distinct().Select(word => (Word: word, review.Label))).GroupBy(use => use.Word)
            .OrderByDescending(uses => Math.Abs(uses.Sum(use => 2 * use.Label - 1))).ThenBy(uses => uses.Key, StringComparer.Ordinal)
            .Take(model.Config.VocabularySize - FirstWord).Select((uses, i) => (Word: uses.Key, Id: FirstWord + i)).ToDictionary(entry => entry.Word, entry => entry.Id);
        var texts = reviews.Select(review => (
            Ids: (int[])[FirstWord - 1, .. review.Words.Where(words.ContainsKey).Take(model.Config.MaxPositions - 1).Select(word => words[word])], review.Label)).ToArray();
        var losses = Train(model, backend, texts);

        // Random weights and few texts: what is asked is that training goes down and nowhere away. That they learn, the other test shows.
        Assert.True(losses[^1] < losses[0] && losses.All(loss => loss < 1), string.Join(", ", losses));
    }

    /// <returns>The mean loss of each epoch.</returns>
    private static double[] Train(SequenceClassifier model, IBackend backend, (int[] Ids, int Label)[] texts)
    {
        var steps = texts.Length / BatchSize;
        var schedule = new LearningRateSchedule(1e-3, steps * Epochs / 10, steps * Epochs);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 5);
        var random = new Random(11);
        var losses = new double[Epochs];
        for (var epoch = 0; epoch < Epochs; epoch++)
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

    private static SequenceClassifier Load(string fixture, IBackend backend)
    {
        var files = ModelFiles.Open(Shared.Path(["fixtures", .. fixture.Split('/')]));
        using var weights = files.OpenWeights();
        var config = files.Config with { HiddenDropout = Dropout, AttentionDropout = Dropout, ClassifierDropout = Dropout };
        return ModelLoader.Load(config, weights, backend, outputs: 1, seed: 1).Model;
    }

    /// <summary>The first reviews of each label in the archive's training part.</summary>
    private static (string[] Words, int Label)[] ReadReviews()
    {
        using var file = File.OpenRead(Shared.Path("data", "aclImdb_v1.tar.gz"));
        using var archive = new TarReader(new GZipStream(file, CompressionMode.Decompress));
        var reviews = new List<(string[], int)>();
        var counts = new int[2];
        while (counts.Sum() < Texts && archive.GetNextEntry() is { } entry)
        {
            var label = entry.Name.StartsWith("aclImdb/train/neg/", StringComparison.Ordinal) ? 0
                : entry.Name.StartsWith("aclImdb/train/pos/", StringComparison.Ordinal) ? 1 : -1;
            if (label >= 0 && entry.DataStream is { } data && counts[label] < Texts / 2)
            {
                using var reader = new StreamReader(data);
                reviews.Add(([.. Words().Matches(reader.ReadToEnd().ToLowerInvariant()).Select(word => word.Value)], label));
                counts[label]++;
            }
        }

        return [.. reviews];
    }

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Words();
}
