using System.IO.Compression;
using System.Text.Json.Nodes;
using Beret.Batches;
using Beret.Data;
using Beret.Inference;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Batches;

public sealed class BatchPredictorTests : IDisposable
{
    private const int Rows = 2500;

    private readonly TemporaryFolder temporary = new();
    private readonly Classifier classifier;

    public BatchPredictorTests() => classifier = Classifier.Load(TinyModel.Write(At("model")), new ClassifierOptions { Threads = 2 });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        classifier.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void Every_row_is_answered_in_its_place_as_it_is_alone()
    {
        var texts = Texts(Rows);
        var summary = Run(Lines("in.txt", texts), "out.jsonl");
        Assert.Equal((Rows, 0, 0, false), (summary.Rows, summary.RowsBefore, summary.Skipped, summary.IsInterrupted));
        var lines = Answers("out.jsonl");
        Assert.Equal(texts, lines.Select(line => (string)line["text"]!));
        foreach (var (line, text) in lines.Zip(texts).Where((_, row) => row % 97 == 0))
        {
            var alone = classifier.Predict(text);
            Assert.Equal((alone.Label, alone.Score), ((string?)line["prediction"]!["label"], (double)line["prediction"]!["score"]!));
            Assert.Equal(alone.Logits, line["prediction"]!["logits"]!.AsArray().Select(logit => (float)logit!));
        }

        Assert.Equal(["in.txt", "model", "model.vocab.txt", "out.jsonl"], Directory.EnumerateFileSystemEntries(temporary.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_table_keeps_its_cells_whatever_is_in_them()
    {
        File.WriteAllText(At("in.csv"), "id,review,note\n7,\"a \"\"great\"\" movie, such\nan amazing one\",\n8,terrible, x \n");
        Run("in.csv", "out.csv");
        Assert.StartsWith("id,review,note,prediction,prediction_score\n7,\"a \"\"great\"\" movie, such\nan amazing one\",,", File.ReadAllText(At("out.csv")));
        using var again = RecordFile.Open(At("out.csv"));
        var rows = again.Read(Cancellation).ToArray();
        Assert.Equal(["7", "a \"great\" movie, such\nan amazing one", ""], rows[0].Cells.Take(3));
        Assert.Equal(["8", "terrible", " x "], rows[1].Cells.Take(3));
        var alone = classifier.Predict("terrible");
        Assert.Equal((alone.Label, alone.Score), (rows[1].Cells[3], double.Parse(rows[1].Cells[4]!, System.Globalization.CultureInfo.InvariantCulture)));

        Run("in.csv", "out.jsonl");
        Assert.Equal("""{"id":"8","review":"terrible","note":" x ","prediction":{"label":""", File.ReadLines(At("out.jsonl")).Last()[..65]);
    }

    [Fact]
    public void A_table_without_names_stays_without()
    {
        File.WriteAllText(At("in.tsv"), "1\tthis is such an amazing movie!\n2\tthe movie was terrible, the movie was \"great\"\n3\tthe movie was terrible, the movie was \"great\"\n");
        Run("in.tsv", "out.tsv", options: DataOptions.Default with { Table = new TableOptions { HasHeader = false } });
        var lines = File.ReadAllLines(At("out.tsv"));
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("2\tthe movie was terrible, the movie was \"great\"\t", lines[1]);
        Assert.Equal(4, lines[1].Split('\t').Length);
    }

    [Fact]
    public void The_objects_of_json_lines_stay_as_they_are_but_for_an_older_answer()
    {
        File.WriteAllText(At("in.jsonl"), """
            {"id": 12345678901234567890, "text": "great", "tags": ["a", {"b": 1.50}], "prediction": "old"}

            {"text": "terrible", "other": null}
            """ + "\n");
        Run("in.jsonl", "out.jsonl");
        var lines = File.ReadAllLines(At("out.jsonl"));
        Assert.StartsWith("""{"id":12345678901234567890,"text":"great","tags":["a",{"b":1.50}],"prediction":{"label":""", lines[0]);
        Assert.StartsWith("""{"text":"terrible","other":null,"prediction":{"label":""", lines[1]);
        Assert.Equal(2, lines.Length);

        // Under another name there is room for two.
        Run("out.jsonl", "both.jsonl", job => job with { Name = "second" });
        Assert.NotNull(Answers("both.jsonl")[0]["prediction"]!["label"]);
        Assert.NotNull(Answers("both.jsonl")[0]["second"]!["label"]);
    }

    [Fact]
    public void Pairs_are_found_and_answered_as_such()
    {
        File.WriteAllText(At("in.jsonl"), """{"premise": "the movie was great", "hypothesis": "an amazing movie"}""" + "\n");
        Run("in.jsonl", "out.jsonl");
        Assert.Equal(classifier.Predict("the movie was great", "an amazing movie").Score, (double)Answers("out.jsonl")[0]["prediction"]!["score"]!);
    }

    [Fact]
    public void Gzip_is_told_by_the_bytes()
    {
        using (var packed = new GZipStream(File.Create(At("in.csv.gz")), CompressionMode.Compress))
        {
            packed.Write("text\ngreat\nterrible\n"u8);
        }

        Assert.Equal(2, Run("in.csv.gz", "out.csv").Rows);
        Assert.Equal("text,prediction,prediction_score", File.ReadLines(At("out.csv")).First());
    }

    [Fact]
    public void A_json_array_and_utf_16_are_read_too()
    {
        File.WriteAllText(At("in.json"), """{"count": 2, "rows": [{"text": "great", "n": [1, {"a": 2}]},\n {"text": "terrible"}]}""".Replace("\\n", "\n", StringComparison.Ordinal));
        Run("in.json", "out.jsonl");
        Assert.Equal(["great", "terrible"], Answers("out.jsonl").Select(line => (string?)line["text"]));
        Assert.StartsWith("""{"text":"great","n":[1,{"a":2}],"prediction":{""", File.ReadLines(At("out.jsonl")).First());

        File.WriteAllText(At("wide.csv"), "text\ngré\n", System.Text.Encoding.Unicode);
        Run("wide.csv", "wide-out.csv");
        Assert.StartsWith("gré,", File.ReadAllLines(At("wide-out.csv"))[1]);
        File.WriteAllText(At("wide.txt"), "gré\n", System.Text.Encoding.BigEndianUnicode);
        Run("wide.txt", "lines.jsonl");
        Assert.Equal("gré", (string?)Answers("lines.jsonl").Single()["text"]);
    }

    [Fact]
    public void Shards_have_every_row_once()
    {
        var input = Lines("in.txt", Texts(100));
        Run(input, "whole.jsonl");
        for (var shard = 1; shard <= 3; shard++)
        {
            Run(input, $"{shard}.jsonl", job => job with { Shard = (shard, 3) });
        }

        var parts = Enumerable.Range(1, 3).SelectMany(shard => Answers($"{shard}.jsonl")).OrderBy(line => (int)line["prediction"]!["row"]!).ToArray();
        Assert.Equal(Enumerable.Range(1, 100), parts.Select(line => (int)line["prediction"]!["row"]!));
        Assert.Equal(Answers("whole.jsonl").Select(line => (double)line["prediction"]!["score"]!), parts.Select(line => (double)line["prediction"]!["score"]!));
        Assert.Equal([34, 33, 33], Enumerable.Range(1, 3).Select(shard => Answers($"{shard}.jsonl").Length));
        Assert.Throws<BatchException>(() => Run(input, "4.jsonl", job => job with { Shard = (4, 3) }));
    }

    [Theory]
    [InlineData("out.jsonl")]
    [InlineData("out.csv")]
    public void What_was_interrupted_goes_on_to_the_same_bytes(string output)
    {
        var input = Lines("in.txt", Texts(Rows));
        Run(input, $"whole-{output}");
        using var cancel = new CancellationTokenSource();
        using (var records = RecordFile.Open(At(input)))
        {
            var broken = new BatchPredictor(classifier, Job(records, output)).Run(new Cancelling(cancel), cancel.Token);
            Assert.Equal((1024, true), (broken.Rows, broken.IsInterrupted));
        }

        Assert.False(File.Exists(At(output)));

        // What a kill in the midst of a write leaves behind what the state tells of.
        File.AppendAllText(At($"{output}.part"), "half of a li");
        var summary = Run(input, output, job => job with { Resume = true });
        Assert.Equal((Rows, 1024), (summary.Rows, summary.RowsBefore));
        Assert.Equal(File.ReadAllBytes(At($"whole-{output}")), File.ReadAllBytes(At(output)));
        Assert.Equal(0, Run(input, output, job => job with { Resume = true }).Rows);
    }

    [Fact]
    public void It_goes_on_with_the_same_work_only()
    {
        var input = Lines("in.txt", Texts(Rows));
        using var cancel = new CancellationTokenSource();
        using (var records = RecordFile.Open(At(input)))
        {
            new BatchPredictor(classifier, Job(records, "out.jsonl")).Run(new Cancelling(cancel), cancel.Token);
        }

        Refused("was begun: go on with it (--resume)", job => job);
        Refused("its shard is 1/1, not 2/2", job => job with { Resume = true, Shard = (2, 2) });
        Refused("its name of the answers is prediction, not other", job => job with { Resume = true, Name = "other" });
        using (var other = Classifier.Load(TinyModel.Write(At("other"), seed: 9)))
        using (var records = RecordFile.Open(At(input)))
        {
            Assert.Contains("begun with another model", Assert.Throws<BatchException>(() => new BatchPredictor(other, Job(records, "out.jsonl") with { Resume = true }).Run(null, Cancellation)).Message);
        }

        File.AppendAllText(At(input), "one more\n");
        Refused("its size of the input is", job => job with { Resume = true });
        Run(input, "out.jsonl", job => job with { Overwrite = true });
        Refused("is there already", job => job);

        void Refused(string message, Func<BatchJob, BatchJob> change) => Assert.Contains(message, Assert.Throws<BatchException>(() => Run(input, "out.jsonl", change)).Message);
    }

    [Fact]
    public void A_row_that_cannot_be_used_ends_it_or_is_left_out_and_counted()
    {
        File.WriteAllText(At("in.csv"), "id,text\n1,great\n2\n3,terrible\n");
        Assert.Contains("in.csv, line 3: it has 1 cell, where the names are 2", Assert.Throws<DataException>(() => Run("in.csv", "out.csv")).Message);
        var skipping = DataOptions.Default with { Table = new TableOptions { BadRows = FaultPolicy.Skip } };
        var summary = Run("in.csv", "out.csv", job => job with { Overwrite = true }, skipping);
        Assert.Equal((2, 1), (summary.Rows, summary.Skipped));
        Assert.Equal(["1", "3"], File.ReadLines(At("out.csv")).Skip(1).Select(line => line.Split(',')[0]));

        File.WriteAllText(At("in.jsonl"), "{\"text\": \"great\"}\n{\"text\": 5}\n[1]\n{\n");
        using var records = RecordFile.Open(At("in.jsonl"), options: skipping);
        Assert.Single(records.Read(Cancellation));
        Assert.Equal(3, records.FaultCount);
        Assert.Equal(["line 2: it has no string under \"text\"", "line 3: it is no JSON object"], records.Faults.Take(2));
    }

    [Theory]
    [InlineData("in.jsonl", "out.csv", "write JSON lines")]
    [InlineData("in.jsonl", "out.json", "write JSON lines")]
    [InlineData("in.csv", "out.tsv", "write .csv or .jsonl")]
    [InlineData("in.csv", "out.txt", "its name says how")]
    [InlineData("in.csv", "out.jsonl.gz", "leave out .gz")]
    public void A_form_that_cannot_hold_the_answers_is_refused(string input, string output, string message)
    {
        File.WriteAllText(At("in.csv"), "text\ngreat\n");
        File.WriteAllText(At("in.jsonl"), "{\"text\": \"great\"}\n");
        Assert.Contains(message, Assert.Throws<BatchException>(() => Run(input, output)).Message);
    }

    [Fact]
    public void Where_the_text_is_must_be_clear()
    {
        File.WriteAllText(At("in.jsonl"), "{\"words\": \"great\"}\n");
        Assert.Contains("Its keys are `words`", Assert.Throws<DataException>(() => Run("in.jsonl", "out.jsonl")).Message);
        Assert.Equal(1, Run("in.jsonl", "out.jsonl", job => job with { Overwrite = true }, DataOptions.Default with { Table = new TableOptions { Text = "words" } }).Rows);
        File.WriteAllText(At("empty.csv"), "");
        Assert.Contains("holds no rows", Assert.Throws<DataException>(() => Run("empty.csv", "e.csv")).Message);
        Assert.Throws<DataException>(() => Run("none.csv", "e.csv"));
    }

    [Fact]
    public void Sets_of_labels_and_numbers_have_their_own_words_in_a_table()
    {
        File.WriteAllText(At("in.csv"), "text\nthis is such an amazing movie!\n");
        using var sets = Classifier.Load(TinyModel.Write(At("sets"), TinyModel.MultiClass with { Task = "multi-label" }));
        using (var records = RecordFile.Open(At("in.csv")))
        {
            new BatchPredictor(sets, Job(records, "sets.csv")).Run(null, Cancellation);
        }

        Assert.Equal(["text,prediction", $"this is such an amazing movie!,{string.Join('|', sets.Predict("this is such an amazing movie!").Labels)}"], File.ReadAllLines(At("sets.csv")));
    }

    private static string[] Texts(int count)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, count).Select(_ => string.Join(' ', Enumerable.Range(0, random.Next(0, 14)).Select(_ => TinyModel.Words[random.Next(5, 18)])))];
    }

    private string At(string name) => temporary[name];

    private string Lines(string name, string[] texts)
    {
        File.WriteAllLines(At(name), texts);
        return name;
    }

    private JsonNode[] Answers(string name) => [.. File.ReadAllLines(At(name)).Select(line => JsonNode.Parse(line)!)];

    private BatchJob Job(RecordFile records, string output) => new() { Input = records, Output = At(output) };

    private BatchSummary Run(string input, string output, Func<BatchJob, BatchJob>? change = null, DataOptions? options = null)
    {
        using var records = RecordFile.Open(At(input), options: options);
        var job = Job(records, output);
        return new BatchPredictor(classifier, change?.Invoke(job) ?? job).Run(null, Cancellation);
    }

    private sealed class Cancelling(CancellationTokenSource source) : IProgress<BatchProgress>
    {
        public void Report(BatchProgress value) => source.Cancel();
    }
}
