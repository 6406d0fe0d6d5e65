using System.Text.Json;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tasks;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>
/// Weighted, smoothed and focused losses beside PyTorch's: tests/fixtures/losses holds what losses.py there computed in float64 (weight, label_smoothing and pos_weight are PyTorch's own, the focal
/// loss is written out from its definition), and the recordings of whole models hold Hugging Face's.
/// </summary>
public class ObjectiveTests
{
    private static readonly JsonElement[] Golden =
        [.. JsonDocument.Parse(File.ReadAllBytes(Repository.Path("tests", "fixtures", "losses", "losses.json"))).RootElement.GetProperty("cases").EnumerateArray()];

    public static TheoryData<string> Names => [.. Golden.Select(one => one.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void LossAndGradientArePyTorchs(string name)
    {
        var golden = Golden.Single(one => one.GetProperty("name").GetString() == name);
        var texts = Texts(golden);
        var recipe = Recipe(golden);
        var objective = Objective.For(recipe, ClassificationTask.For(texts.Labels, golden.GetProperty("task").GetString(), texts.Kind), texts);
        var (loss, gradient) = Compute(objective, texts, [.. golden.GetProperty("logits").EnumerateArray().SelectMany(Row)]);

        // Losses and gradients are kept in single precision.
        Assert.Equal(golden.GetProperty("loss").GetDouble(), loss, 1e-6 * Math.Max(1, loss));
        double[] expected = [.. golden.GetProperty("gradient").EnumerateArray().SelectMany(Row).Select(value => (double)value)];
        Assert.All(expected.Zip(gradient), pair => Assert.Equal(pair.First, pair.Second, 1e-6 * Math.Max(1, Math.Abs(pair.First))));
    }

    [Theory]
    [InlineData("bert_b", "weighted", "a=0.5,b=2,c=1.25", 0)]
    [InlineData("bert_b", "smoothed", "none", 0.1)]
    [InlineData("bert_b", "weighted_smoothed", "a=0.5,b=2,c=1.25", 0.1)]
    [InlineData("bert_c", "pos_weight", "a=1,b=3,c=0.5,d=2", 0)]
    public void AWholeModelsLossAndGradientsAreHuggingFaces(string name, string variant, string weights, double smoothing)
    {
        using var expected = Checkpoint.Open(Shared.Path("fixtures", "hf", name, "expected.safetensors"));
        using var backend = CpuBackend.Create(2);
        using var model = ModelLoader.Load(Shared.Path("fixtures", "hf", name), backend, adjust: config => config with { HiddenDropout = 0, AttentionDropout = 0, ClassifierDropout = 0 }).Model;
        string[] labels = [.. "abcd".Select(letter => $"{letter}").Take(model.Outputs)];
        var texts = name == "bert_b"
            ? new LabelledTexts(labels, [.. Recorded.Integers(expected, "labels").Select(label => new Example("", null, label, ""))], name)
            : new LabelledTexts(labels, [.. expected.Read("labels").Chunk(labels.Length).Select(Labelled)], name, kind: LabelKind.Set);
        var recipe = new TrainingRecipe { ClassWeights = ClassWeights.Parse(weights)!, LabelSmoothing = smoothing };
        var objective = Objective.For(recipe, ClassificationTask.For(texts.Labels, kind: texts.Kind), texts);
        using var learner = new Learner(model, backend, objective.Loss, new AdamWOptions(), seed: 0);
        var batch = Recorded.Batch(expected, "input_ids", "attention_mask", "token_type_ids");
        var loss = learner.Differentiate(batch, Targets(objective, texts));

        // The README's tolerances of these cases, of whose logits and gradients these are.
        Assert.Equal(Recorded.Doubles(expected, $"{variant}.loss.fp64")[0], loss, 3e-6);
        foreach (var part in (string[])["weight", "bias"])
        {
            var want = expected.Read($"{variant}.grad.classifier.{part}");
            var got = learner.GradientOf(Recorded.Parameter(model, $"classifier.{part}"), batch);
            Assert.All(want.Zip(got), pair => Assert.Equal(pair.First, pair.Second, 2e-5 * want.Max(Math.Abs)));
        }
    }

    [Fact]
    public void WithoutSuchAWishTheTasksOwnLossIsMinimised()
    {
        var task = new MultiClassTask(["a", "b", "c"]);
        var objective = Objective.For(new TrainingRecipe(), task, Classes(0, 1, 1, 2));
        Assert.Equal((Loss.CrossEntropy, 1, 0.0), (objective.Loss, objective.TargetSize, objective.Focus));
        Assert.Equal(task.ChanceLoss(Classes(0, 1, 1, 2)), objective.ChanceLoss);
    }

    [Fact]
    public void GuessingCostsWhatTheWeightedSharesCost()
    {
        // Balanced weights make the classes' shares alike; smoothing by ε mixes the even distribution in, which they are already.
        var balanced = Objective.For(new TrainingRecipe { ClassWeights = ClassWeights.Balanced }, new MultiClassTask(["a", "b", "c"]), Classes(0, 1, 1, 1, 2, 2));
        Assert.Equal(Math.Log(3), balanced.ChanceLoss, 1e-6);

        // Shares ¼ and ¾, and (1 − p)² before each.
        var focused = Objective.For(new TrainingRecipe { FocalGamma = 2 }, new BinaryTask(["a", "b"]), new LabelledTexts(["a", "b"], Classes(0, 1, 1, 1).Examples, "made"));
        Assert.Equal(0.25 * 0.5625 * Math.Log(4) + 0.75 * 0.0625 * Math.Log(4 / 3.0), focused.ChanceLoss, 1e-6);
    }

    [Theory]
    [InlineData("--class-weights", "balanced", 0, 0)]
    [InlineData("--label-smoothing", "none", 0.1, 0)]
    [InlineData("--focal-gamma", "none", 0, 2)]
    public void ARegressionHasNoLabelsToWeigh(string option, string weights, double smoothing, double gamma)
    {
        var recipe = new TrainingRecipe { ClassWeights = ClassWeights.Parse(weights)!, LabelSmoothing = smoothing, FocalGamma = gamma };
        var numbers = new LabelledTexts(["stars"], [new Example("", null, -1, "") { Value = 3 }], "made", kind: LabelKind.Number);
        Assert.Contains(option, Assert.Throws<TrainingException>(() => Objective.For(recipe, new RegressionTask(["stars"]), numbers)).Message, StringComparison.Ordinal);
    }

    private static (double Loss, float[] Gradient) Compute(Objective objective, LabelledTexts texts, float[] logits)
    {
        using var backend = CpuBackend.Create(1);
        var rows = texts.Examples.Count;
        var (values, targets) = (Matrix(rows, logits.Length / rows), Matrix(rows, objective.TargetSize));
        var (losses, gradient) = (Matrix(rows, 1), Matrix(rows, logits.Length / rows));
        backend.Write(logits, values);
        backend.Write(Targets(objective, texts), targets);
        backend.Loss(objective.Loss, values, targets, losses, gradient, focus: objective.Focus);
        var result = (Recorded.Values(backend, losses).Average(loss => (double)loss), Recorded.Values(backend, gradient));
        foreach (var matrix in (Matrix[])[values, targets, losses, gradient])
        {
            backend.Free(matrix.Handle);
        }

        return result;

        Matrix Matrix(int r, int c) => new(backend.Allocate((long)r * c * sizeof(float)), r, c);
    }

    /// <summary>As a step has them, all texts being one.</summary>
    private static float[] Targets(Objective objective, LabelledTexts texts)
    {
        var targets = new StepTargets(new RunTexts(ClassificationTask.For(texts.Labels, kind: texts.Kind), texts, null, []), objective, null, texts.Examples.Count);
        int[] all = [.. Enumerable.Range(0, texts.Examples.Count)];
        targets.Begin(all);
        return targets.Labels(all).ToArray();
    }

    private static TrainingRecipe Recipe(JsonElement golden) => new()
    {
        ClassWeights = golden.GetProperty("weights") is { ValueKind: JsonValueKind.Array } weights
            ? ClassWeights.Parse(string.Join(',', weights.EnumerateArray().Select((weight, i) => $"{(char)('a' + i)}={weight.GetRawText()}")))!
            : ClassWeights.None,
        LabelSmoothing = golden.GetProperty("smoothing").GetDouble(),
        FocalGamma = golden.GetProperty("gamma").GetDouble(),
    };

    private static LabelledTexts Texts(JsonElement golden)
    {
        var labels = golden.GetProperty("labels");
        var isSet = golden.GetProperty("task").GetString() == TaskNames.MultiLabel;
        var count = golden.GetProperty("task").GetString() == TaskNames.Binary ? 2 : golden.GetProperty("logits")[0].GetArrayLength();
        return new LabelledTexts(
            [.. Enumerable.Range(0, count).Select(i => $"{(char)('a' + i)}")],
            [.. labels.EnumerateArray().Select(label => isSet ? Labelled([.. Row(label)]) : new Example("", null, label.GetInt32(), ""))], "golden",
            kind: isSet ? LabelKind.Set : LabelKind.Class);
    }

    private static Example Labelled(float[] row) => new("", null, -1, "") { Labels = [.. Enumerable.Range(0, row.Length).Where(k => row[k] == 1)] };

    private static LabelledTexts Classes(params int[] labels) => new(["a", "b", "c"], [.. labels.Select(label => new Example("", null, label, ""))], "made");

    private static IEnumerable<float> Row(JsonElement row) => row.EnumerateArray().Select(value => value.GetSingle());
}
