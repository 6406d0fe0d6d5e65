using System.IO.Compression;
using Beret.Data;
using Beret.Tests.Training;

namespace Beret.Tests.Data;

/// <summary>The nine tasks of GLUE as their published folders and archives hold them.</summary>
public sealed class GlueTests : IDisposable
{
    private readonly TinyWorld world = new();

    public static TheoryData<string> Names => [.. GlueTask.All.Select(task => task.Name)];

    public void Dispose() => world.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void AFolderIsRecognizedByItsNameAndReadAsItIs(string name)
    {
        var task = GlueTask.Find(name)!;
        var source = Assert.IsType<GlueSource>(DataSource.Open(GlueWorld.Write(world, task.Folder)));
        Assert.Equal(task, source.Task);
        Assert.Equal([DataSource.Train, .. task.Validation, .. task.Submission.Select(part => part.Split)], source.Splits(Stop));
        Assert.Equal(task.Validation[0], source.ValidationSplit);
        Assert.Equal(task.Validation[0], source.EvaluationSplit);

        var (train, dev) = (source.Load(DataSource.Train, cancellationToken: Stop), source.Load("dev", cancellationToken: Stop));
        Assert.Equal(name is "glue/mnli" or "glue/qqp" ? 59 : 60, train.Examples.Count);
        Assert.Equal(name is "glue/mnli" or "glue/qqp" ? 19 : 20, dev.Examples.Count);
        Assert.Equal((task.Kind, task.Labels), (train.Kind, train.Labels));
        Assert.All(train.Counts, count => Assert.True(count > 0));
        var (text, other) = (TinyWorld.Texts(60).Examples[0], TinyWorld.Texts(60, 11).Examples[0]);
        Assert.Equal($"\"{text.Text}", train.Examples[0].Text);
        Assert.Equal(task.PairColumn is null ? null : other.Text, train.Examples[0].Pair);
        Assert.Equal($"train, line {(name == "glue/cola" ? 1 : 2)}", train.Examples[0].Source);
        if (task.PairColumn is null)
        {
            Assert.Equal(text.Label, train.Examples[0].Label);
        }

        foreach (var (split, _) in task.Submission)
        {
            var texts = source.Unlabelled(split, Stop);
            Assert.Equal(Enumerable.Range(0, 20), texts.Select(one => int.Parse(one.Index)));
            Assert.StartsWith("\"", texts[0].Text, StringComparison.Ordinal);
            Assert.Equal(task.PairColumn is null, texts[0].Pair is null);
            Assert.Throws<DataException>(() => source.Load(split, cancellationToken: Stop));
        }
    }

    [Fact]
    public void AnArchiveIsReadWithoutBeingUnpacked()
    {
        var folder = GlueWorld.Write(world, "CoLA");
        var archive = world.Output("CoLA.zip");
        ZipFile.CreateFromDirectory(folder, archive, CompressionLevel.Fastest, includeBaseDirectory: true);
        var packed = DataSource.Open(archive, new DataOptions { Format = "glue/cola" }).Load(DataSource.Train, cancellationToken: Stop);
        Assert.Equal(DataSource.Open(folder).Load(DataSource.Train, cancellationToken: Stop).Fingerprint, packed.Fingerprint);
    }

    [Fact]
    public void ParaphrasesAreReadAsMicrosoftPublishedThem()
    {
        var folder = world.Output("MRPC");
        Directory.CreateDirectory(folder);
        const string Header = "\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n";
        File.WriteAllText(Path.Combine(folder, "msr_paraphrase_train.txt"), Header + "1\t702876\t702977\tHe said \"no.\tHe said: no.\r\n0\t1\t2\ta\tb\r\n");
        File.WriteAllText(Path.Combine(folder, "msr_paraphrase_test.txt"), Header + "1\t3\t4\tc\td\r\n");
        var source = DataSource.Open(folder);
        var train = source.Load(DataSource.Train, cancellationToken: Stop);
        Assert.Equal([("He said \"no.", "He said: no.", 1), ("a", "b", 0)], train.Examples.Select(example => (example.Text, example.Pair!, example.Label)));
        Assert.Equal("c", Assert.Single(source.Load("dev", cancellationToken: Stop).Examples).Text);
        Assert.Equal("c", Assert.Single(source.Load("test", cancellationToken: Stop).Examples).Text);
    }

    [Fact]
    public void JudgesWhoDisagreeAndRowsThatAreCutAreSaid()
    {
        var mnli = DataSource.Open(GlueWorld.Write(world, "MNLI")).Load(DataSource.Train, cancellationToken: Stop);
        Assert.Contains("line 9: its judges did not agree on a label", Assert.Single(mnli.Notes), StringComparison.Ordinal);
        var qqp = DataSource.Open(GlueWorld.Write(world, "QQP")).Load(DataSource.Train, cancellationToken: Stop);
        Assert.Contains("line 7: it has 2 cells only", Assert.Single(qqp.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANameAloneIsNoFolder() => Assert.Contains(
        "--format glue/sst2",
        (await Assert.ThrowsAsync<DataException>(() => DataSource.OpenAsync("glue/sst2", (_, _) => Task.FromResult<string?>(null), cancellationToken: Stop))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void WhatIsNoSuchFolderSaysSo()
    {
        var folder = world.Output("empty");
        Directory.CreateDirectory(folder);
        Assert.Contains("has no train.tsv", Assert.Throws<DataException>(() => DataSource.Open(folder, new DataOptions { Format = "glue/rte" })).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "train.tsv"), "a\tb\n1\t2\n");
        Assert.Contains("no column `sentence1`; its columns are `a`, `b`", Assert.Throws<DataException>(
            () => DataSource.Open(folder, new DataOptions { Format = "glue/rte" }).Load(DataSource.Train, cancellationToken: Stop)).Message, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => DataSource.Open(Path.Combine(folder, "train.tsv"), new DataOptions { Format = "glue/rte" }));
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;
}
