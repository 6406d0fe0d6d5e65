using Beret.Data;
using Beret.Inference;
using Beret.Models;
using Beret.Tests.Models;
using Beret.Text;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>The maximum length that is left to the texts.</summary>
public sealed class LengthSurveyTests : IDisposable
{
    private readonly TinyWorld world = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => world.Dispose();

    [Fact]
    public void WhatEachLengthKeepsCutsAndCosts()
    {
        // Ten texts: eight of 18 + 2 tokens, one of 98 + 2 and one of 498 + 2.
        var survey = Survey(Recipe, [.. Enumerable.Repeat(18, 8), 98, 498]);
        Assert.Equal((10, 10, 76.0, 20, 500, 500), (survey.Texts, survey.Sampled, survey.Mean, survey.Median, survey.Percentile95, survey.Longest));
        Assert.Equal([(64, false), (64, true), (128, false), (128, true), (256, false), (256, true), (512, false), (512, true)], survey.Choices.Select(choice => (choice.MaxLength, choice.IsWindowed)));

        var cut = survey.Choices.Where(choice => !choice.IsWindowed).ToArray();
        Assert.Equal([0.8, 0.9, 0.9, 1], cut.Select(choice => choice.Whole), Close);
        Assert.Equal([(760 - 36 - 436) / 760.0, (760 - 372) / 760.0, (760 - 244) / 760.0, 1], cut.Select(choice => choice.Kept), Close);
        Assert.Equal([(160 + 64 + 64) / 10.0, (160 + 100 + 128) / 10.0, (160 + 100 + 256) / 10.0, 76], cut.Select(choice => choice.Tokens), Close);
        Assert.All(cut, choice => Assert.Equal(1, choice.Windows));
        Assert.Equal(1, cut[1].Cost);
        Assert.Equal(Work(20, 20, 20, 20, 20, 20, 20, 20, 64, 64) / Work(20, 20, 20, 20, 20, 20, 20, 20, 100, 128), cut[0].Cost, 1e-12);

        // Windows of 64 hold 62 tokens and step by 46: 2 of the 98, and of the 498 eleven, of which training reads eight.
        var windows = survey.Choices.Where(choice => choice.IsWindowed).ToArray();
        Assert.Equal((8 + 2 + 8) / 10.0, windows[0].Windows, 12);
        Assert.Equal((160 + 128 + 512) / 10.0, windows[0].Tokens, 12);
        Assert.InRange(windows[0].Kept, 0.8, 0.95);

        // Windows of 128 hold 126 and step by 94: of the 498 five.
        Assert.Equal((1.0, (9 + 5) / 10.0), (windows[1].Kept, windows[1].Windows));
        Assert.Equal(Work([.. Enumerable.Repeat(20, 8), 100, .. Enumerable.Repeat(128, 5)]) / Work([.. Enumerable.Repeat(20, 8), 100, 128]), windows[1].Cost, 1e-12);
        Assert.All(windows.Zip(cut), pair => Assert.Equal(pair.First.Whole, pair.Second.Whole));
    }

    [Theory]
    [InlineData(100, 0, 64)]
    [InlineData(95, 5, 64)]
    [InlineData(94, 6, 128)]
    [InlineData(0, 100, 128)]
    public void TheSmallestLengthThatLeaves95Of100TextsWholeIsTaken(int small, int large, int expected)
    {
        int[] words = [.. Enumerable.Repeat(62, small), .. Enumerable.Repeat(126, large)];
        foreach (var truncation in new[] { Truncation.Head, Truncation.Windows })
        {
            var chosen = Survey(Recipe with { Truncation = truncation }, words).Chosen;
            Assert.Equal((expected, truncation == Truncation.Windows), (chosen.MaxLength, chosen.IsWindowed));
        }
    }

    [Fact]
    public void WhereNoneDoesTheLargestIsTakenThatTheModelHas()
    {
        int[] words = [.. Enumerable.Repeat(600, 10)];
        Assert.Equal(512, Survey(Recipe, words).Chosen.MaxLength);
        Assert.Equal(256, Survey(Recipe, words, positions: 300).Chosen.MaxLength);
        var few = Survey(Recipe, words, positions: 40);
        Assert.Equal((40, 1.0), (few.Chosen.MaxLength, few.Chosen.Cost));
    }

