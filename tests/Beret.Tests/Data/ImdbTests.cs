using System.Text;
using System.Text.Json;
using Beret.Checksums;
using Beret.Data;
using Beret.Data.Files;

namespace Beret.Tests.Data;

/// <summary>The real reviews, loaded from their archive once for all tests.</summary>
public sealed class ImdbArchive
{
    private readonly Lazy<(DataSource Source, LabelledTexts Train, LabelledTexts Test)> loaded = new(() =>
    {
        var source = DataSource.Open(Shared.Path("data", "aclImdb_v1.tar.gz"));
        var texts = source.Load([DataSource.Train, DataSource.Test], progress: null, TestContext.Current.CancellationToken);
        return (source, texts[0], texts[1]);
    });

    public DataSource Source => loaded.Value.Source;

    public LabelledTexts Train => loaded.Value.Train;

    public LabelledTexts Test => loaded.Value.Test;
}

public class ImdbTests(ImdbArchive imdb) : IClassFixture<ImdbArchive>
{
    private static JsonElement Order
    {
        get
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "tf", "dataset-order", "order.json")));
            return json.RootElement.Clone();
        }
    }

    [Fact]
    public void Has_25000_reviews_in_each_split_and_two_classes()
    {
        Shared.Path("data", "aclImdb_v1.tar.gz");
        foreach (var texts in new[] { imdb.Train, imdb.Test })
        {
            Assert.Equal(["neg", "pos"], texts.Labels);
            Assert.Equal([12500, 12500], texts.Counts);
            Assert.All(texts.Examples, example => Assert.NotEmpty(example.Text));
        }

        Assert.Equal(["train", "test"], imdb.Source.Splits(TestContext.Current.CancellationToken));
        Assert.NotEqual(imdb.Train.Fingerprint, imdb.Test.Fingerprint);
    }

    [Fact]
    public void The_reviews_without_a_label_are_left_out_and_said()
    {
        Shared.Path("data", "aclImdb_v1.tar.gz");
        Assert.Contains(imdb.Train.Notes, note => note.Contains("train/unsup (50,000 texts") && note.Contains("left out"));
        Assert.Empty(imdb.Test.Notes);
        Assert.DoesNotContain(imdb.Train.Examples, example => example.Source.Contains("unsup"));
    }

    [Fact]
    public void The_unshuffled_order_is_Keras()
    {
        var expected = Order.GetProperty("shuffle_false");
        var files = imdb.Train.Examples.Select(WithinTrain).ToArray();
        AssertFirst(expected.GetProperty("first_files"), files);
        AssertLast(expected.GetProperty("last_files"), files);
    }

    [Theory]
    [InlineData(42)]
    [InlineData(7)]
    [InlineData(1234)]
    public void The_tutorials_split_is_Keras(int seed)
    {
        var subsets = Order.GetProperty("subsets");
        var (train, validation) = DatasetSplit.TutorialSplit(imdb.Train, 0.2, seed);
        AssertSubset(subsets.GetProperty($"seed{seed}/training"), train);
        AssertSubset(subsets.GetProperty($"seed{seed}/validation"), validation);
    }

    [Fact]
    public void A_split_loaded_alone_is_the_same()
    {
        var archive = Shared.Path("data", "aclImdb_v1.tar.gz");
        var alone = DataSource.Open(archive).Load(DataSource.Test, progress: null, TestContext.Current.CancellationToken);
        Assert.Equal(imdb.Test.Fingerprint, alone.Fingerprint);
        Assert.Equal(imdb.Test.Fingerprint, imdb.Source.Load(DataSource.Test, progress: null, TestContext.Current.CancellationToken).Fingerprint);
    }

    private static void AssertSubset(JsonElement expected, LabelledTexts texts)
    {
        var files = texts.Examples.Select(WithinTrain).ToArray();
        var labels = texts.Examples.Select(example => example.Label).ToArray();
        Assert.Equal(expected.GetProperty("count").GetInt32(), files.Length);
        Assert.Equal(expected.GetProperty("positives").GetInt32(), texts.Counts[1]);
        AssertFirst(expected.GetProperty("first_files"), files);
        Assert.Equal(expected.GetProperty("files_joined_by_newline_crc32").GetUInt32(), Crc32.Of(Encoding.UTF8.GetBytes(string.Join('\n', files))));
        Assert.Equal(expected.GetProperty("labels_as_one_string_crc32").GetUInt32(), Crc32.Of(Encoding.UTF8.GetBytes(string.Concat(labels))));
        Assert.All(texts.Examples, example => Assert.StartsWith($"train/{texts.Labels[example.Label]}/", example.Source));
    }

    private static void AssertFirst(JsonElement expected, string[] files) =>
        Assert.Equal(Strings(expected), files.Take(expected.GetArrayLength()));

    private static void AssertLast(JsonElement expected, string[] files) =>
        Assert.Equal(Strings(expected), files.TakeLast(expected.GetArrayLength()));

    private static IEnumerable<string> Strings(JsonElement array) => array.EnumerateArray().Select(item => item.GetString()!);

    private static string WithinTrain(Example example) => example.Source["train/".Length..];
}
