using System.Globalization;
using System.Text;
using Beret.Data;

namespace Beret.Tests.Data;

/// <summary>Tables whose texts lie on disk give what those in memory give.</summary>
public sealed class StoredTextsTests : IDisposable
{
    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    public static TheoryData<string, string> Tables => new()
    {
        { "classes.csv", "text,label\ngood film,pos\n\"bad,\npoor\",neg\nfür 🎬,pos\n,neg\n" },
        { "pairs.tsv", "sentence1\tsentence2\tlabel\na\tb\t2\nc\t\t10\nd\te\t2\n" },
        { "sets.jsonl", "{\"text\":\"a\",\"labels\":[\"x\",\"y\"]}\n{\"text\":\"b\",\"labels\":[]}\n{\"text\":\"c\",\"labels\":[\"z\",\"x\"]}\n" },
        { "numbers.csv", "text,score\na,1.5\nb,-2\nc,0.25\nd,7\n" },
        { "faults.csv", "text,label\ngood film,pos\nno label,\ntoo,many,cells\nbad,neg\n" },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void EveryKindOfTableIsTheSame(string name, string table)
    {
        var path = work.Write(name, table);
        AssertSame(Read(TextPlace.Memory, path), Read(TextPlace.Disk, path));
    }

    [Fact]
    public void SoAreSeveralTablesAndPartsOfThem()
    {
        string[] paths = [work.Write("a.csv", "text,label,by\ngood film,pos,ann\nbad,neg,bob\n"), work.Write("b.csv", "label,by,text\npos,cid,fine\nodd,ann,so so\nneg,bob,dull\n")];
        var options = new TableOptions { Group = "by" };
        var (held, stored) = (Read(TextPlace.Memory, options, paths), Read(TextPlace.Disk, options, paths));
        AssertSame(held, stored);
        Assert.Equal("b.csv, line 3", Path.GetFileName(stored.Examples[3].Source));
        Assert.Equal(["ann", "bob", "cid", "ann", "bob"], stored.Examples.Select(example => example.Group!));
        AssertSame(held.Subset([4, 0, 4]), stored.Subset([4, 0, 4]));
        AssertSame(held.Subset([4, 0, 2]).Subset([2, 1]).As(LabelKind.Set), stored.Subset([4, 0, 2]).Subset([2, 1]).As(LabelKind.Set));
        string[] labels = ["pos", "neg", "none", "odd"];
        AssertSame(held.WithLabels(labels).Subset([3]), stored.WithLabels(labels).Subset([3]));
        AssertSame(held.Subset([3]).WithLabels(labels), stored.Subset([3]).WithLabels(labels));
        AssertSame(DatasetSplit.Of(held, SplitMethod.Grouped, 0.5, 1).Train, DatasetSplit.Of(stored, SplitMethod.Grouped, 0.5, 1).Train);
        AssertSame(DatasetSplit.Of(held, SplitMethod.Stratified, 0.4, 1).Validation, DatasetSplit.Of(stored, SplitMethod.Stratified, 0.4, 1).Validation);
    }

    [Fact]
    public void AnExampleWithAnotherTextKeepsTheRest()
    {
        var stored = Read(TextPlace.Disk, work.Write("a.tsv", "text\tpair\tlabel\na\tb\tx\nc\td\ty\n")).Examples[1];
        Assert.Equal(("new", "d", 1, "line 3"), Facts(stored with { Text = "new" }));
        Assert.Equal(("c", null, 1, "line 3"), Facts(stored with { Pair = null }));
        Assert.Equal(("c", "d", 0, "here"), Facts(stored with { Label = 0, Source = "here" }));

        static (string, string?, int, string) Facts(Example example) => (example.Text, example.Pair, example.Label, example.Source);
    }

    /// <summary>By itself the table goes to the disk once it is more than what may be held, and the memory does not grow with it; and the file has no name.</summary>
    [Fact]
    public void ManyTextsTakeLittleMemoryAndLeaveNothing()
    {
        const int Rows = 20_000;
        var path = work.Path("large.jsonl");
        using (var writer = new StreamWriter(path))
        {
            for (var i = 0; i < Rows; i++)
            {
                writer.Write("{\"text\":\"");
                writer.Write(Filler(i));
                writer.WriteLine($"\",\"label\":\"{i % 3}\"}}");
            }
        }

        var options = new DataOptions { MostInMemory = 4 << 20, DiskFolder = work.Path("disk") };
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var texts = DataSource.Open(path, options).Read(DataSource.All);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(Rows, texts.Examples.Count);
        Assert.True(new FileInfo(path).Length > 40_000_000);
        Assert.True(grown < 6_000_000, $"{grown} bytes");
        Assert.Equal(Filler(12_345), texts.Examples[12_345].Text);
        Assert.Equal(Filler(7), texts.Examples[7].Text);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Empty(Directory.EnumerateFileSystemEntries(work.Path("disk")));
        }

        static string Filler(int i) => string.Concat(Enumerable.Repeat(string.Create(CultureInfo.InvariantCulture, $"review {i} says so much and no more; "), 60));
    }

