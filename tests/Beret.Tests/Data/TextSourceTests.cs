using Beret.Data;

namespace Beret.Tests.Data;

public sealed class TextSourceTests : IDisposable
{
    private readonly Workplace place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_file_has_a_text_on_each_line_and_blank_lines_are_none() =>
        Assert.Equal(["one", "two  words", "three"], Read(place.Write("texts.txt", "\uFEFFone\n\n   \ntwo  words\r\nthree")));

    [Fact]
    public void Json_lines_have_their_texts_under_a_key() =>
        Assert.Equal(["a \"b\"", "c"], Read(place.Write("texts.jsonl", "{\"text\": \"a \\\"b\\\"\", \"label\": 1}\n\n{\"text\": \"\"}\n{\"text\": \"c\"}\n")));

    [Theory]
    [InlineData("{\"label\": 1}")]
    [InlineData("{\"text\": 3}")]
    [InlineData("[]")]
    [InlineData("{\"text\": ")]
    [InlineData("{\"text\": \"\\ud800\"}")]
    public void A_line_that_is_no_such_object_is_told_by_its_number(string line)
    {
        var path = place.Write("texts.jsonl", $"{{\"text\": \"a\"}}\n{line}\n");
        Assert.Contains("line 2", Assert.Throws<DataException>(() => Read(path)).Message);
    }

    [Fact]
    public void A_folder_has_a_text_in_each_file_in_the_order_of_the_names() => Assert.Equal(
        ["first\nsecond line", "deep", "last"],
        Read(place.Folder("corpus", ("z.txt", "last"), ("a.txt", "first\nsecond line"), ("b/c.txt", "deep"), ("empty.txt", " "), ("notes.md", "no text"))));

    public static TheoryData<string> Archives => ["folder", "reviews.tar.gz", "reviews.zip"];

    [Theory]
    [MemberData(nameof(Archives))]
    public void Test_texts_are_never_read_and_those_without_a_label_are(string name)
    {
        (string, string)[] files =
        [
            ("aclImdb/imdbEr.txt", "notes"), ("aclImdb/test/neg/0_1.txt", "test"), ("aclImdb/test/urls_neg.txt", "list"), ("aclImdb/train/neg/0_2.txt", "bad"),
            ("aclImdb/train/pos/1_9.txt", "good"), ("aclImdb/train/unsup/2_0.txt", "neither"), ("aclImdb/train/urls_unsup.txt", "list"),
        ];
        var path = name == "folder" ? place.Folder(name, files) : name.EndsWith("zip", StringComparison.Ordinal) ? place.Zip(name, files) : place.Tar(name, files);
        Assert.Equal(["bad", "good", "neither"], Read(path));
    }

    [Fact]
    public void A_data_set_of_test_texts_alone_is_refused() =>
        Assert.Contains("test texts", Assert.Throws<DataException>(() => Read(place.Folder("corpus", ("test/neg/1.txt", "x"), ("test/pos/1.txt", "y")))).Message);

    [Fact]
    public void What_is_not_there_or_no_text_is_said()
    {
        Assert.Throws<DataException>(() => Read(place.Path("nothing.txt")));
        Assert.Contains("line 2", Assert.Throws<DataException>(() => Read(place.Write("latin.txt", [(byte)'a', (byte)'\n', 0xE9, (byte)'\n']))).Message);
        Assert.Contains("a.txt", Assert.Throws<DataException>(() => Read(WithLatin())).Message);
        Assert.Contains("no text files", Assert.Throws<DataException>(() => Read(place.Folder("bare", ("a.md", "x")))).Message);

        string WithLatin()
        {
            place.Write("corpus/a.txt", [0xE9, (byte)'a']);
            return place.Path("corpus");
        }
    }

    [Fact]
    public void The_reviews_to_train_on_are_75000() =>
        Assert.Equal(75_000, TextSource.Open(Shared.Path("data", "aclImdb_v1.tar.gz")).Read(TestContext.Current.CancellationToken).Count());

    private static string[] Read(string path) => [.. TextSource.Open(path).Read(TestContext.Current.CancellationToken)];
}
