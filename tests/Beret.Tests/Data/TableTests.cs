using System.IO.Compression;
using System.Text;
using Beret.Data;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Data;

/// <summary>CSV, TSV and JSON lines: the columns, the rows, and what is said of rows that cannot be used.</summary>
public sealed class TableTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    [Fact]
    public void ColumnsWithTellingNamesAreFoundAndSaid()
    {
        var texts = Load("a.csv", "id,sentiment,review\n1,pos,good film\n2,neg,\"bad, very bad\"\n");
        Assert.Equal(["neg", "pos"], texts.Labels);
        Assert.Equal([("good film", 1, "line 2"), ("bad, very bad", 0, "line 3")], Rows(texts));
        var note = Assert.Single(texts.Notes);
        Assert.Contains("`review`", note);
        Assert.Contains("`sentiment`", note);
    }

    [Theory]
    [InlineData(",")]
    [InlineData(";")]
    [InlineData("\t")]
    [InlineData("|")]
    public void WhatStandsBetweenTheCellsIsFound(string between)
    {
        var texts = Load("a.csv", $"text{between}label\r\n\"one{between} or \"\"two\"\"\r\nlines\"{between}a\r\nthree{between}b\r\n");
        Assert.Equal([($"one{between} or \"two\"\r\nlines", 0, "line 2"), ("three", 1, "line 4")], Rows(texts));
    }

    [Fact]
    public void InTsvQuotationMarksAreText()
    {
        var texts = Load("a.tsv", "sentence\tlabel\n\"Quoted\" and \"unclosed\t1\nplain, with comma\t0\n");
        Assert.Equal([("\"Quoted\" and \"unclosed", 1, "line 2"), ("plain, with comma", 0, "line 3")], Rows(texts));
    }

    [Fact]
    public void AFileWithoutNamesIsUnderstoodByItsContents()
    {
        var rows = string.Concat(Enumerable.Range(0, 30).Select(i => $"{i % 3},the text of number {i} is longer than its label\n"));
        var texts = Load("a.csv", rows);
        Assert.Equal(30, texts.Examples.Count);
        Assert.Equal(["0", "1", "2"], texts.Labels);
        Assert.Equal("the text of number 0 is longer than its label", texts.Examples[0].Text);
        Assert.Contains("column 2", Assert.Single(texts.Notes));
    }

    [Fact]
    public void NamesThatSayNothingAreSeenToBeNames()
    {
        var rows = string.Concat(Enumerable.Range(0, 30).Select(i => $"{(i % 2 == 0 ? "billing" : "login")},\"please help, request {i}\"\n"));
        var texts = Load("a.csv", "team,words\n" + rows);
        Assert.Equal((30, "please help, request 0"), (texts.Examples.Count, texts.Examples[0].Text));
        Assert.Equal(["billing", "login"], texts.Labels);
    }

    [Theory]
    [InlineData("words", "team")]
    [InlineData("3", "1")]
    public void ColumnsAreTakenByNameOrNumber(string text, string label)
    {
        var options = new TableOptions { Text = text, Label = label };
        var texts = Load("a.csv", "team,text,words\nx,no,yes\ny,no,yes too\n", options);
        Assert.Equal([("yes", 0, "line 2"), ("yes too", 1, "line 3")], Rows(texts));
        Assert.Empty(texts.Notes);
    }

    [Fact]
    public void PairsAreRead()
    {
        var texts = Load("a.tsv", "sentence1\tsentence2\tlabel\na\tb\tentailment\nc\td\tneutral\n");
        Assert.Equal([("a", "b"), ("c", "d")], texts.Examples.Select(example => (example.Text, example.Pair!)));
        Assert.Equal(["entailment", "neutral"], texts.Labels);
    }

    [Fact]
    public void JsonLinesHaveTheirKeysForColumns()
    {
        var texts = Load("a.jsonl", """
            {"label": 1, "text": "one"}

            {"id": 7, "text": "ten", "label": 10}
            {"text": "two", "label": 2, "more": {"a": []}}
            """);
        Assert.Equal(["1", "2", "10"], texts.Labels);
        Assert.Equal([("one", 0, "line 1"), ("ten", 2, "line 3"), ("two", 1, "line 4")], Rows(texts));
    }

    [Fact]
    public void TablesBehindGzipAndInUtf16AreReadAlike()
    {
        const string Table = "text,label\nfür,a\nnaïve,b\n";
        var expected = Rows(Load("a.csv", Table));
        using (var gzip = new GZipStream(File.Create(temporary["b.csv.gz"]), CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Table));
        }

        File.WriteAllText(temporary["c.csv"], Table, new UnicodeEncoding(bigEndian: false, byteOrderMark: true));
        File.WriteAllText(temporary["d.csv"], Table, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.All((string[])["b.csv.gz", "c.csv", "d.csv"], name => Assert.Equal(expected, Rows(DataSource.Open(temporary[name]).Load(DataSource.All, cancellationToken: TestContext.Current.CancellationToken))));
    }

    [Theory]
    [InlineData("a.csv", "text,label\na,x\nb,y,z\nc,y\n", 3, "3 cells")]
    [InlineData("a.csv", "text,label\na,x\nb\nc,y\n", 3, "1 cell,")]
    [InlineData("a.csv", "text,label\na,x\nb,\nc,y\n", 3, "no label")]
    [InlineData("a.csv", "text,label\na,x\n\"b\" b,y\nc,y\n", 3, "goes on behind")]
    [InlineData("a.csv", "text,label\na,x\nc,y\n\"d,y\n", 4, "not closed")]
    [InlineData("a.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\"\n{\"text\":\"c\",\"label\":\"y\"}", 2, "not valid JSON")]
    [InlineData("a.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n[]\n{\"text\":\"c\",\"label\":\"y\"}", 2, "no JSON object")]
    [InlineData("a.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"label\":\"x\"}\n{\"text\":\"c\",\"label\":\"y\"}", 2, "no text")]
    public void ABadRowIsNamedOrLeftOut(string name, string content, int line, string what)
    {
        var error = Assert.Throws<DataException>(() => Load(name, content));
        Assert.Contains($"line {line}: ", error.Message);
        Assert.Contains(what, error.Message);
        Assert.Contains("--on-bad-row skip", error.Message);

        var texts = Load(name, content, new TableOptions { BadRows = FaultPolicy.Skip });
        Assert.Equal(["a", "c"], texts.Examples.Select(example => example.Text));
        Assert.Contains(texts.Notes, note => note.StartsWith($"1 row left out: line {line}: ", StringComparison.Ordinal));
    }

    [Fact]
    public void WhatIsNotUtf8IsNamedWithItsLine()
    {
        File.WriteAllBytes(temporary["a.csv"], [.. "text,label\ngood,x\n"u8, 0xE9, .. ",y\n"u8]);
        Assert.Contains("line 3: a cell is not UTF-8", Assert.Throws<DataException>(() => DataSource.Open(temporary["a.csv"]).Load(DataSource.All, cancellationToken: TestContext.Current.CancellationToken)).Message);
    }

    [Theory]
    [InlineData("text,label\n", "no rows")]
    [InlineData("text,label\na,x\nb,x\n", "one class only, `x`")]
    [InlineData("team,words\na,b\nc,d\n", "which column holds the label is not clear")]
    public void WhatCannotBeUsedIsSaid(string content, string what) =>
        Assert.Contains(what, Assert.Throws<DataException>(() => Load("a.csv", content)).Message);

    [Fact]
    public void AColumnThatIsNotThereIsNamedBesideThoseThatAre()
    {
        var error = Assert.Throws<DataException>(() => Load("a.csv", "text,label\na,x\nb,y\n", new TableOptions { Label = "team" }));
        Assert.Contains("no column `team` (--label-column); Its columns are `text`, `label`", error.Message);
    }

    [Fact]
    public void IdentifiersAreNotTakenForLabels()
    {
        var rows = string.Concat(Enumerable.Range(0, 30).Select(i => $"words {i},{i}\n"));
        Assert.Contains("30 different labels in 30 rows", Assert.Throws<DataException>(() => Load("a.csv", "text,label\n" + rows)).Message);
    }

    [Fact]
    public void ACellThatNeverEndsTakesNoMoreMemoryThanATextMay()
    {
        File.WriteAllText(temporary["a.csv"], "text,label\na,x\n\"" + new string('a', 300_000));
        var options = DataOptions.Default with { MaxTextBytes = 100_000 };
        Assert.Contains("Is a quotation mark not closed?", Assert.Throws<DataException>(() => DataSource.Open(temporary["a.csv"], options).Load(DataSource.All, cancellationToken: TestContext.Current.CancellationToken)).Message);
    }

    public void Dispose() => temporary.Dispose();

    private static IEnumerable<(string, int, string)> Rows(LabelledTexts texts) => texts.Examples.Select(example => (example.Text, example.Label, example.Source));

    private LabelledTexts Load(string name, string content, TableOptions? table = null)
    {
        File.WriteAllText(temporary[name], content);
        return DataSource.Open(temporary[name], DataOptions.Default with { Table = table ?? new TableOptions() }).Load(DataSource.All, cancellationToken: TestContext.Current.CancellationToken);
    }
}
