using Beret.Data;

namespace Beret.Tests.Data;

public sealed class TextCorpusTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public async Task A_text_file_has_a_text_on_each_line() =>
        Assert.Equal(["one", "", "two"], await Read(work.Write("a.txt", "one\r\n\ntwo")));

    [Fact]
    public async Task A_file_of_JSON_lines_is_known_by_its_content() =>
        Assert.Equal(["a", "b", "c", "d"], await Read(work.Write("a", "\n{\"text\": \"a\", \"label\": 1}\n\n{\"text\": \"b\", \"pair\": \"c\"}\n{\"text\":\"d\"}")));

    [Fact]
    public async Task A_line_that_is_no_JSON_is_named()
    {
        var error = await Assert.ThrowsAsync<DataException>(() => Read(work.Write("a.jsonl", "{\"text\": \"a\"}\noops\n")));
        Assert.Contains("a.jsonl, line 2", error.Message);
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("tar")]
    [InlineData("tar.gz")]
    [InlineData("zip")]
    public async Task Of_a_data_set_with_a_test_split_only_train_is_read_and_there_what_has_no_label_too(string kind)
    {
        var path = Make(
            kind,
            ("set/test/neg/1.txt", "secret"),
            ("set/train/neg/2.txt", "b"),
            ("set/train/unsup/1.txt", "c"),
            ("set/train/pos/1.txt", "a"),
            ("set/train/urls.txt", "address"),
            ("set/notes.txt", "notes"));
        Assert.Equal(["a", "b", "c"], (await Read(path)).Order());
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("tar.gz")]
    [InlineData("zip")]
    public async Task Without_splits_every_text_file_is_a_text_but_for_hidden_ones(string kind)
    {
        var path = Make(kind, ("a.txt", "1\n2"), ("deep/er/b.TXT", "3"), ("deep/c.md", "no"), (".git/d.txt", "no"), ("__MACOSX/e.txt", "no"));
        Assert.Equal(["1\n2", "3"], (await Read(path)).Order());
    }

    [Fact]
    public async Task A_folder_is_read_in_the_order_of_its_names() =>
        Assert.Equal(["1", "2", "3"], await Read(work.Folder("f", ("b.txt", "2"), ("c/a.txt", "3"), ("a.txt", "1"))));

    [Fact]
    public async Task Several_sources_are_read_in_turn_with_their_progress()
    {
        var seen = new List<LoadProgress>();
        var corpus = new TextCorpus([work.Write("b.txt", "b"), work.Folder("f", ("x.txt", "x")), work.Write("a.txt", "a")]);
        var texts = new List<string>();
        await corpus.ReadAsync(texts.Add, new Collector(seen), TestContext.Current.CancellationToken);
        Assert.Equal(["b", "x", "a"], texts);
        Assert.True(seen.Count >= 3);
        Assert.Equal(seen.Select(progress => progress.Fraction).Order(), seen.Select(progress => progress.Fraction));
    }

    [Fact]
    public async Task What_is_not_UTF8_is_named()
    {
        byte[] latin = [(byte)'a', 0xE9];
        Assert.Contains("b.txt", (await Assert.ThrowsAsync<DataException>(() => Read(System.IO.Path.GetDirectoryName(work.Write("f/b.txt", latin))!))).Message);
        Assert.Contains("line 1", (await Assert.ThrowsAsync<DataException>(() => Read(work.Write("c.txt", latin)))).Message);
    }

    [Theory]
    [InlineData("test/neg/a.txt")]
    [InlineData("a.md")]
    public async Task A_folder_with_nothing_to_learn_from_is_refused(string file)
    {
        var error = await Assert.ThrowsAsync<DataException>(() => Read(work.Folder("f", (file, "x"))));
        Assert.Contains("no .txt files", error.Message);
    }

    [Fact]
    public void A_path_that_is_not_there_is_refused_before_anything_is_read() =>
        Assert.Contains("nowhere", Assert.Throws<DataException>(() => new TextCorpus([work.Write("a.txt", "a"), work.Path("nowhere")])).Message);

    [Fact]
    public async Task Reading_can_be_stopped() => await Assert.ThrowsAnyAsync<OperationCanceledException>(
        () => new TextCorpus([work.Folder("f", ("a.txt", "a"))]).ReadAsync(_ => { }, cancellationToken: new CancellationToken(canceled: true)));

    private static async Task<List<string>> Read(string path)
    {
        var texts = new List<string>();
        await new TextCorpus([path]).ReadAsync(texts.Add, cancellationToken: TestContext.Current.CancellationToken);
        return texts;
    }

    private string Make(string kind, params (string Path, string Text)[] files) => kind switch
    {
        "folder" => work.Folder("set", files),
        "zip" => work.Zip("set.zip", files),
        _ => work.Tar($"set.{kind}", files),
    };

    private sealed class Collector(List<LoadProgress> seen) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => seen.Add(value);
    }
}
