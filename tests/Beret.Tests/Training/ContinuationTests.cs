using System.Text.Json.Nodes;
using Beret.Data;
using Beret.Inference;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>A run's own output is a model to train further: what its classifier decides already goes on, and what is new gets a new classifier.</summary>
public sealed class ContinuationTests : IDisposable
{
    private readonly TinyWorld world = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => world.Dispose();

    [Fact]
    public void TheSameLabelsGoOnInTheModelsOrder()
    {
        Train("old", TinyWorld.Texts(200), world.Model);
        var turned = Turned(TinyWorld.Texts(200, seed: 5), ["pos", "neg"]);
        var plan = Train("new", turned, world.Output("old"), epochs: 0);
        Assert.Empty(plan.NewLayers);
        Assert.Null(plan.ReplacedLabels);
        Assert.Equal(["neg", "pos"], plan.Labels);
        Assert.Equal(plan.Training.LabelOf(plan.Samples[0]), turned.LabelOf(turned.Examples.Single(example => example.Source == plan.Samples[0].Source)));
        Assert.Equal(Logits("old"), Logits("new"));
        Train("on", turned, world.Output("old"));
        Assert.NotEqual(Logits("old"), Logits("on"));
    }

    [Fact]
    public void SomeOfTheModelsLabelsAreEnough()
    {
        Train("old", Three(TinyWorld.Texts(200)), world.Model);
        var plan = Train("new", Turned(TinyWorld.Texts(200), ["pos", "neg"]), world.Output("old"), epochs: 0);
        Assert.Empty(plan.NewLayers);
        Assert.Equal(("multi-class", "neg pos mixed"), (plan.Task, string.Join(' ', plan.Labels)));
        Assert.Equal(Logits("old"), Logits("new"));
    }

    [Fact]
    public void OtherLabelsGetANewClassifierAndThatIsSaid()
    {
        Train("old", TinyWorld.Texts(200), world.Model);
        var plan = Train("new", new LabelledTexts(["no", "yes"], TinyWorld.Texts(200).Examples, "tiny"), world.Output("old"), epochs: 0);
        Assert.Equal(["classifier"], plan.NewLayers);
        Assert.Equal(["neg", "pos"], plan.ReplacedLabels);
        Assert.NotEqual(Logits("old"), Logits("new"));
    }

    [Fact]
    public void AnotherTaskGetsANewClassifier()
    {
        Train("old", TinyWorld.Texts(200), world.Model);
        var plan = Train("new", TinyWorld.Texts(200), world.Output("old"), epochs: 0, task: "multi-class");
        Assert.Equal(["classifier"], plan.NewLayers);
        Assert.Equal(["neg", "pos"], plan.ReplacedLabels);
    }

    [Fact]
    public void ARegressionGoesOnWhateverItsNumberIsCalled()
    {
        Train("old", Numbers("stars"), world.Model);
        var plan = Train("new", Numbers("score"), world.Output("old"), epochs: 0);
        Assert.Empty(plan.NewLayers);
        Assert.Equal(Logits("old"), Logits("new"));
    }

    [Theory]
    [InlineData("neg", "pos", true)]
    [InlineData("pos", "neg", true)]
    [InlineData("no", "yes", false)]
    [InlineData(null, null, true)]
    public void AModelOfAnotherProgramGoesOnWhereItsLabelsHaveTheseNamesOrNone(string? first, string? second, bool goesOn)
    {
        Train("old", TinyWorld.Texts(200), world.Model, task: "multi-class");
        var folder = world.Output("old");
        File.Delete(Path.Combine(folder, "beret.json"));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
        config.Remove("id2label");
        config.Remove("label2id");
        if (first is not null)
        {
            config["id2label"] = new JsonObject { ["0"] = first, ["1"] = second };
        }

        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        var plan = Train("new", TinyWorld.Texts(200), folder, epochs: 0, task: "multi-class");
        Assert.Equal(goesOn, plan.NewLayers.Count == 0);
        Assert.Equal(first == "pos" ? "pos" : "neg", plan.Labels[0]);
        Assert.Equal(goesOn ? null : (string[])["no", "yes"], plan.ReplacedLabels);
    }

    private static LabelledTexts Turned(LabelledTexts texts, string[] labels) => texts.WithLabels(labels);

    private static LabelledTexts Three(LabelledTexts texts) => new(
        ["neg", "pos", "mixed"], [.. texts.Examples.Select((example, i) => i % 5 == 0 ? example with { Label = 2 } : example)], "tiny");

    private static LabelledTexts Numbers(string name) => new(
        [name], [.. TinyWorld.Texts(200).Examples.Select(example => example with { Label = -1, Value = example.Label })], "tiny", kind: LabelKind.Number);

    private TrainingPlan Train(string output, LabelledTexts texts, string model, int epochs = 1, string task = "auto") => new Trainer(
        world.Job(output, TinyWorld.Recipe() with { Epochs = epochs, Task = task }) with { Data = texts, ModelFolder = model }).Run(Cancellation).Plan;

    private float[] Logits(string name)
    {
        using var classifier = Classifier.Load(world.Output(name));
        return [.. new[] { "the film was great", "a poor story", "it was" }.SelectMany(text => classifier.Predict(text).Logits)];
    }
}
