using Beret.Data;
using Beret.Evaluation;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tasks;
using Beret.Tests.Checkpoints;
using Beret.Text;

namespace Beret.Tests.Inference;

public sealed class ClassifierTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ATextHasTheSameLogitsAloneInAListAndInAStream(int threads)
    {
        using var classifier = Load(TinyModel.Binary, threads);
        var texts = Enumerable.Range(0, 3000).Select(i => string.Join(' ', Enumerable.Repeat(TinyModel.Sentences[i % 6], 1 + i % 4))).ToList();
        var alone = texts.Take(50).Select(text => classifier.Predict(text)).ToList();
        var listed = classifier.Predict(texts, Stop);
        var streamed = classifier.PredictMany(TinyModel.Stream(texts), Stop).ToBlockingEnumerable(Stop).ToList();

        Assert.Equal(alone.Select(Bits), listed.Take(50).Select(Bits));
        Assert.Equal(listed.Select(Bits), streamed.Select(Bits));
    }

    [Fact]
    public void TheNumberOfThreadsChangesNoBit()
    {
        using var one = Load(TinyModel.Binary, 1);
        using var four = Classifier.Load(Path.Combine(temporary.Path, "model"), new ClassifierOptions { Threads = 4 });
        Assert.Equal(one.Predict(TinyModel.Sentences, Stop).Select(Bits), four.Predict(TinyModel.Sentences, Stop).Select(Bits));
    }

    [Fact]
    public void ManyThreadsMayAskAtOnce()
    {
        using var classifier = Load(TinyModel.Binary, 2);
        var expected = TinyModel.Sentences.Select(text => Bits(classifier.Predict(text))).ToList();
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            Assert.Equal(expected[i % 6], Bits(classifier.Predict(TinyModel.Sentences[i % 6])));
            if (i % 40 == 0)
            {
                Assert.Equal(expected, classifier.Predict(TinyModel.Sentences, Stop).Select(Bits));
            }
        });
    }

    [Fact]
    public void TheLogitsAreThoseOfTheModelThatWasSaved()
    {
        using var backend = CpuBackend.Create(1);
        using var model = TinyModel.Create(backend, 1);
        using var runner = new BatchRunner(model, backend);
        using var classifier = Load(TinyModel.Binary, 1);
        foreach (var text in TinyModel.Sentences)
        {
            var batch = new PackedBatch();
            batch.Add(classifier.Tokenizer.Encode(text, null, TinyModel.Binary.EncodeOptions).Ids);
            var logits = new float[1];
            runner.Run(batch, logits);
            Assert.Equal(BitConverter.SingleToInt32Bits(logits[0]), Bits(classifier.Predict(text)));
        }
    }

    [Fact]
    public void ABinaryScoreIsTheProbabilityOfThePositiveClass()
    {
        using var classifier = Load(TinyModel.Binary, 1);
        foreach (var prediction in classifier.Predict(TinyModel.Sentences, Stop))
        {
            var p = 1 / (1 + Math.Exp(-prediction.Logits[0]));
            Assert.Equal(p, prediction.Score, 1e-15);
            Assert.Equal(p, prediction.Probabilities[1], 1e-15);
            Assert.Equal(1, prediction.Probabilities.Sum(), 1e-12);
            Assert.Equal(p > 0.5 ? "pos" : "neg", prediction.Label);
        }
    }

    [Fact]
    public void OfSeveralClassesTheMostProbableIsTheLabel()
    {
        using var classifier = Load(TinyModel.MultiClass, 1);
        var prediction = classifier.Predict("this is such an amazing movie!");
        var best = prediction.Logits.Index().MaxBy(pair => pair.Item).Index;

        Assert.Equal(3, prediction.Logits.Count);
        Assert.Equal(TinyModel.MultiClass.Labels[best], prediction.Label);
        Assert.Equal(prediction.Probabilities[best], prediction.Score);
        Assert.Equal(1, prediction.Probabilities.Sum(), 1e-12);
    }

    [Fact]
    public void WhatIsCutIsTold()
    {
        using var classifier = Load(TinyModel.Binary, 1);
        var prediction = classifier.Predict(string.Join(' ', Enumerable.Repeat("movie", 20)));
        Assert.Equal((16, 6), (prediction.Tokens, prediction.TokensCut));
    }

    [Fact]
    public void APairIsReadWithItsTypes()
    {
        using var classifier = Load(TinyModel.Binary, 1);
        var (pair, swapped) = (classifier.Predict("the movie", "was great"), classifier.Predict("was great", "the movie"));
        Assert.Equal(2 + 2 + 3, pair.Tokens);
        Assert.NotEqual(Bits(pair), Bits(swapped));
    }

    [Fact]
    public async Task AnErrorInTheStreamComesAfterThePredictionsBeforeIt()
    {
        using var classifier = Load(TinyModel.Binary, 1);
        var seen = 0;
        var error = await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (var _ in classifier.PredictMany(Broken(), Stop))
            {
                seen++;
            }
        });
        Assert.Equal(("line 8 is broken", 7), (error.Message, seen));

        static async IAsyncEnumerable<string> Broken()
        {
            for (var i = 0; i < 7; i++)
            {
                await Task.Yield();
                yield return "movie";
            }

            throw new InvalidDataException("line 8 is broken");
        }
    }

    [Fact]
    public async Task AStreamIsReadAheadByAFewThousandTextsAtMost()
    {
        using var classifier = Load(TinyModel.Binary, 1);
        var (given, taken, most) = (0, 0, 0);
        await foreach (var _ in classifier.PredictMany(Endless(), Stop))
        {
            taken++;
            most = Math.Max(most, Volatile.Read(ref given) - taken);
            if (taken == 20_000)
            {
                break;
            }
        }

        Assert.InRange(most, 1, 4096);

        async IAsyncEnumerable<string> Endless()
        {
            while (true)
            {
                await Task.CompletedTask;
                Interlocked.Increment(ref given);
                yield return "a movie";
            }
        }
    }

    [Fact]
    public async Task ALoneTextIsAnsweredBeforeTheNextOneComes()
    {
        using var classifier = Load(TinyModel.Binary, 1);
        var answered = new SemaphoreSlim(0);
        var count = 0;
        await foreach (var _ in classifier.PredictMany(OneByOne(), Stop))
        {
            count++;
            answered.Release();
        }

        Assert.Equal(3, count);

        async IAsyncEnumerable<string> OneByOne()
        {
            for (var i = 0; i < 3; i++)
            {
                yield return "movie";
                await answered.WaitAsync(Stop);
            }
        }
    }

    [Fact]
    public async Task AStreamCanBeCancelled()
    {
        using var classifier = Load(TinyModel.Binary, 1);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in classifier.PredictMany(TinyModel.Stream(Enumerable.Repeat("movie", 1_000_000)), stop.Token))
            {
                await stop.CancelAsync();
            }
        });
    }

    [Fact]
    public void EvaluatingGivesTheMetricsOfItsOwnPredictions()
    {
        using var classifier = Load(TinyModel.Binary, 2);
        var predictions = classifier.Predict(TinyModel.Sentences, Stop);

        // The data's labels are in another order than the model's.
        var texts = new LabelledTexts(["pos", "neg"], [.. TinyModel.Sentences.Select((text, i) => new Example(text, null, i % 2, $"{i}"))], "here");
        var result = Assert.IsType<BinaryEvaluation>(classifier.Evaluate(texts, cancellation: Stop));

        Assert.Equal(predictions.Select((p, i) => p.Label == (i % 2 == 0 ? "pos" : "neg") ? 1.0 : 0).Average(), result.Accuracy.Value, 1e-12);
        Assert.Equal(6, result.Count);
    }

    [Fact]
    public void DataWithOtherLabelsIsRefused()
    {
        using var classifier = Load(TinyModel.Binary, 1);
        var texts = new LabelledTexts(["cat", "dog"], [new Example("a", null, 0, "0"), new Example("b", null, 1, "1")], "here");
        Assert.Contains("cat", Assert.Throws<DataException>(() => classifier.Evaluate(texts, cancellation: Stop)).Message);
    }

    [Theory]
    [InlineData(1, null, TaskNames.Binary)]
    [InlineData(3, null, TaskNames.MultiClass)]
    [InlineData(3, "single_label_classification", TaskNames.MultiClass)]
    [InlineData(3, "multi_label_classification", TaskNames.MultiLabel)]
    [InlineData(1, "regression", TaskNames.Regression)]
    public void APlainHuggingFaceFolderIsTakenByItsProblemType(int outputs, string? problem, string task)
    {
        var folder = Plain(outputs, problem);
        using var classifier = Classifier.Load(folder);

        Assert.Equal(task, classifier.Task);
        Assert.Equal(TokenizerFlavour.HuggingFace, classifier.Tokenizer.Flavour);
        Assert.Equal(32, classifier.MaxLength);
        Assert.Equal(task == TaskNames.Regression ? ["c0"] : outputs == 1 ? ["not c0", "c0"] : ["c0", "c1", "c2"], classifier.Labels);
        Assert.Equal(outputs, classifier.Predict("a movie").Logits.Count);
    }

    [Fact]
    public void AClassIsASetOfOneLabelForAMultiLabelModel()
    {
        using var classifier = Classifier.Load(Plain(3, "multi_label_classification"));
        var texts = new LabelledTexts(["c1", "c0"], [new Example("a movie", null, 0, "0")], "here");
        var result = Assert.IsType<MultiLabelEvaluation>(classifier.Evaluate(texts, cancellation: Stop));
        Assert.Equal([0L, 1L, 0L], result.Classes.Select(label => label.Support));
    }

    [Fact]
    public void ARegressionGivesANumberAndIsJudgedByNumbers()
    {
        using var classifier = Classifier.Load(Plain(1, "regression"));
        var prediction = classifier.Predict("a movie");
        Assert.Equal((prediction.Logits[0], "c0"), ((float)prediction.Score, prediction.Label));
        Assert.Empty(prediction.Probabilities);
        Assert.Matches(@"^input: a movie +: c0: -?\d+\.\d{6}$", prediction.ToLine("a movie"));

        var texts = new LabelledTexts(["stars"], [new Example("a movie", null, -1, "0") { Value = 2 }], "here", kind: LabelKind.Number);
        Assert.Equal(Math.Pow(prediction.Score - 2, 2), classifier.Evaluate(texts, cancellation: Stop).Loss.Value, 1e-12);
        Assert.Contains("`pos` is no number", Assert.Throws<DataException>(
            () => classifier.Evaluate(new LabelledTexts(["pos"], [new Example("a movie", null, 0, "0")], "here"), cancellation: Stop)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARegressionOfSeveralNumbersIsRefused() =>
        Assert.Contains("3 numbers", Assert.Throws<InferenceException>(() => Classifier.Load(Plain(3, "regression"))).Message);

    [Fact]
    public async Task PairsHaveTheSameBitsAloneInAListAndInAStream()
    {
        using var classifier = Load(TinyModel.Binary, 2);
        TextPair[] pairs = [new("this is such an amazing movie!", "The movie was great!"), new("a movie"), new("the movie", "")];
        var alone = pairs.Select(pair => classifier.Predict(pair.Text, pair.Pair).Score).ToArray();
        Assert.NotEqual(classifier.Predict("this is such an amazing movie!").Score, alone[0]);
        Assert.Equal(alone, classifier.Predict(pairs, Stop).Select(prediction => prediction.Score));
        var streamed = new List<double>();
        await foreach (var prediction in classifier.PredictMany(Streamed(pairs), Stop))
        {
            streamed.Add(prediction.Score);
        }

        Assert.Equal(alone, streamed);

        static async IAsyncEnumerable<TextPair> Streamed(TextPair[] pairs)
        {
            foreach (var pair in pairs)
            {
                await System.Threading.Tasks.Task.Yield();
                yield return pair;
            }
        }
    }

    [Fact]
    public void AMaximumLengthBeyondThePositionsIsRefused()
    {
        TinyModel.Write(Path.Combine(temporary.Path, "model"));
        var error = Assert.Throws<InferenceException>(() => Classifier.Load(Path.Combine(temporary.Path, "model"), new ClassifierOptions { MaxLength = 33 }));
        Assert.Contains("3 to 32", error.Message);
    }

    [Fact]
    public void AVocabularyLargerThanTheModelIsAnErrorAndNoCrash()
    {
        var folder = Plain(1, null);
        File.AppendAllText(Path.Combine(folder, "vocab.txt"), "zebra\n");
        using var classifier = Classifier.Load(folder);
        Assert.Contains("token id 20", Assert.Throws<ModelException>(() => classifier.Predict("zebra")).Message);
    }

    [Fact]
    public void TheLineIsTheTutorialsWithTheLabel()
    {
        var prediction = new Prediction("pos", 0.99932912, [0, 1], [7], 9, 0);
        Assert.Equal("input: this is such an amazing movie! : score: 0.999329 : label: pos", prediction.ToLine("this is such an amazing movie!"));
        Assert.Equal("input: The movie was great!           : score: 0.999329 : label: pos", prediction.ToLine("The movie was great!"));
        Assert.Equal("input: two\\u000alines                 : score: 0.999329 : label: pos", prediction.ToLine("two\nlines"));
    }

    private static int Bits(Prediction prediction) => prediction.Logits.Aggregate(0, (hash, logit) => hash * 31 + BitConverter.SingleToInt32Bits(logit));

    private Classifier Load(ModelDescription description, int threads) =>
        Classifier.Load(TinyModel.Write(Path.Combine(temporary.Path, "model"), description), new ClassifierOptions { Threads = threads });

    private string Plain(int outputs, string? problem)
    {
        var folder = Path.Combine(temporary.Path, "plain");
        string[] labels = [.. Enumerable.Range(0, outputs).Select(i => $"c{i}")];
        TinyModel.Write(folder, outputs == 1 ? TinyModel.Binary : TinyModel.MultiClass);
        File.Delete(Path.Combine(folder, ModelDescription.FileName));
        var path = Path.Combine(folder, "config.json");
        var config = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(path))!;
        config["problem_type"] = problem;
        config["id2label"] = new System.Text.Json.Nodes.JsonObject(labels.Select((label, i) => KeyValuePair.Create($"{i}", (System.Text.Json.Nodes.JsonNode?)label)));
        File.WriteAllText(path, config.ToJsonString());
        return folder;
    }
}
