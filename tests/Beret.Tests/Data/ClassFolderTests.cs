using System.Formats.Tar;
using Beret.Data;

namespace Beret.Tests.Data;

public sealed class ClassFolderTests : IDisposable
{
    private static readonly (string Path, string Text)[] Reviews =
    [
        ("aclImdb/README", "read me"),
        ("aclImdb/imdbEr.txt", "0.0490972013402"),
        ("aclImdb/test/neg/0_2.txt", "dull"),
        ("aclImdb/test/pos/0_10.txt", "great"),
        ("aclImdb/train/urls_neg.txt", "http://example.org"),
        ("aclImdb/train/pos/1000_4.txt", "fine"),
        ("aclImdb/train/pos/10000_4.txt", "good"),
        ("aclImdb/train/neg/2_1.txt", "bad"),
        ("aclImdb/train/neg/10_1.txt", "awful"),
        ("aclImdb/train/unsup/0_0.txt", "?"),
    ];

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    public static TheoryData<string> Kinds => ["folder", "reviews.tar.gz", "reviews.tgz", "reviews.tar", "reviews.zip"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Train_and_test_are_splits_in_every_kind_of_container(string kind)
    {
        var source = Open(kind, Reviews);
        Assert.Equal(["train", "test"], source.Splits(TestContext.Current.CancellationToken));
        var train = source.Read("train");
        Assert.Equal(["neg", "pos"], train.Labels);
        Assert.Equal(["train/neg/10_1.txt", "train/neg/2_1.txt", "train/pos/10000_4.txt", "train/pos/1000_4.txt"], Sources(train));
        Assert.Equal(["awful", "bad", "good", "fine"], train.Examples.Select(example => example.Text));
        Assert.Equal([0, 0, 1, 1], train.Examples.Select(example => example.Label));
        Assert.Equal(["train/unsup (1 text without a label) is not a class and is left out."], train.Notes);
        Assert.Equal(["dull", "great"], source.Read("test").Examples.Select(example => example.Text));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_fingerprint_is_that_of_the_texts_and_not_of_the_container(string kind) =>
        Assert.Equal(Open("first", Reviews).Read("train").Fingerprint, Open(kind, Reviews).Read("train").Fingerprint);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Class_folders_alone_are_one_split(string kind)
    {
        var source = Open(kind, ("bug/1.txt", "it breaks"), ("question/1.txt", "how?"), ("wish/1.txt", "if only"));
        Assert.Equal(["all"], source.Splits(TestContext.Current.CancellationToken));
        Assert.Equal(["bug", "question", "wish"], source.Read("all").Labels);
        Assert.Equal(["bug/1.txt", "question/1.txt", "wish/1.txt"], Sources(source.Read("all")));
        var test = source.Read("test");
        Assert.Equal(3, test.Examples.Count);
        Assert.Contains("no train and test folders", Assert.Single(test.Notes));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_class_may_be_called_test(string kind)
    {
        var texts = Open(kind, ("test/1.txt", "a"), ("train/1.txt", "b"), ("unsup/1.txt", "c")).Read("train");
        Assert.Equal(["test", "train", "unsup"], texts.Labels);
        Assert.Equal(["a", "b", "c"], texts.Examples.Select(example => example.Text));
    }

    [Fact]
    public void Files_below_a_class_are_ordered_by_folder_and_name_as_Keras_does()
    {
        string[] files = ["a/z.txt", "a/B.TXT", "a/x/a.txt", "a/x-y/a.txt", "a/x/y/a.txt", "a/data.csv", "b/\U0001F600.txt", "b/\uFF21.txt"];
        var texts = Open("folder", [.. files.Select(file => (file, "x"))]);

        // "x-y" sorts before "x/y"; and by code point U+FF21 before U+1F600, whose UTF-16 form begins with D83D.
        string[] expected = ["a/B.TXT", "a/z.txt", "a/x/a.txt", "a/x-y/a.txt", "a/x/y/a.txt", "b/\uFF21.txt", "b/\U0001F600.txt"];
        Assert.Equal(expected, Sources(texts.Read("all")));
    }

    [Fact]
    public void Hidden_and_empty_folders_are_no_classes()
    {
        string[] files = [".git/a.txt", "__MACOSX/a.txt", "neg/a.txt", "neg/._a.txt", "pos/a.txt", "images/a.png"];
        var texts = Open("folder", [.. files.Select(file => (file, "x"))]).Read("all");
        Assert.Equal(["neg", "pos"], texts.Labels);
        Assert.Equal(2, texts.Examples.Count);
        Assert.Contains("images holds no .txt files and is left out.", texts.Notes);
        Assert.Contains(texts.Notes, note => note.Contains("._*"));
    }

    [Fact]
    public void A_folder_beside_train_and_test_is_left_out_and_said()
    {
        var texts = Open("folder", ("train/neg/a.txt", "x"), ("train/pos/a.txt", "y"), ("dev/neg/a.txt", "z"), ("docs/a.txt", "z")).Read("train");
        Assert.Equal(["x", "y"], texts.Examples.Select(example => example.Text));
        Assert.Equal(["dev is neither train nor test and is left out."], texts.Notes);
    }

    [Fact]
    public void The_text_is_the_bytes_of_the_file()
    {
        var texts = Open("folder", ("a/1.txt", "\uFEFFone\r\ntwo\n"), ("b/1.txt", "x")).Read("all");
        Assert.Equal("\uFEFFone\r\ntwo\n", texts.Examples[0].Text);
    }

    [Fact]
    public void Progress_ends_at_one()
    {
        var told = new List<LoadProgress>();
        Open("reviews.tar.gz", Reviews).Load("train", new Listener(told.Add), TestContext.Current.CancellationToken);
        Assert.Equal(1, told[^1].Fraction);
        Assert.All(told, progress => Assert.InRange(progress.Fraction, 0, 1));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Loading_can_be_cancelled(string kind)
    {
        var source = Open(kind, Reviews);
        Assert.Throws<OperationCanceledException>(() => source.Load("train", progress: null, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_link_to_a_class_folder_is_followed_and_one_that_leads_up_is_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "making links needs a privilege on Windows");
        var elsewhere = work.Folder("elsewhere", ("1.txt", "from elsewhere"));
        var folder = work.Folder("folder", ("neg/1.txt", "x"), ("neg/2.txt", "y"));
        Directory.CreateSymbolicLink(work.Path("folder/pos"), elsewhere);
        Directory.CreateSymbolicLink(work.Path("folder/neg/up.d"), folder);
        Assert.Equal(["x", "y", "from elsewhere"], DataSource.Open(folder).Read("all").Examples.Select(example => example.Text));
    }

    [Fact]
    public async Task A_name_is_resolved_and_a_path_comes_first()
    {
        var folder = work.Folder("reviews", Reviews);
        var asked = new List<string>();
        Task<string?> Resolve(string name, CancellationToken token)
        {
            asked.Add(name);
            return Task.FromResult(name == "imdb" ? folder : null);
        }

        var cancellation = TestContext.Current.CancellationToken;
        Assert.Equal(folder, (await DataSource.OpenAsync("imdb", Resolve, cancellationToken: cancellation)).Origin);
        Assert.Equal(folder, (await DataSource.OpenAsync(folder, Resolve, cancellationToken: cancellation)).Origin);
        Assert.Equal(["imdb"], asked);
        var error = await Assert.ThrowsAsync<DataException>(() => DataSource.OpenAsync("imbd", Resolve, cancellationToken: cancellation));
        Assert.Contains("imbd is neither a file or folder nor a data set known by name", error.Message);
    }

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public void Every_form_of_tar_is_read(TarEntryFormat format)
    {
        var longName = format == TarEntryFormat.V7 ? "neg/short.txt" : $"neg/{new string('d', 90)}/{new string('n', 90)}.txt";
        var wide = format is TarEntryFormat.V7 or TarEntryFormat.Ustar ? "pos/plain.txt" : "pos/übergröße-日本.txt";
        var texts = DataSource.Open(work.Tar("a.tar.gz", format, (longName, new string('x', 1024)), (wide, "y"))).Read("all");
        Assert.Equal([longName, wide], Sources(texts));
        Assert.Equal([1024, 1], texts.Examples.Select(example => example.Text.Length));
    }

    private static string[] Sources(LabelledTexts texts) => [.. texts.Examples.Select(example => example.Source)];

    private DataSource Open(string kind, params (string Path, string Text)[] files) => DataSource.Open(Path.GetExtension(kind) switch
    {
        "" => work.Folder(kind, files),
        ".zip" => work.Zip(kind, files),
        _ => work.Tar(kind, files),
    });

    private sealed class Listener(Action<LoadProgress> tell) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => tell(value);
    }
}
