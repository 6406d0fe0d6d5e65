using Beret.Baselines;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Inference;
using Beret.Pipelines;
using Beret.Tasks;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Baselines;

/// <summary>The linear model on words that stands beside every evaluation.</summary>
public sealed class BaselineTests : IDisposable
{
    private readonly TinyWorld world = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => world.Dispose();

    [Fact]
    public void TermsAreWordsOfTwoLettersAndPairsOfNeighbours()
    {
        Assert.Equal(Terms("good film"), Terms("GOOD, film!"));
        Assert.Equal(3, Terms("good film").Count);
        Assert.Equal(Terms("good film"), Terms("a good film"));
        Assert.NotEqual(Terms("good film").Order(), Terms("film good").Order());
        Assert.Equal(5, Terms("very very good").Count);
        Assert.Equal(Terms("naïve_2"), Terms("NAÏVE_2"));
        Assert.Equal(5, Terms("好电影").Count);
        Assert.Empty(Terms("a . ! 1"));
        var pair = new List<int>();
        TermHashes.Add("good", "good", pair);
        Assert.Equal(2, pair.Distinct().Count());
    }

    [Fact]
    public void AVectorIsThatOfScikitLearn()
    {
        // TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2): "good", "bad" and "film" are in two texts or more; idf = ln((1 + 4) / (1 + df)) + 1.
        Example[] texts = [Text("good film"), Text("bad film"), Text("good good plot"), Text("bad ending")];
        var table = TermTable.Of(texts, 100, Cancellation);
        Assert.Equal(3, table.Count);
        var (columns, values) = (new List<int>(), new List<float>());
        table.Add(Text("good good good film film unknown"), columns, values);
        Assert.Equal(2, columns.Count);
        double good = (1 + Math.Log(3)) * (1 + Math.Log(5.0 / 3)), film = (1 + Math.Log(2)) * (1 + Math.Log(5.0 / 3)), length = Math.Sqrt(good * good + film * film);
        double[] expected = Terms("good")[0] < Terms("film")[0] ? [good / length, film / length] : [film / length, good / length];
        Assert.All(values.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6));
    }

    [Fact]
    public void OnlyTheCommonestTermsAreKept()
    {
        Example[] texts = [Text("one two three"), Text("one two three"), Text("one two"), Text("one")];
        Assert.Equal(Terms("one"), TermTable.Of(texts, 1, Cancellation).Numbers);
        Assert.Equal(5, TermTable.Of(texts, 100, Cancellation).Count);
    }

    [Theory]
    [InlineData(TaskNames.Binary)]
    [InlineData(TaskNames.MultiClass)]
    [InlineData(TaskNames.MultiLabel)]
    [InlineData(TaskNames.Regression)]
    public void TheWeightsAreAtTheMinimumOfTheTasksOwnLoss(string name)
    {
        var texts = Labelled(name, 60, seed: 5);
        var task = ClassificationTask.For(texts.Labels, name, texts.Kind);
        var random = new Random(2);
        const int features = 6;
        var dense = texts.Examples.Select(_ => Enumerable.Range(0, features).Select(_ => random.Next(3) == 0 ? 0 : random.NextSingle() - 0.5f).ToArray()).ToArray();
        var (starts, columns, values) = (new List<int> { 0 }, new List<int>(), new List<float>());
        foreach (var row in dense)
        {
            columns.AddRange(Enumerable.Range(0, features).Where(column => row[column] != 0));
            values.AddRange(row.Where(value => value != 0));
            starts.Add(columns.Count);
        }

        var model = LinearModel.Train(new SparseRows([.. starts], [.. columns], [.. values]), features, texts.Examples, task, Cancellation);

        // In the plainest words, and by differences: nothing of the code that was minimised.
        var weights = model.Weights;
        for (var i = 0; i < weights.Length; i++)
        {
            const double step = 1e-4;
            var at = weights[i];
            weights[i] = at + step;
            var above = Objective();
            weights[i] = at - step;
            var below = Objective();
            weights[i] = at;
            Assert.Equal(0, (above - below) / (2 * step), 0.02 * Math.Sqrt(texts.Examples.Count));
            Assert.True(above + below - 2 * Objective() > -1e-9);
        }

        double Objective()
        {
            var sum = 0.0;
            for (var row = 0; row < dense.Length; row++)
            {
                var z = Enumerable.Range(0, task.Outputs).Select(k => Enumerable.Range(0, features).Sum(f => weights[k * features + f] * dense[row][f]) + weights[task.Outputs * features + k]).ToArray();
                var example = texts.Examples[row];
                sum += name switch
                {
                    TaskNames.Binary => Math.Log(1 + Math.Exp(example.Label == 1 ? -z[0] : z[0])),
                    TaskNames.MultiClass => Math.Log(z.Sum(Math.Exp)) - z[example.Label],
                    TaskNames.MultiLabel => z.Select((value, k) => Math.Log(1 + Math.Exp(example.Labels.Contains(k) ? -value : value))).Sum(),
                    _ => 0.5 * (z[0] - example.Value) * (z[0] - example.Value),
                };
            }

            return sum + 0.5 / LinearModel.Inverse * weights.Take(features * task.Outputs).Sum(weight => weight * weight);
        }
    }

    [Fact]
    public void TheMinimumOfAnIllConditionedBowlIsFound()
    {
        var point = new double[20];
        var value = Lbfgs.Minimize(
            (at, gradient) =>
            {
                var sum = 0.0;
                for (var i = 0; i < at.Length; i++)
                {
                    var (scale, off) = (Math.Pow(10, i % 4), at[i] - i);
                    sum += 0.5 * scale * off * off;
                    gradient[i] = scale * off;
                }

                return sum;
            },
            point, 200, 0, Cancellation);
        Assert.Equal(0, value, 1e-9);
        Assert.All(point.Select((at, i) => at - i), off => Assert.Equal(0, off, 1e-4));
    }

    [Theory]
    [InlineData(TaskNames.Binary, "accuracy")]
    [InlineData(TaskNames.MultiClass, "accuracy")]
    [InlineData(TaskNames.MultiLabel, "f1_micro")]
    [InlineData(TaskNames.Regression, "pearson")]
    public void ItLearnsEveryTaskAndIsReadBackAsItWas(string name, string figure)
    {
        var task = ClassificationTask.For(Labelled(name, 1, 0).Labels, name, Labelled(name, 1, 0).Kind);
        var baseline = Baseline.Train(Labelled(name, 300, seed: 1), task, Cancellation);
        var judged = baseline.Evaluate(Labelled(name, 100, seed: 2), Cancellation);
        Assert.True(judged.Find(figure)!.Value.Value > 0.95, judged.ToTable());

        Directory.CreateDirectory(world.Root);
        baseline.Save(world.Output("first.safetensors"));
        Baseline.Train(Labelled(name, 300, seed: 1), task, Cancellation).Save(world.Output("second.safetensors"));
        Assert.Equal(File.ReadAllBytes(world.Output("first.safetensors")), File.ReadAllBytes(world.Output("second.safetensors")));
        Assert.Equal(judged.ToJson(), Baseline.Load(world.Output("first.safetensors")).Evaluate(Labelled(name, 100, seed: 2), Cancellation).ToJson());
    }

    [Fact]
    public void TextsWithoutATermAreJudgedByTheLabelsShares()
    {
        var texts = new LabelledTexts(["no", "yes"], [.. Enumerable.Range(0, 8).Select(i => Text("!") with { Label = i < 6 ? 1 : 0 })], "marks");
        var result = Baseline.Train(texts, ClassificationTask.For(texts.Labels), Cancellation).Evaluate(texts, Cancellation);
        Assert.Equal(0.75, result.Find("accuracy")!.Value.Value);
        Assert.Equal(-(0.75 * Math.Log(0.75) + 0.25 * Math.Log(0.25)), result.Loss.Value, 1e-3);
    }

    [Fact]
    public void ItBeatsGuessingOnReviewsThatItHasNotSeen()
    {
        var training = SampleReviews.Load(DataSource.Train);
        var result = Baseline.Train(training, ClassificationTask.For(training.Labels), Cancellation).Evaluate(SampleReviews.Load(DataSource.Test), Cancellation);
        Assert.True(result.Find("accuracy")!.Value.Value > 0.55, result.ToTable());
    }

    [Fact]
    public void ARunShowsItAndKeepsIt()
    {
        var recipe = TinyWorld.Recipe() with { Epochs = 1, Baseline = true };
        var summary = new Trainer(world.Job("run", recipe)).Run(Cancellation);
        Assert.True(summary.Validation!.Baseline!.Find("accuracy")!.Value.Value > 0.9);
        Assert.Contains("baseline", summary.Validation.ToTable().Split('\n')[0]);
        var file = Path.Combine(world.Output("run"), Baseline.FileName);
        var (_, validation) = DatasetSplit.TutorialSplit(TinyWorld.Texts(200), 0.2, 42);
        Assert.Equal(summary.Validation.Baseline.ToJson(), Baseline.Load(file).Evaluate(validation, Cancellation).ToJson());

        ModelQuantization.Quantize(world.Output("run"), world.Output("int8"), new QuantizationOptions(), cancellation: Cancellation);
        Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(world.Output("int8"), Baseline.FileName)));

        // The model is the same with it and without; and where it is not wanted none is left from before.
        var weights = File.ReadAllBytes(Path.Combine(world.Output("run"), "model.safetensors"));
        Assert.Null(new Trainer(world.Job("run", recipe with { Baseline = false }) with { Overwrite = true }).Run(Cancellation).Validation!.Baseline);
        Assert.False(File.Exists(file));
        Assert.Equal(weights, File.ReadAllBytes(Path.Combine(world.Output("run"), "model.safetensors")));
    }

    [Fact]
    public void ADamagedFileIsRefusedByName()
    {
        var texts = Labelled(TaskNames.Binary, 50, seed: 1);
        Directory.CreateDirectory(world.Root);
        var file = world.Output(Baseline.FileName);
        Baseline.Train(texts, ClassificationTask.For(texts.Labels), Cancellation).Save(file);
        var bytes = File.ReadAllBytes(file);
        int count;
        using (var whole = Checkpoint.Open(file))
        {
            count = (int)whole.Get("weights").Count;
        }

        Rewrite(writer => writer.Add("weights", TensorType.F64, [1], new byte[8]), "do not belong together", replaced: "weights");
        Rewrite(writer => writer.Add("weights", TensorType.F64, [count], Enumerable.Repeat((byte)0xFF, 8 * count).ToArray()), "not finite", replaced: "weights");
        Rewrite(writer => writer.Metadata["labels"] = "{", "its labels cannot be read");
        Rewrite(writer => writer.Metadata["labels"] = "[]", "a binary task has two labels");
        Rewrite(writer => writer.Metadata["task"] = "poetry", "there is no task");
        Rewrite(writer => writer.Metadata["beret.baseline"] = "9", "no baseline of this version");
        File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
        Assert.ThrowsAny<BeretException>(() => Baseline.Load(file));

        void Rewrite(Action<SafetensorsWriter> change, string message, string? replaced = null)
        {
            File.WriteAllBytes(file, bytes);
            var writer = new SafetensorsWriter();
            using (var whole = Checkpoint.Open(file))
            {
                foreach (var (key, value) in whole.Metadata)
                {
                    writer.Metadata[key] = value;
                }

                change(writer);
                foreach (var tensor in whole.Tensors.Where(tensor => tensor.Name != replaced))
                {
                    var content = new byte[tensor.ByteCount];
                    whole.ReadBytes(tensor.Name, 0, content);
                    writer.Add(tensor.Name, tensor.Type, tensor.Shape.AsSpan(), content);
                }
            }

            writer.Write(file);
            Assert.Contains(message, Assert.ThrowsAny<BeretException>(() => Baseline.Load(file)).Message);
        }
    }

    private static List<int> Terms(string text)
    {
        var terms = new List<int>();
        TermHashes.Add(text, null, terms);
        return terms;
    }

    private static Example Text(string text) => new(text, null, 0, "");

    /// <summary>Texts whose labels are words in them.</summary>
    private static LabelledTexts Labelled(string task, int count, int seed)
    {
        string[] words = ["alpha", "beta", "gamma"];
        string[] plain = ["the", "of", "and", "some", "other", "words", "here"];
        var random = new Random(seed);
        return task switch
        {
            TaskNames.Binary => Make(["no", "yes"], LabelKind.Class, 2),
            TaskNames.MultiClass => Make(words, LabelKind.Class, 3),
            TaskNames.MultiLabel => Make(words, LabelKind.Set, 3),
            _ => Make(["stars"], LabelKind.Number, 3),
        };

        LabelledTexts Make(string[] labels, LabelKind kind, int kinds) => new(labels, [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] chosen = kind == LabelKind.Set ? [.. Enumerable.Range(0, kinds).Where(_ => random.Next(2) == 0)] : [random.Next(kinds)];
            var text = string.Join(' ', chosen.Select(k => words[k]).Concat(Enumerable.Range(0, 6).Select(_ => plain[random.Next(plain.Length)])));
            var example = new Example(text, null, kind == LabelKind.Class ? chosen[0] : -1, $"{i}");
            return kind switch { LabelKind.Set => example with { Labels = chosen }, LabelKind.Number => example with { Value = 1 + chosen[0] }, _ => example };
        })], "made up", kind: kind);
    }
}
