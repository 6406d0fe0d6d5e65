using System.Diagnostics;
using Beret.Data;

namespace Beret.Tests.Data;

/// <summary>Each fault of a data set is an error, or a note, that names the file and says what to do.</summary>
public sealed class BadDataTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    [Fact]
    public void A_missing_path() =>
        Assert.All((string[])["nowhere", "nowhere.csv"], name => AssertError(() => DataSource.Open(work.Path(name)), "There is no file or folder", name, ".tar.gz"));

    [Fact]
    public void An_empty_file_in_the_place_of_an_archive() => AssertError(() => DataSource.Open(work.Write("a.tgz", "")), "a.tgz is empty");

    [Fact]
    public void A_file_that_is_no_archive() =>
        AssertError(() => DataSource.Open(work.Write("table.xls", "a,b\n1,2\n")), "table.xls is not a folder, nor an archive", "pack the folder");

    [Fact]
    public void A_folder_without_folders() =>
        AssertError(() => Load(("a.txt", "x"), ("b.txt", "y")), "holds no class folders", "it has 2 text files", "Make one folder for each class");

    [Fact]
    public void An_empty_folder() => AssertError(() => Load(), "holds no class folders", "it has no folders");

    [Fact]
    public void One_class_only() => AssertError(() => Load(("neg/a.txt", "x")), "one class only, `neg`", "folder of its own");

    [Fact]
    public void Classes_without_texts() => AssertError(() => Load(("neg/a.csv", "x"), ("pos/a.csv", "x")), "has no texts", "neg holds no .txt files");

    [Fact]
    public void A_split_that_is_not_there()
    {
        var folder = work.Folder("f", ("train/neg/a.txt", "x"), ("train/pos/a.txt", "y"));
        AssertError(() => DataSource.Open(folder).Read("test"), "has no split `test`", "it has `train`");
        AssertError(() => DataSource.Open(folder).Read("all"), "has no split `all`");
    }

    [Fact]
    public void Text_that_is_not_UTF8()
    {
        var folder = work.Folder("f", ("neg/a.txt", "x"), ("pos/a.txt", "y"));
        work.Write("f/pos/b.txt", "caf\u00E9 cr\u00E8me"u8.ToArray());
        work.Write("f/pos/c.txt", [(byte)'c', (byte)'a', (byte)'f', 0xE9, (byte)'!']);
        AssertError(() => DataSource.Open(folder).Read("all"), "pos/c.txt is not UTF-8 (byte 0xE9 at offset 3)", "iconv");
        work.Write("f/pos/d.txt", [0xFF, 0xFE, (byte)'x', 0]);
        AssertError(() => DataSource.Open(folder).Read("all"), "2 files are not UTF-8: pos/c.txt, pos/d.txt");

        var skipped = DataSource.Open(folder, new DataOptions { BadUtf8 = FaultPolicy.Skip }).Read("all");
        Assert.Equal(["neg/a.txt", "pos/a.txt", "pos/b.txt"], skipped.Examples.Select(example => example.Source));
        Assert.Contains("2 files are not UTF-8", Assert.Single(skipped.Notes));

        var kept = DataSource.Open(folder, new DataOptions { BadUtf8 = FaultPolicy.Keep }).Read("all");
        Assert.Equal("caf\uFFFD!", kept.Examples[3].Text);
    }

    [Fact]
    public void An_empty_file_is_kept_and_noted_as_TensorFlow_keeps_it()
    {
        var folder = work.Folder("f", ("neg/a.txt", "x"), ("neg/b.txt", ""), ("pos/a.txt", " \n"));
        var kept = DataSource.Open(folder).Read("all");
        Assert.Equal(["x", "", " \n"], kept.Examples.Select(example => example.Text));
        Assert.StartsWith("2 files are empty: neg/b.txt, pos/a.txt: kept", Assert.Single(kept.Notes));
        var strict = new DataOptions { EmptyTexts = FaultPolicy.Fail };
        AssertError(() => DataSource.Open(folder, strict).Read("all"), "2 files are empty: neg/b.txt, pos/a.txt", "or remove them");
        AssertError(() => DataSource.Open(folder, new DataOptions { EmptyTexts = FaultPolicy.Skip }).Read("all"), "less than two classes are left");
    }

    [Fact]
    public void Only_empty_files() => AssertError(() => Load(("neg/a.txt", ""), ("pos/a.txt", "")), "nothing but empty files (2)");

    [Fact]
    public void A_link_to_nothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "making links needs a privilege on Windows");
        var folder = work.Folder("f", ("neg/a.txt", "x"), ("pos/a.txt", "y"));
        File.CreateSymbolicLink(work.Path("f/pos/b.txt"), work.Path("gone.txt"));
        AssertError(() => DataSource.Open(folder).Read("all"), "b.txt", "cannot be read");
    }

    [Fact]
    public void A_folder_that_may_not_be_read()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "no folder is closed to this user");
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var folder = work.Folder("f", ("neg/a.txt", "x"), ("pos/a.txt", "y"));
        File.SetUnixFileMode(work.Path("f/pos"), UnixFileMode.None);
        try
        {
            AssertError(() => DataSource.Open(folder).Read("all"), "pos", "cannot be read");
        }
        finally
        {
            File.SetUnixFileMode(work.Path("f/pos"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Theory(Timeout = 20_000)]
    [InlineData("f/pos/pipe.txt", null)]
    [InlineData("pipe", "f/pos/link.txt")]
    public async Task A_pipe_in_the_place_of_a_text_does_not_hang(string pipe, string? link)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipes in folders");
        var folder = work.Folder("f", ("neg/a.txt", "x"), ("pos/a.txt", "y"));
        using (var mkfifo = Process.Start("mkfifo", work.Path(pipe)))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        if (link is not null)
        {
            File.CreateSymbolicLink(work.Path(link), work.Path(pipe));
        }

        var texts = await Task.Run(() => DataSource.Open(folder).Read("all"), TestContext.Current.CancellationToken);
        Assert.Equal(3, texts.Examples.Count);
        Assert.Contains("is empty", Assert.Single(texts.Notes));
    }

    [Fact]
    public void A_text_larger_than_the_limit()
    {
        var options = new DataOptions { MaxTextBytes = 100 };
        (string, string)[] files = [("neg/a.txt", "x"), ("pos/a.txt", new string('y', 101))];
        foreach (var path in new[] { work.Folder("f", files), work.Tar("f.tgz", files), work.Zip("f.zip", files) })
        {
            AssertError(() => DataSource.Open(path, options).Read("all"), "pos/a.txt in", "larger than 100 bytes");
        }
    }

    [Fact]
    public void A_large_file_that_is_no_text_of_the_split_does_no_harm()
    {
        var options = new DataOptions { MaxTextBytes = 100 };
        var large = new string('y', 300_000);
        (string, string)[] files = [("d/words.txt", large), ("d/train/neg/a.txt", "x"), ("d/train/pos/a.txt", "y"), ("d/train/urls.txt", large)];
        foreach (var path in new[] { work.Folder("f", files), work.Tar("f.tar", files), work.Tar("f.tgz", files), work.Zip("f.zip", files) })
        {
            Assert.Equal(2, DataSource.Open(path, options).Read("train").Examples.Count);
        }
    }

    [Fact]
    public void More_texts_than_the_limit()
    {
        (string, string)[] files = [.. Enumerable.Range(0, 50).Select(i => ($"{(i % 2 == 0 ? "neg" : "pos")}/{i}.txt", new string('y', 100)))];
        foreach (var path in new[] { work.Folder("f", files), work.Tar("f.tgz", files), work.Zip("f.zip", files) })
        {
            AssertError(() => DataSource.Open(path, new DataOptions { MaxTotalBytes = 3000 }).Read("all"), "its texts take more than 2.9 KiB");
            AssertError(() => DataSource.Open(path, new DataOptions { MaxEntries = 20 }).Read("all"), "more than 20 files and folders");
            AssertError(() => DataSource.Open(path, new DataOptions { MaxTotalBytes = 300 }).Read("all"), "file names alone");
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-0.1)]
    public void A_validation_fraction_out_of_range(double fraction) =>
        AssertError(() => DatasetSplit.TutorialSplit(Load(("neg/a.txt", "x"), ("pos/a.txt", "y")), fraction, 42), "must lie between 0 and 1");

    [Fact]
    public void A_split_that_leaves_nothing()
    {
        var texts = Load(("neg/a.txt", "x"), ("pos/a.txt", "y"));
        AssertError(() => DatasetSplit.TutorialSplit(texts, 0.2, 42), "none would be left to validate with");
        AssertError(() => DatasetSplit.TutorialSplit(texts, 0.5, -1), "The seed is -1");
    }

    private LabelledTexts Load(params (string, string)[] files) => DataSource.Open(work.Folder("data", files)).Read("all");

    private static void AssertError(Action act, params string[] parts)
    {
        var error = Assert.Throws<DataException>(act);
        Assert.All(parts, part => Assert.Contains(part, error.Message));
    }

    private static void AssertError(Func<object> act, params string[] parts) => AssertError(() => { act(); }, parts);
}
