using System.Formats.Tar;
using System.Text;
using Beret.Data;

namespace Beret.Tests.Data;

/// <summary>The shapes that tables come in: JSON, UTF-16, archives, streams, several files and patterns.</summary>
public sealed class TableShapesTests : IDisposable
{
    private const string Csv = "text,label\ngood film,pos\n\"bad, poor\",neg\nfür,pos\n";
    private const string Tsv = "text\tlabel\ngood film\tpos\nbad, poor\tneg\nfür\tpos\n";
    private const string Lines = "{\"text\":\"good film\",\"label\":\"pos\"}\n{\"text\":\"bad, poor\",\"label\":\"neg\"}\n{\"text\":\"für\",\"label\":\"pos\"}\n";
    private const string Array = "[\n {\"text\":\"good film\",\"label\":\"pos\"},\n {\"text\":\"bad, poor\",\n  \"label\":\"neg\"}, {\"label\":\"pos\",\"text\":\"f\\u00fcr\"}\n]\n";

    private static readonly (string, string)[] Expected = [("good film", "pos"), ("bad, poor", "neg"), ("für", "pos")];

    private readonly Workplace work = new();

    public void Dispose() => work.Dispose();

    public static TheoryData<string, string> Shapes => new() { { "a.csv", Csv }, { "a.tsv", Tsv }, { "a.jsonl", Lines }, { "a.json", Array } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void EveryFormatIsReadInUtf8AndUtf16PlainAndBehindGzip(string name, string table)
    {
        foreach (var encoding in (Encoding[])[new UTF8Encoding(false), new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true)])
        {
            byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(table)];
            Assert.Equal(Expected, Rows(work.Write(name, bytes)));
            Assert.Equal(Expected, Rows(work.Write($"{name}.gz", Workplace.Gzip(bytes))));
        }
    }

    [Fact]
    public void AnObjectMayHoldTheArrayAndAJsonFileJsonLines()
    {
        Assert.Equal(Expected, Rows(work.Write("a.json", $"{{\"version\": [1, 2], \"about\": {{\"rows\": [{{}}]}}, \"data\": {Array}, \"none\": []}}")));
        Assert.Equal(Expected, Rows(work.Write("b.json", Lines)));
        Assert.Equal(["line 2", "line 3", "line 4"], Read(work.Write("c.json", Array)).Examples.Select(example => example.Source));
    }

    [Theory]
    [InlineData("{\"a\": [{\"text\": \"x\", \"label\": 1}], \"b\": [{\"text\": \"y\"}]}", "several arrays of objects, `a` and `b`")]
    [InlineData("{\"a\": [1, 2]}", "without an array of objects")]
    [InlineData("\"text\"", "neither a JSON array of objects")]
    [InlineData("[{\"text\": \"a\", \"label\": \"x\"},\n{\"text\": \"b\", \"lab", "line 2: the file ends within what begins here")]
    [InlineData("[{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\"}]", "line 2: it is not valid JSON: there is no `,`")]
    [InlineData("[{\"text\": \"a\", \"label\": \"x\"},\n]", "line 2: it is not valid JSON: nothing follows a comma")]
    [InlineData("[{\"text\": \"a\", \"label\": \"x\"}]\n[]", "line 2: it is not valid JSON: something follows")]
    public void JsonThatIsNoTableIsNamedWithItsLine(string json, string what) => AssertError(work.Write("a.json", json), "a.json", what);

    [Theory]
    [InlineData("[{\"text\":\"a\",\"label\":\"x\"},\n7,\n{\"text\":\"c\",\"label\":\"y\"}]", "it is no JSON object")]
    [InlineData("[{\"text\":\"a\",\"label\":\"x\"},\n{\"text\" \"b\"},\n{\"text\":\"c\",\"label\":\"y\"}]", "it is not valid JSON")]
    [InlineData("[{\"text\":\"a\",\"label\":\"x\"},\n{\"text\":\"b\"},\n{\"text\":\"c\",\"label\":\"y\"}]", "it has no label")]
    public void ABadRowOfAnArrayIsNamedOrLeftOut(string json, string what)
    {
        AssertError(work.Write("a.json", json), "a.json, line 2: ", what, "--on-bad-row skip");
        var texts = Read(work.Path("a.json"), new TableOptions { BadRows = FaultPolicy.Skip });
        Assert.Equal(["a", "c"], texts.Examples.Select(example => example.Text));
        Assert.Contains(texts.Notes, note => note.StartsWith("1 row left out: line 2: ", StringComparison.Ordinal));
    }

    [Fact]
    public void ARowOfJsonThatNeverEndsTakesNoMoreMemoryThanATextMay()
    {
        work.Write("a.json", "[{\"text\":\"" + new string('a', 300_000) + "\",\"label\":1}]");
        var options = DataOptions.Default with { MaxTextBytes = 100_000 };
        Assert.Contains("line 1: a row is longer", Assert.Throws<DataException>(() => DataSource.Open(work.Path("a.json"), options).Read(DataSource.All)).Message);
    }

    [Fact]
    public void HalfASurrogatePairInUtf16IsABadRowOfItsLine() =>
        AssertError(work.Write("a.tsv", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("text\tlabel\ngood\tx\nb"), 0x3D, 0xD8, .. Encoding.Unicode.GetBytes("\ty\n")]), "line 3: ", "not UTF-8");

    [Fact]
    public void BytesOfJsonLinesThatAreNotUtf8AreABadRow()
    {
        work.Write("a.jsonl", [.. "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\""u8, 0xE9, .. "\",\"label\":\"x\"}\n{\"text\":\"c\",\"label\":\"y\"}"u8]);
        AssertError(work.Path("a.jsonl"), "line 2: ");
        Assert.Equal(2, Read(work.Path("a.jsonl"), new TableOptions { BadRows = FaultPolicy.Skip }).Examples.Count);
    }

    [Fact]
    public void ArchivesAndFoldersHoldTables()
    {
        Assert.All(
            (string[])
            [
                work.Zip("a.zip", ("inner/a.csv", Csv), ("readme.txt", "about")), work.Tar("a.tar", ("a.jsonl", Lines)), work.Tar("a.tar.gz", TarEntryFormat.Pax, ("./deep/a.tsv", Tsv), ("__MACOSX/._a.tsv", "x")),
                work.Folder("folder", ("a.json", Array), ("notes.txt", "about")),
            ],
            path => Assert.Equal(Expected, Rows(path)));
    }

    [Fact]
    public void SeveralTablesOfAnArchiveAreOneAndEachRowIsToldByItsOwn()
    {
        foreach (var path in (string[])[work.Zip("a.zip", ("may.csv", Csv), ("june.csv", "label,text\nneg,dull\n")), work.Tar("a.tgz", ("may.csv", Csv), ("june.csv", "label,text\nneg,dull\n"))])
        {
            var texts = Read(path);
            Assert.Equal([.. Expected, ("dull", "neg")], texts.Examples.Select(example => (example.Text, texts.Labels[example.Label])));
            Assert.Equal(["may.csv, line 2", "may.csv, line 3", "may.csv, line 4", "june.csv, line 2"], texts.Examples.Select(example => example.Source));
        }
    }

    [Fact]
    public void ABadRowOfAMemberIsNamedWithTheMember()
    {
        AssertError(work.Zip("a.zip", ("may.csv", Csv), ("june.csv", "text,label\nfine\n")), "a.zip/june.csv, line 2: it has 1 cell");
        AssertError(work.Tar("a.tar.gz", ("may.csv", Csv), ("june.csv", "text,label\nfine,\n")), "a.tar.gz/june.csv, line 2: it has no label");
        var texts = Read(work.Path("a.zip"), new TableOptions { BadRows = FaultPolicy.Skip });
        Assert.Contains(texts.Notes, note => note.StartsWith("1 row left out: june.csv, line 2: ", StringComparison.Ordinal));
    }

    [Fact]
    public void TablesOfAnArchiveThatAreCalledAfterPartsArePartsOfIt()
    {
        var source = DataSource.Open(work.Zip("a.zip", ("set/train.csv", Csv), ("set/test.csv", "text,label\nodd,neg\nnice,pos\n"), ("set/dev.csv", "text,label\nwell,pos\nill,neg\n"), ("set/extra.csv", Csv)));
        Assert.Equal(["train", "validation", "test"], source.Splits(TestContext.Current.CancellationToken));
        Assert.Equal(("validation", "test"), (source.ValidationSplit, source.EvaluationSplit));
        Assert.Equal(3, source.Read("train").Examples.Count);
        Assert.Equal(["odd", "nice"], source.Read("test").Examples.Select(example => example.Text));
        Assert.Contains(source.Read("train").Notes, note => note.Contains("set/extra.csv", StringComparison.Ordinal) && note.Contains("left out", StringComparison.Ordinal));
        Assert.Contains("no split `all`", Assert.Throws<DataException>(() => source.Read("all")).Message);
    }

    [Fact]
    public void ADamagedArchiveIsSaid()
    {
        var zip = File.ReadAllBytes(work.Zip("a.zip", ("a.csv", string.Concat(Enumerable.Repeat(Csv, 50)))));
        zip[60] ^= 0x55;
        AssertError(work.Write("b.zip", zip), "b.zip/a.csv cannot be read");
        var gzip = Workplace.Gzip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Csv, 50))));
        gzip[20] ^= 0x55;
        AssertError(work.Write("c.csv.gz", gzip), "c.csv.gz cannot be read");
    }

    [Fact]
    public void PatternsAndSeveralPathsAreOneDataSetInAFixedOrderAndEachTableOnce()
    {
        work.Folder("in", ("b.csv", "text,label\n3,x\n4,y\n"), ("a.csv", "text,label\n1,x\n2,y\n"), (".hidden.csv", "text,label\n0,z\n"), ("deep/c.csv", "label,text\nx,5\n"), ("other.tsv", "text\tlabel\n6\ty\n"));
        Assert.Equal(["1", "2", "3", "4"], Texts("in/*.csv"));
        Assert.Equal(["3", "4", "1", "2"], Texts("in/b.csv", "in/?.csv"));
        Assert.Equal(["1", "2", "3", "4", "5"], Texts("in/**/*.csv"));
        Assert.Equal(["6", "5"], Texts("in/other.tsv", "in/d*/c.csv"));
        Assert.Contains("no file matches", Assert.Throws<DataException>(() => Texts("in/*.jsonl")).Message);

        IEnumerable<string> Texts(params string[] patterns) =>
            DataSource.Open([.. patterns.Select(work.Path)]).Read(DataSource.All).Examples.Select(example => example.Text);
    }

    [Theory]
    [InlineData("b.csv", "text,team\nfine,pos\n", "`text`, `team`")]
    [InlineData("b.csv", "text,label,more\nfine,pos,1\n", "`more`")]
    [InlineData("b.jsonl", "{\"text\": \"a\"}\n", "`text`")]
    public void ATableWithOtherColumnsIsNamed(string name, string table, string columns)
    {
        work.Write("a.csv", Csv);
        var error = Assert.Throws<DataException>(() => DataSource.Open([work.Path("a.csv"), work.Write(name, table)]).Read(DataSource.All));
        Assert.Contains($"{name} has other columns", error.Message);
        Assert.Contains(columns, error.Message);
        Assert.Contains($"a.csv (`text`, `label`)", error.Message);
    }

    [Fact]
    public void OnlyTablesCanBePutTogether()
    {
        work.Write("a.csv", Csv);
        var folder = work.Folder("classes", ("neg/1.txt", "a"), ("pos/1.txt", "b"));
        Assert.Contains("classes is no table", Assert.Throws<DataException>(() => DataSource.Open([work.Path("a.csv"), folder])).Message);
    }

    [Fact]
    public void AFormatIsSaidOfAStreamOrOfAFileWhoseNameDoesNotSayIt()
    {
        var options = DataOptions.Default with { Format = "jsonl" };
        var texts = DataSource.Open(new MemoryStream(Encoding.UTF8.GetBytes(Lines)), "standard input", options).Read(DataSource.Train);
        Assert.Equal(Expected, texts.Examples.Select(example => (example.Text, texts.Labels[example.Label])));
        Assert.Equal(Expected.Length, DataSource.Open(work.Write("table.txt", Lines), options).Read(DataSource.All).Examples.Count);
        Assert.Equal(Expected.Length, DataSource.Open(work.Write("table", Workplace.Gzip(Encoding.UTF8.GetBytes(Lines))), options).Read(DataSource.All).Examples.Count);
        Assert.Contains("add --format", Assert.Throws<DataException>(() => DataSource.Open(Stream.Null, "standard input", DataOptions.Default)).Message);
    }

    [Fact]
    public void GroupsAreReadAndARowWithoutOneIsABadRow()
    {
        work.Write("a.csv", "text,label,author\na,x,ann\nb,y,bob\nc,x,\n");
        AssertError(work.Path("a.csv"), new TableOptions { Group = "author" }, "line 4: it has no group");
        var texts = Read(work.Path("a.csv"), new TableOptions { Group = "author", BadRows = FaultPolicy.Skip });
        Assert.Equal(["ann", "bob"], texts.Examples.Select(example => example.Group));
    }

    private static LabelledTexts Read(string path, TableOptions? table = null) =>
        DataSource.Open(path, DataOptions.Default with { Table = table ?? new TableOptions() }).Read(DataSource.All);

    private static IEnumerable<(string, string)> Rows(string path)
    {
        var texts = Read(path);
        return texts.Examples.Select(example => (example.Text, texts.Labels[example.Label]));
    }

    private static void AssertError(string path, params string[] parts) => AssertError(path, new TableOptions(), parts);

    private static void AssertError(string path, TableOptions table, params string[] parts)
    {
        var error = Assert.Throws<DataException>(() => Read(path, table));
        Assert.All(parts, part => Assert.Contains(part, error.Message));
    }
}
