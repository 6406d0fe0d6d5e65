using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Tests.Checkpoints;
using Beret.Text;

namespace Beret.Tests.Inference;

/// <summary>Classifiers that read long texts in windows.</summary>
public sealed class WindowedClassifierTests : IDisposable
{
    private static readonly ModelDescription Windows = TinyModel.MultiClass with
    {
        MaxLength = 8,
        Truncation = Truncation.Windows,
        WindowOverlap = 2,
        WindowPooling = WindowPooling.Mean,
    };

    /// <summary>From none to 40 tokens: one window to ten.</summary>
    private static readonly string[] Texts =
        [.. Enumerable.Range(0, 41).Select(count => string.Join(' ', Enumerable.Range(0, count).Select(i => TinyModel.Words[5 + ((i * i) + count) % 12])))];

    private readonly TemporaryFolder temporary = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData(WindowPooling.Mean, Precision.Float32)]
    [InlineData(WindowPooling.Max, Precision.Float32)]
    [InlineData(WindowPooling.Mean, Precision.BFloat16)]
    [InlineData(WindowPooling.Max, Precision.Int8)]
    public void TheLogitsOfATextArePooledFromThoseOfItsWindows(WindowPooling pooling, Precision precision)
    {
        using var classifier = Load(Windows with { WindowPooling = pooling }, new ClassifierOptions { Precision = precision, Threads = 2 });

        // The same model, of texts that are what a window holds.
        using var whole = Classifier.Load(temporary["model"], new ClassifierOptions { Precision = precision, Truncation = Truncation.Head, MaxLength = 32 });
        foreach (var text in Texts)
        {
            var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int[] starts = words.Length <= 6 ? [0] : [.. Enumerable.Range(0, 1 + (words.Length - 3) / 4).Select(i => Math.Min(4 * i, words.Length - 6))];
            var each = starts.Select(start => whole.Predict(string.Join(' ', words.Skip(start).Take(6))).Logits).ToList();
            var expected = Enumerable.Range(0, 3).Select(k => pooling == WindowPooling.Max
                ? each.Max(logits => logits[k])
                : each.Count == 1 ? each[0][k] : each.Aggregate(0f, (sum, logits) => sum + logits[k]) * (1f / each.Count));
            var prediction = classifier.Predict(text);
            Assert.Equal(expected, prediction.Logits);
            Assert.Equal((each.Count, 0), (prediction.Windows, prediction.TokensCut));
            Assert.Equal(words.Length <= 6 ? words.Length + 2 : 8 * each.Count, prediction.Tokens);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task ATextHasTheSameLogitsAloneInAListInAStreamAndInAnEvaluation(int threads)
    {
        using var classifier = Load(Windows, new ClassifierOptions { Threads = threads });

        // More windows than a batch takes.
        var texts = Enumerable.Range(0, 1500).Select(i => Texts[i * 7 % Texts.Length]).ToArray();
        var alone = Texts.Select(text => classifier.Predict(text)).ToArray();
        var expected = Enumerable.Range(0, 1500).Select(i => alone[i * 7 % Texts.Length]).ToArray();
        var streamed = new List<Prediction>();
        await foreach (var prediction in classifier.PredictMany(TinyModel.Stream(texts), Stop))
        {
            streamed.Add(prediction);
        }

        Assert.Equal(expected.SelectMany(prediction => prediction.Logits), classifier.Predict(texts, Stop).SelectMany(prediction => prediction.Logits));
        Assert.Equal(expected.SelectMany(prediction => prediction.Logits), streamed.SelectMany(prediction => prediction.Logits));
        Assert.Equal(expected.Select(prediction => (prediction.Tokens, prediction.Windows)), streamed.Select(prediction => (prediction.Tokens, prediction.Windows)));

        Example[] examples = [.. texts.Select((text, i) => new Example(text, null, i % 3, $"{i}"))];
        Assert.Equal(expected.SelectMany(prediction => prediction.Logits), classifier.Logits(examples, Stop));
        var reports = new List<EvaluationProgress>();
        classifier.Evaluate(new LabelledTexts(["red", "green", "blue"], examples, "here"), new Reports(reports.Add), Stop);
        Assert.Equal((1500, 1500), (reports[^1].Texts, reports[^1].AllTexts));
        Assert.Equal(expected.Sum(prediction => prediction.Tokens), reports[^1].AllTokens);
        Assert.Equal(reports[^1].AllTokens, reports[^1].Tokens);
        Assert.Contains(reports, report => report.Texts is > 0 and < 1500);
    }

    [Fact]
    public async Task ThreadsThatAskAtOnceGetWhatEachGetsAlone()
    {
        using var classifier = Classifier.Load(TinyModel.Write(Path.Combine(temporary.Path, "shared"), TinyModel.Binary with { Truncation = Truncation.Windows }), new ClassifierOptions { Threads = 2 });
        string[] texts = [.. TinyModel.Sentences, string.Join(' ', Enumerable.Repeat("the movie was great .", 20)), string.Join(' ', Enumerable.Repeat("terrible", 400))];
        var alone = texts.Select(text => classifier.Predict(text)).ToArray();
        Assert.True(alone[^1].Windows > 10);
        using var start = new Barrier(24);
        var threads = Enumerable.Range(0, 24).Select(thread => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                for (var i = 0; i < 50; i++)
                {
                    var text = (i + thread) % texts.Length;
                    var answer = classifier.Predict(texts[text]);
                    Assert.Equal(alone[text].Logits, answer.Logits);
                    Assert.Equal((alone[text].Tokens, alone[text].Windows), (answer.Tokens, answer.Windows));
                }
            },
            TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        await Task.WhenAll(threads);
    }

    [Fact]
    public void APairKeepsItsOtherTextInEveryWindow()
    {
        using var classifier = Load(Windows with { MaxLength = 10 });
        using var whole = Classifier.Load(temporary["model"], new ClassifierOptions { Truncation = Truncation.Head, MaxLength = 32 });
        var prediction = classifier.Predict("the movie", "this is such an amazing movie !");
        var each = ((string[])["this is such an amazing", "such an amazing movie !"]).Select(second => whole.Predict("the movie", second).Logits).ToList();
        Assert.Equal((2, 20, 0), (prediction.Windows, prediction.Tokens, prediction.TokensCut));
        Assert.Equal(Enumerable.Range(0, 3).Select(k => (each[0][k] + each[1][k]) * 0.5f), prediction.Logits);
    }

    [Fact]
    public void TheFolderRemembersTheWindows()
    {
        TinyModel.Write(temporary["model"], Windows with { WindowOverlap = 3, WindowPooling = WindowPooling.Max });
        var read = ModelDescription.Read(temporary["model"])!;
        Assert.Equal((Truncation.Windows, 8, 3, WindowPooling.Max), (read.Truncation, read.MaxLength, read.WindowOverlap!.Value, read.WindowPooling));

        // Where there are none nothing is said of them, as before there were any.
        TinyModel.Write(temporary["head"]);
        Assert.DoesNotContain("window", File.ReadAllText(Path.Combine(temporary["head"], ModelDescription.FileName)), StringComparison.Ordinal);
        Assert.Null(ModelDescription.Read(temporary["head"])!.WindowOverlap);
    }

    [Theory]
    [InlineData("\"window_overlap\": 2", "\"window_overlap\": 5", "not a whole number from 0 to 4")]
    [InlineData("\"window_overlap\": 2", "\"window_overlap\": -1", "not a whole number from 0 to 4")]
    [InlineData("\"window_overlap\": 2,", "", "window_overlap is missing")]
    [InlineData("\"window_pooling\": \"mean\"", "\"window_pooling\": \"sum\"", "there is no window pooling \"sum\"; there are mean and max")]
    [InlineData("\"truncation\": \"windows\"", "\"truncation\": \"window\"", "the policies are head, tail, head+tail and windows")]
    public void ADescriptionThatDoesNotFitIsRefusedByName(string there, string instead, string message)
    {
        TinyModel.Write(temporary["model"], Windows);
        var file = Path.Combine(temporary["model"], ModelDescription.FileName);
        var text = File.ReadAllText(file);
        Assert.Contains(there, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(there, instead, StringComparison.Ordinal));
        var error = Assert.Throws<InferenceException>(() => Classifier.Load(temporary["model"]));
        Assert.Contains(ModelDescription.FileName, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatTheModelWasTrainedWithMayBeOverridden()
    {
        Load(TinyModel.MultiClass).Dispose();
        using var windowed = Classifier.Load(temporary["model"], new ClassifierOptions { Truncation = Truncation.Windows, MaxLength = 12 });
        Assert.Equal((12, 3, WindowPooling.Mean), (windowed.MaxLength, windowed.WindowOverlap!.Value, windowed.WindowPooling));
        Assert.True(windowed.Predict(Texts[^1]).Windows > 1);

        // An overlap belongs to a length: another length has its own.
        Load(Windows with { WindowPooling = WindowPooling.Max }).Dispose();
        using var longer = Classifier.Load(temporary["model"], new ClassifierOptions { MaxLength = 16 });
        Assert.Equal((4, WindowPooling.Max), (longer.WindowOverlap!.Value, longer.WindowPooling));
        using var other = Classifier.Load(temporary["model"], new ClassifierOptions { WindowOverlap = 0, WindowPooling = WindowPooling.Mean });
        Assert.Equal((8, 0, WindowPooling.Mean), (other.MaxLength, other.WindowOverlap!.Value, other.WindowPooling));
        using var head = Classifier.Load(temporary["model"], new ClassifierOptions { Truncation = Truncation.Head });
        Assert.Null(head.WindowOverlap);
        Assert.Equal((1, 8, 34), (head.Predict(Texts[^1]).Windows, head.Predict(Texts[^1]).Tokens, head.Predict(Texts[^1]).TokensCut));
    }

    [Fact]
    public void WindowsThatDoNotFitAreRefused()
    {
        Load(TinyModel.MultiClass).Dispose();
        var none = Assert.Throws<InferenceException>(() => Classifier.Load(temporary["model"], new ClassifierOptions { WindowOverlap = 2 }));
        Assert.Contains("say nothing of truncation head+tail", none.Message, StringComparison.Ordinal);
        Assert.Throws<InferenceException>(() => Classifier.Load(temporary["model"], new ClassifierOptions { WindowPooling = WindowPooling.Max }));
        var large = Assert.Throws<InferenceException>(
            () => Classifier.Load(temporary["model"], new ClassifierOptions { Truncation = Truncation.Windows, MaxLength = 8, WindowOverlap = 5 }));
        Assert.Contains("windows of 8 tokens overlap by 0 to 4 tokens", large.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEncoderReadsNoWindows()
    {
        TinyModel.Write(temporary["model"], TinyModel.MultiClass);
        var error = Assert.Throws<InferenceException>(() => Encoder.Load(temporary["model"], new EncoderOptions { Truncation = Truncation.Windows }));
        Assert.Contains("head, tail or head+tail", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Precision.Int8)]
    [InlineData(Precision.BFloat16)]
    public void AQuantizedFolderReadsAsItsSourceDid(Precision precision)
    {
        TinyModel.Write(temporary["model"], Windows with { WindowPooling = WindowPooling.Max });
        ModelQuantization.Quantize(temporary["model"], temporary["small"], new QuantizationOptions { Precision = precision }, cancellation: Stop);
        using var before = Classifier.Load(temporary["model"], new ClassifierOptions { Precision = precision });
        using var after = Classifier.Load(temporary["small"]);
        Assert.Equal((Truncation.Windows, 8, 2, WindowPooling.Max), (after.Truncation, after.MaxLength, after.WindowOverlap!.Value, after.WindowPooling));
        Assert.Equal(before.Predict(Texts[^1]).Windows, after.Predict(Texts[^1]).Windows);
    }

    private Classifier Load(ModelDescription description, ClassifierOptions? options = null)
    {
        TinyModel.Write(temporary["model"], description);
        return Classifier.Load(temporary["model"], options);
    }

    private sealed class Reports(Action<EvaluationProgress> add) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => add(value);
    }
}