    [Fact]
    public void OfManyTextsSomeAreLookedAt()
    {
        var survey = Survey(Recipe, [.. Enumerable.Range(0, 25_000).Select(i => i < 12_500 ? 8 : 18)]);
        Assert.Equal((25_000, LengthSurvey.MostTexts, 15.0), (survey.Texts, survey.Sampled, survey.Mean));
    }

    [Fact]
    public void APairIsAsLongAsBothTexts()
    {
        Example[] pairs = [.. Enumerable.Repeat(new Example("film plot", "story", 0, "a"), 5)];
        Assert.Equal(6, LengthSurvey.Of(pairs, ModelTokenizer.Load(world.Model), SmallModel.MiniLm, Recipe, Stop).Longest);
    }

    [Fact]
    public void TheRunSaysItAndTheModelRemembersTheNumber()
    {
        var watch = new Watch();
        var job = world.Job("run", TinyWorld.Recipe() with { MaxLength = TrainingRecipe.AutoLength, Epochs = 1 });
        var summary = new Trainer(job, watch).Run(Stop);
        Assert.Equal((64, 200), (watch.Survey!.Chosen.MaxLength, watch.Survey.Texts));
        Assert.Equal(64, summary.Plan.Recipe.MaxLength);
        var written = ModelDescription.Read(world.Output("run"))!;
        Assert.Equal((64, 64), (written.MaxLength, written.Recipe!.Value.GetProperty("max_length").GetInt32()));

        new Trainer(world.Job("given", TinyWorld.Recipe() with { MaxLength = 64, Epochs = 1 })).Run(Stop);
        Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("given"), "model.safetensors")), File.ReadAllBytes(Path.Combine(world.Output("run"), "model.safetensors")));
    }

    [Fact]
    public void ARunThatGoesOnKeepsTheLengthThatItBeganWith()
    {
        var recipe = TinyWorld.Recipe() with { MaxLength = TrainingRecipe.AutoLength };
        new Trainer(world.Job("whole", recipe)).Run(Stop);
        using var cancel = new CancellationTokenSource();
        new Trainer(world.Job("parts", recipe), new Watch { Act = cancel.Cancel }).Run(cancel.Token);
        var watch = new Watch();
        Assert.Equal(64, Trainer.Interrupted(world.Output("parts")).Recipe.MaxLength);
        new Trainer(world.Job("parts", recipe, resume: true), watch).Run(Stop);
        Assert.Null(watch.Survey);
        Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("whole"), "model.safetensors")), File.ReadAllBytes(Path.Combine(world.Output("parts"), "model.safetensors")));
    }

    [Fact]
    public void WithoutLabelledTextsThereIsNothingToGoBy()
    {
        var error = Assert.Throws<TrainingException>(() => Survey(Recipe, []));
        Assert.Contains("--max-length auto", error.Message, StringComparison.Ordinal);
    }

    private static TrainingRecipe Recipe => new() { MaxLength = TrainingRecipe.AutoLength, Threads = 2 };

    private static bool Close(double expected, double actual) => Math.Abs(expected - actual) < 1e-12;

    private static double Work(params int[] lengths) => lengths.Sum(length => length * SmallModel.MiniLm.FlopsPerToken(length));

    /// <summary>A survey of texts with so many words each, every word a token.</summary>
    private LengthSurvey Survey(TrainingRecipe recipe, int[] words, int positions = 512) => LengthSurvey.Of(
        [.. words.Select((count, i) => new Example(string.Join(' ', Enumerable.Repeat("film", count)), null, 0, $"{i}"))],
        ModelTokenizer.Load(world.Model), SmallModel.MiniLm with { MaxPositions = positions }, recipe, Stop);

    private sealed class Watch : TrainingCallbacks
    {
        public LengthSurvey? Survey { get; private set; }

        public Action? Act { get; init; }

        public override void Surveyed(LengthSurvey survey) => Survey = survey;

        public override void Stepped(in TrainingProgress progress)
        {
            if (progress.Step == 5)
            {
                Act?.Invoke();
            }
        }
    }
}