    [Fact]
    public void WhatIsTooMuchForTheMemoryAloneSaysSo()
    {
        var path = work.Write("a.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"a text of some length,{i % 2}\n")));
        var error = Assert.Throws<DataException>(() => DataSource.Open(path, new DataOptions { Place = TextPlace.Memory, MaxTotalBytes = 10_000 }).Read(DataSource.All));
        Assert.Contains("more than 9.8 KiB of text", error.Message);
        Assert.Contains("--on-disk never", error.Message);
    }

    [Fact]
    public void ADiskThatTakesNothingIsNamed()
    {
        var path = work.Write("a.csv", "text,label\na,x\nb,y\n");
        var file = work.Write("file", "in the way");
        var error = Assert.Throws<DataException>(() => DataSource.Open(path, new DataOptions { Place = TextPlace.Disk, DiskFolder = Path.Combine(file, "texts") }).Read(DataSource.All));
        Assert.Contains(file, error.Message);
        Assert.Contains("BERET_CACHE", error.Message);
    }

    /// <summary>Keys that no object has at the beginning of a file are found where they are asked for.</summary>
    [Fact]
    public void KeysThatComeLateAreFound()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 3000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{{\"title\":\"t{i}\",\"label\":\"{i % 2}\"{(i >= 2000 ? $",\"abstract\":\"long {i}\"" : "")}}}\n");
        }

        var path = work.Write("late.jsonl", text.ToString());
        var texts = Read(TextPlace.Disk, new TableOptions { Text = "abstract", BadRows = FaultPolicy.Skip }, path);
        Assert.Equal(1000, texts.Examples.Count);
        Assert.Equal("long 2999", texts.Examples[^1].Text);
        Assert.Contains(texts.Notes, note => note.Contains("2,000 rows left out", StringComparison.Ordinal) || note.Contains("2000 rows left out", StringComparison.Ordinal));
    }

    [Fact]
    public void TheShareThatIsReadIsTold()
    {
        var path = work.Write("a.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 50_000).Select(i => $"a text of some length {i},{i % 2}\n")));
        var shares = new List<double>();
        DataSource.Open(path).Load(DataSource.All, new Told(state => shares.Add(state.Fraction)), TestContext.Current.CancellationToken);
        Assert.True(shares.Count > 5);
        Assert.Equal(shares.Order(), shares);
        Assert.InRange(shares[shares.Count / 2], 0.3, 0.7);
        Assert.InRange(shares[^1], 0.8, 1);
    }

    private LabelledTexts Read(TextPlace place, params string[] paths) => Read(place, new TableOptions { BadRows = FaultPolicy.Skip }, paths);

    private LabelledTexts Read(TextPlace place, TableOptions table, params string[] paths) =>
        DataSource.Open(paths, new DataOptions { Place = place, DiskFolder = work.Path("disk"), Table = table }).Read(DataSource.All);

    private static void AssertSame(LabelledTexts expected, LabelledTexts actual)
    {
        Assert.Equal(expected.Kind, actual.Kind);
        Assert.Equal(expected.Labels, actual.Labels);
        Assert.Equal(expected.Counts, actual.Counts);
        Assert.Equal(expected.Notes, actual.Notes);
        Assert.Equal(expected.Examples.Count, actual.Examples.Count);
        foreach (var (one, other) in expected.Examples.Zip(actual.Examples))
        {
            Assert.Equal((one.Text, one.Pair, one.Label, one.Value, one.Group, one.Source), (other.Text, other.Pair, other.Label, other.Value, other.Group, other.Source));
            Assert.Equal(one.Labels, other.Labels);
        }

        Assert.Equal(expected.Fingerprint, actual.Fingerprint);
    }

    private sealed class Told(Action<LoadProgress> told) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => told(value);
    }
}
