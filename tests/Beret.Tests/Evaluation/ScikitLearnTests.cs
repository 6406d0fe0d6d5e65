using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Evaluation;

namespace Beret.Tests.Evaluation;

/// <summary>The figures of every task are those of scikit-learn and SciPy: tests/fixtures/metrics says how its cases were made.</summary>
public class ScikitLearnTests
{
    private const double Tolerance = 1e-12;

    private static readonly JsonArray Cases = JsonNode.Parse(File.ReadAllText(Repository.Path("tests", "fixtures", "metrics", "metrics.json")))!.AsArray();

    [Theory]
    [InlineData("binary")]
    [InlineData("multi-class")]
    [InlineData("multi-label")]
    [InlineData("regression")]
    public void FiguresAreThoseOfScikitLearn(string task)
    {
        var cases = Cases.Where(one => (string)one!["task"]! == task).ToArray();
        Assert.True(cases.Length >= 12);
        foreach (var (number, one) in cases.Index())
        {
            var result = Evaluate(one!);
            Assert.Equal(task, result.Task);
            foreach (var (key, expected) in one!["expected"]!.AsObject())
            {
                var value = Assert.NotNull(result.Find(key)).Value;
                Assert.True(
                    expected is null ? double.IsNaN(value) : Math.Abs(value - (double)expected) <= Tolerance * Math.Max(1, Math.Abs((double)expected)),
                    $"{task}, case {number}: {key} is {value:r}, not {expected}");
            }
        }
    }

    [Fact]
    public void TheConfusionMatrixIsThatOfScikitLearn()
    {
        foreach (var one in Cases.Where(one => one!["confusion_matrix"] is not null))
        {
            var confusion = Evaluate(one!).Confusion!;
            var expected = one!["confusion_matrix"]!.Deserialize<long[][]>()!;
            Assert.Equal(expected.SelectMany(row => row), expected.SelectMany((row, i) => row.Select((_, j) => confusion[i, j])));
        }
    }

    [Fact]
    public void TheFiguresOfEachLabelAreThoseOfScikitLearn()
    {
        foreach (var one in Cases.Where(one => one!["per_class"] is not null))
        {
            var (labels, expected) = (Evaluate(one!).Classes, one!["per_class"]!);
            AssertClose(expected["precision"]!, labels.Select(label => label.Precision.Value));
            AssertClose(expected["recall"]!, labels.Select(label => label.Recall.Value));
            AssertClose(expected["f1"]!, labels.Select(label => label.F1.Value));
            AssertClose(expected["support"]!, labels.Select(label => (double)label.Support));
        }

        static void AssertClose(JsonNode expected, IEnumerable<double> values) =>
            Assert.All(expected.Deserialize<double[]>()!.Zip(values), pair => Assert.Equal(pair.First, pair.Second, Tolerance));
    }

    private static EvaluationResult Evaluate(JsonNode one)
    {
        var logits = (one["logits"] ?? one["predictions"])!.Deserialize<float[]>()!;
        return (string)one["task"]! switch
        {
            "binary" => BinaryMetrics.Evaluate(one["labels"].Deserialize<int[]>()!, logits),
            "multi-class" => MultiClassMetrics.Evaluate(one["labels"].Deserialize<int[]>()!, logits, (int)one["classes"]!),
            "multi-label" => MultiLabelMetrics.Evaluate(
                [.. one["labels"].Deserialize<int[]>()!.Select(label => label == 1)], logits, [.. Enumerable.Range(0, (int)one["classes"]!).Select(k => $"{k}")]),
            _ => RegressionMetrics.Evaluate(one["truth"].Deserialize<double[]>()!, logits),
        };
    }
}
