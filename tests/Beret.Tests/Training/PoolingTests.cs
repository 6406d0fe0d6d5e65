using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Models;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>What goes to the classifier is part of the model: the recipe sets it, config.json keeps it, and it goes wherever the model goes.</summary>
public sealed class PoolingTests : IDisposable
{
    private readonly TinyWorld world = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(Pooling.FirstToken)]
    [InlineData(Pooling.Mean)]
    [InlineData(Pooling.Max)]
    public void TheVectorOfATextIsMadeOfItsTokens(Pooling pooling)
    {
        SayPooling(world.Model, pooling.Format());
        using var encoder = Encoder.Load(world.Model);
        foreach (var text in (string[])["the film was great", "awful", "a plot of it and the story was superb"])
        {
            var encoding = encoder.Encode(text, EncoderParts.Pooled | EncoderParts.Sequence);
            for (var h = 0; h < encoding.Pooled.Length; h++)
            {
                var values = Enumerable.Range(0, encoding.Sequence.Tokens).Select(t => encoding.Sequence[t][h]).ToArray();
                var expected = pooling switch { Pooling.FirstToken => values[0], Pooling.Mean => values.Average(value => (double)value), _ => values.Max() };
                Assert.Equal(expected, encoding.Pooled[h], 1e-6);
            }
        }
    }

    [Theory]
    [InlineData(Pooling.FirstToken)]
    [InlineData(Pooling.Mean)]
    [InlineData(Pooling.Max)]
    public void ARunLearnsKeepsAndReloadsIt(Pooling pooling)
    {
        var summary = new Trainer(world.Job("run", TinyWorld.Recipe() with { Epochs = 20, Pooling = pooling })).Run(Cancellation);
        Assert.True(summary.Validation!.Find("accuracy")!.Value.Value > 0.9, summary.Validation.ToTable());

        var folder = world.Output("run");
        Assert.Equal(pooling.Format(), (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!["classifier_pooling"]);
        using (var weights = Checkpoint.Open(folder))
        {
            Assert.False(weights.Contains("bert.pooler.dense.weight"));
        }

        using var classifier = Classifier.Load(folder);
        var (_, validation) = Beret.Data.DatasetSplit.TutorialSplit(TinyWorld.Texts(200), 0.2, 42);
        Assert.Equal(summary.Validation.ToJson(), classifier.Evaluate(validation, cancellation: Cancellation).ToJson());
    }

    [Fact]
    public void WithoutAWordTheModelDecides()
    {
        SayPooling(world.Model, "mean");
        Train("as it is", null);
        Train("asked for", Pooling.Mean);
        Train("another", Pooling.Pooler);
        Assert.Equal(Weights("asked for"), Weights("as it is"));
        Assert.NotEqual(Weights("asked for"), Weights("another"));
        using var weights = Checkpoint.Open(world.Output("another"));
        Assert.True(weights.Contains("bert.pooler.dense.weight"));
    }

    [Fact]
    public void AnInterruptedRunGoesOnWithIt()
    {
        Train("whole", Pooling.Max);
        using var cancel = new CancellationTokenSource();
        Assert.True(new Trainer(world.Job("parts", Recipe(Pooling.Max)), new Ending(7, cancel)).Run(cancel.Token).IsInterrupted);
        new Trainer(world.Job("parts", Recipe(Pooling.Max), resume: true)).Run(Cancellation);
        Assert.Equal(Weights("whole"), Weights("parts"));
    }

    [Fact]
    public void AnUnknownWordIsRefused()
    {
        SayPooling(world.Model, "median");
        Assert.Contains("classifier_pooling is \"median\"; it can be pooler, cls, mean, max", Assert.Throws<ModelException>(() => Encoder.Load(world.Model)).Message);
    }

    private static TrainingRecipe Recipe(Pooling? pooling) => TinyWorld.Recipe() with { Pooling = pooling };

    private static void SayPooling(string folder, string word)
    {
        var file = Path.Combine(folder, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(file))!;
        config["classifier_pooling"] = word;
        File.WriteAllText(file, config.ToJsonString());
    }

    private void Train(string name, Pooling? pooling) => new Trainer(world.Job(name, Recipe(pooling))).Run(Cancellation);

    private byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(world.Output(name), "model.safetensors"));

    private sealed class Ending(int step, CancellationTokenSource cancel) : TrainingCallbacks
    {
        public override void Stepped(in TrainingProgress progress)
        {
            if (progress.Step == step)
            {
                cancel.Cancel();
            }
        }
    }
}
