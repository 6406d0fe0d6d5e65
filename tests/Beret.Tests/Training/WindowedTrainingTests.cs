using Beret.Data;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Optimization;
using Beret.Tests.Models;
using Beret.Text;
using Beret.Tokens;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>Documents of several windows are learned from as one: their loss is that of the pooled logits.</summary>
public class WindowedTrainingTests
{
    private static readonly EncoderConfig Config = SmallModel.Config(dropout: 0);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(WindowPooling.Mean)]
    [InlineData(WindowPooling.Max)]
    public void TheGradientIsTheLimitOfDifferenceQuotients(WindowPooling pooling)
    {
        // Along the gradient itself, each weight's part of it taken up to twice: a part that is wrong, missing or too much shows in one of the directions.
        using var backend = new ReferenceBackend();
        using var model = SmallModel.Create(backend, Config, outputs: 3);
        using var learner = new Learner(model, backend, Loss.CrossEntropy, new AdamWOptions(), seed: 1) { Pooling = pooling };
        var batch = Documents([3, 1, 2], 7);
        float[] labels = [0, 2, 1];
        learner.Differentiate(batch, labels);
        var start = model.Parameters.All.Select(parameter => Recorded.Values(backend, parameter.Value)).ToArray();
        var gradient = model.Parameters.All.Select(parameter => learner.GradientOf(parameter, batch)).ToArray();
        for (var seed = 0; seed < 4; seed++)
        {
            var random = new Random(seed);
            var direction = gradient.Select(part => part.Select(g => g * random.Next(3)).ToArray()).ToArray();
            var length = Math.Sqrt(direction.Sum(part => part.Sum(d => (double)d * d)));
            var expected = gradient.Zip(direction).Sum(pair => pair.First.Zip(pair.Second).Sum(two => (double)two.First * two.Second)) / length;
            const double Step = 1.0 / 512;
            var quotient = (At(Step) - At(-Step)) / (2 * Step);
            Assert.Equal(expected, quotient, 1e-3 * expected);

            double At(double step)
            {
                foreach (var (parameter, number) in model.Parameters.All.Select((parameter, number) => (parameter, number)))
                {
                    backend.Write([.. start[number].Zip(direction[number]).Select(pair => (float)(pair.First + step / length * pair.Second))], parameter.Value);
                }

                model.Parameters.Touch();
                return learner.Differentiate(batch, labels);
            }
        }
    }

    [Fact]
    public void TheMeanLearnsFromAllWindowsAndTheLargestFromOne()
    {
        using var backend = CpuBackend.Create(1);
        using var model = SmallModel.Create(backend, Config);
        var batch = new PackedBatch();
        batch.Add([10, 11, 12], 3);
        batch.AddWindow([20, 21, 22], 3);
        batch.AddWindow([30, 31, 32], 3);
        Assert.Equal([10, 20, 30], Learned(WindowPooling.Mean));
        Assert.Single(Learned(WindowPooling.Max));

        // Of windows that are the same the first learns.
        batch.Clear();
        batch.Add([10, 11, 12], 3);
        batch.AddWindow([10, 11, 12], 3);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1) { Pooling = WindowPooling.Max };
        learner.Differentiate(batch, [1]);
        var word = model.Parameters.All.Single(parameter => parameter.HasRowGradient);
        var rows = Recorded.Values(backend, word.OccurrenceGradient);
        Assert.Contains(rows.Take(rows.Length / 2), value => value != 0);
        Assert.DoesNotContain(rows.Skip(rows.Length / 2), value => value != 0);

        IEnumerable<int> Learned(WindowPooling pooling)
        {
            using var own = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1) { Pooling = pooling };
            own.Differentiate(batch, [1]);
            var table = model.Parameters.All.Single(parameter => parameter.HasRowGradient);
            var values = own.GradientOf(table, batch);
            return [.. ((int[])[10, 20, 30]).Where(id => values.AsSpan(id * table.Columns, table.Columns).ContainsAnyExcept(0f))];
        }
    }

    [Fact]
    public void TheLogitsOfADocumentAreThePooledOnesOfItsWindows()
    {
        using var backend = CpuBackend.Create(2);
        using var model = SmallModel.Create(backend, Config, outputs: 2);
        var (batch, windows) = (Documents([3, 1, 2], 7), Documents([1, 1, 1, 1, 1, 1], 7));
        using var alone = new BatchRunner(model, backend);
        var each = new float[12];
        alone.Run(windows, each);
        foreach (var pooling in (WindowPooling[])[WindowPooling.Mean, WindowPooling.Max])
        {
            using var learner = new Learner(model, backend, Loss.CrossEntropy, new AdamWOptions(), seed: 1) { Pooling = pooling };
            learner.Differentiate(batch, [0, 1, 0]);
            float[] expected =
            [
                .. ((Range[])[0..3, 3..4, 4..6]).SelectMany(range => Enumerable.Range(0, 2).Select(k =>
                {
                    var logits = Enumerable.Range(0, 6).Take(range).Select(window => each[2 * window + k]).ToArray();
                    return pooling == WindowPooling.Max ? logits.Max() : logits.Aggregate(0f, (sum, logit) => sum + logit) * (1f / logits.Length);
                })),
            ];
            Assert.Equal(expected, learner.Logits.ToArray());

            // And inference, where windows are computed one by one, has the same bits.
            using var runner = new BatchRunner(model, backend) { Pooling = pooling };
            var (together, apart) = (new float[6], new float[6]);
            runner.Run(batch, together);
            runner.Pool(each, batch.Windows, apart);
            Assert.Equal(expected, together);
            Assert.Equal(expected, apart);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheMemoryOfTheLargestStepIsTheOnePlanned(bool keepsOnlyBlockInputs)
    {
        var config = SmallModel.Config();
        var largest = new StepSize(4, 9, 9 * 20, 20);
        using var backend = CpuBackend.Create(1);
        foreach (var pooling in (WindowPooling[])[WindowPooling.Mean, WindowPooling.Max])
        {
            var plan = MemoryPlan.For(config, 1, largest, pooling, keepsOnlyBlockInputs);
            Assert.Equal(plan.Activations, Peak([3, 4, 1, 1], 20));
            Assert.InRange(Peak([2, 1, 1], 20), 1, plan.Activations);
            Assert.InRange(Peak([6, 1, 1, 1], 13), 1, plan.Activations);

            long Peak(int[] windows, int length)
            {
                using var model = SmallModel.Create(backend, config);
                using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, keepsOnlyBlockInputs: keepsOnlyBlockInputs) { Pooling = pooling };
                learner.Step(Documents(windows, length), new float[windows.Length], 1e-4);
                return learner.ActivationPeak;
            }
        }
    }

    [Fact]
    public void TheLargestStepIsFoundByGoingThroughTheEpochs()
    {
        using var world = new TinyWorld();
        var recipe = Recipe with { BatchSize = 7, Epochs = 4, Seed = 3 };
        var tokenizer = ModelTokenizer.Load(world.Model);
        var texts = TinyWorld.Texts(60).Examples;
        var store = TokenStore.Build(tokenizer, texts, recipe.TrainingEncodeOptions, 1, null, Stop);
        var largest = StepSize.LargestOf(store, recipe);

        int[][] orders = [[.. Enumerable.Range(0, 60)], .. Enumerable.Range(0, 4).Select(epoch => new EpochOrder(60, 3, recipe.Shuffle).ForEpoch(epoch))];
        var steps = orders.SelectMany(order => order.Chunk(7)).ToList();
        Assert.Equal(steps.Max(step => step.Sum(store.WindowsOf)), largest.Sequences);
        Assert.Equal(steps.Max(step => step.Sum(text => store.WindowsOf(text) * store.LengthOf(text))), largest.Tokens);
        Assert.Equal((7, 10), (largest.Documents, largest.Longest));
        Assert.Equal((largest.Documents, largest.Sequences, largest.Tokens, largest.Longest), (largest.Batch().Documents, largest.Batch().Sequences, largest.Batch().Tokens, largest.Batch().Longest));

        // Texts that fit are planned for as ever.
        var fitting = recipe with { MaxLength = 24 };
        Assert.Equal(StepSize.Of(7, texts.Max(text => text.Text.Split(' ').Length) + 2), StepSize.LargestOf(TokenStore.Build(tokenizer, texts, fitting.TrainingEncodeOptions, 1, null, Stop), fitting));
    }

    [Fact]
    public void WhereEveryTextFitsARunHasTheBitsOfOneThatCuts()
    {
        using var world = new TinyWorld();
        var recipe = TinyWorld.Recipe();
        new Trainer(world.Job("head", recipe)).Run(Stop);
        new Trainer(world.Job("windows", recipe with { Truncation = Truncation.Windows, WindowPooling = WindowPooling.Max })).Run(Stop);
        Assert.Equal(Weights(world, "head"), Weights(world, "windows"));
    }

    [Theory]
    [InlineData(WindowPooling.Mean, 7)]
    [InlineData(WindowPooling.Max, 10)]
    public void ARunInWindowsGoesOnToTheSameBits(WindowPooling pooling, int stopAfter)
    {
        using var world = new TinyWorld();
        var recipe = Recipe with { WindowPooling = pooling };
        var whole = new Trainer(world.Job("whole", recipe with { Threads = 1 })).Run(Stop);
        Assert.InRange(whole.Plan.MeanWindows, 1.2, 3);

        using var cancel = new CancellationTokenSource();
        Assert.True(new Trainer(world.Job("parts", recipe), new Watch { At = stopAfter, Act = cancel.Cancel }).Run(cancel.Token).IsInterrupted);
        new Trainer(world.Job("parts", recipe with { Threads = 3 }, resume: true)).Run(Stop);
        Assert.Equal(Weights(world, "whole"), Weights(world, "parts"));

        // The windows make a difference, and so does how they are pooled.
        new Trainer(world.Job("other", recipe with { WindowPooling = pooling == WindowPooling.Mean ? WindowPooling.Max : WindowPooling.Mean })).Run(Stop);
        Assert.NotEqual(Weights(world, "whole"), Weights(world, "other"));
    }

    [Theory]
    [InlineData(WindowPooling.Mean)]
    [InlineData(WindowPooling.Max)]
    public void WhatTheRunSaysOfItsModelIsWhatTheSavedModelIs(WindowPooling pooling)
    {
        using var world = new TinyWorld();
        var test = TinyWorld.Texts(90, seed: 4);
        var recipe = Recipe with { WindowPooling = pooling, WindowOverlap = 3, Epochs = 16 };
        var summary = new Trainer(world.Job("run", recipe) with { Test = test }).Run(Stop);
        Assert.True(summary.Validation!.Find("accuracy")!.Value.Value > 0.9, summary.Validation.ToTable());

        using var classifier = Classifier.Load(world.Output("run"), new ClassifierOptions { Threads = 1 });
        Assert.Equal((Truncation.Windows, 10, 3, pooling), (classifier.Truncation, classifier.MaxLength, classifier.WindowOverlap!.Value, classifier.WindowPooling));
        Assert.Equal(summary.TestLogits, classifier.Logits(test.Examples, Stop));
        Assert.Equal(summary.Test!.ToJson(), classifier.Evaluate(test, cancellation: Stop).ToJson());
        Assert.Equal(summary.Validation.ToJson(), classifier.Evaluate(summary.Plan.Validation!, cancellation: Stop).ToJson());

        // Alone, in a list, and by evaluation.
        var listed = classifier.Predict([.. test.Examples.Select(example => example.Text)], Stop);
        Assert.Equal(summary.TestLogits, listed.SelectMany(prediction => prediction.Logits));
        Assert.Equal(listed.Select(prediction => prediction.Logits[0]), test.Examples.Select(example => classifier.Predict(example.Text).Logits[0]));
        Assert.Contains(listed, prediction => prediction.Windows > 1);
    }

    [Fact]
    public void TrainingReadsNoMoreWindowsThanAllowedAndValidationReadsAll()
    {
        using var world = new TinyWorld();
        var one = new Trainer(world.Job("one", Recipe with { MaxWindows = 1, Epochs = 1 })).Run(Stop);
        Assert.Equal(1, one.Plan.MeanWindows);
        Assert.InRange(one.Plan.CutShare, 0.3, 0.9);

        // One window is the head: the weights are those of a run that cuts, the validation is not.
        var head = new Trainer(world.Job("head", Recipe with { Truncation = Truncation.Head, Epochs = 1 })).Run(Stop);
        Assert.Equal(Weights(world, "head"), Weights(world, "one"));
        Assert.NotEqual(head.Validation!.Loss.Value, one.Validation!.Loss.Value);
        using var classifier = Classifier.Load(world.Output("one"));
        Assert.Equal(one.Validation.ToJson(), classifier.Evaluate(one.Plan.Validation!, cancellation: Stop).ToJson());
    }

    [Fact]
    public void AnOverlapThatIsTooLargeIsRefusedBeforeAnythingIsRead()
    {
        using var world = new TinyWorld();
        var error = Assert.Throws<TrainingException>(() => new Trainer(world.Job("run", Recipe with { WindowOverlap = 6 })).Run(Stop));
        Assert.Contains("--window-overlap 6 is more than half of --max-length 10", error.Message, StringComparison.Ordinal);

        // Without windows it says nothing.
        new Trainer(world.Job("head", Recipe with { Truncation = Truncation.Head, WindowOverlap = 6, Epochs = 0 })).Run(Stop);
    }

    [Fact]
    public void TheRecipeOfAModelSaysOfWindowsWhatThereIsToSay()
    {
        using var world = new TinyWorld();
        new Trainer(world.Job("windows", Recipe with { Epochs = 0 })).Run(Stop);
        new Trainer(world.Job("head", Recipe with { Epochs = 0, Truncation = Truncation.Head })).Run(Stop);

        // The default is a number by then.
        var recipe = ModelDescription.Read(world.Output("windows"))!.Recipe!.Value;
        Assert.Equal((2, "mean", 8), (recipe.GetProperty("window_overlap").GetInt32(), recipe.GetProperty("window_pooling").GetString(), recipe.GetProperty("max_windows").GetInt32()));
        Assert.False(ModelDescription.Read(world.Output("head"))!.Recipe!.Value.TryGetProperty("window_overlap", out _));
    }

    private static TrainingRecipe Recipe => TinyWorld.Recipe() with { MaxLength = 10, Truncation = Truncation.Windows };

    private static byte[] Weights(TinyWorld world, string run) => File.ReadAllBytes(Path.Combine(world.Output(run), "model.safetensors"));

    /// <summary>Documents of so many windows each, every window of the same length, with random tokens.</summary>
    private static PackedBatch Documents(int[] windows, int length)
    {
        var all = SmallModel.Batch(Config, [.. Enumerable.Repeat(length, windows.Sum())]);
        var batch = new PackedBatch();
        var next = 0;
        foreach (var count in windows)
        {
            for (var window = 0; window < count; window++, next++)
            {
                var ids = all.Ids.Slice(next * length, length);
                if (window == 0)
                {
                    batch.Add(ids, length);
                }
                else
                {
                    batch.AddWindow(ids, length);
                }
            }
        }

        return batch;
    }

    private sealed class Watch : TrainingCallbacks
    {
        public required int At { get; init; }

        public required Action Act { get; init; }

        public override void Stepped(in TrainingProgress progress)
        {
            if (progress.Step == At)
            {
                Act();
            }
        }
    }
}
