using System.Text.Json;
using Beret.Evaluation;

namespace Beret.Tests.Evaluation;

public class EvaluationOutputTests
{
    [Fact]
    public void Binary_table()
    {
        var result = BinaryMetrics.Evaluate([0, 0, 0, 0, 1, 1, 1, 1], [-2f, -1f, 0.25f, 2f, 0f, 0.25f, 1f, 3f], ["neg", "pos"]);

        Assert.Equal(
            """
            8 examples                                value      95% interval
            loss                                     0.6280  0.1685 to 1.0875
            accuracy (p > 0.5)                       0.6250  0.3057 to 0.8632
            accuracy (logit > 0.5, as the notebook)  0.6250  0.3057 to 0.8632
            precision                                0.6000  0.2307 to 0.8824
            recall                                   0.7500  0.3006 to 0.9544
            specificity                              0.5000  0.1500 to 0.8500
            F1                                       0.6667  0.3160 to 0.8965
            ROC-AUC                                  0.7188  0.3094 to 1.0000
            Matthews correlation                     0.2582                 -

            true \ predicted  neg  pos  total
            neg                 2    2      4
            pos                 1    3      4
            total               3    5      8

            """,
            result.ToTable());
    }

    [Fact]
    public void Binary_json_has_stable_keys_and_no_number_that_json_lacks()
    {
        using var json = JsonDocument.Parse(BinaryMetrics.Evaluate([0, 0], [-1f, 1f], ["neg", "pos"]).ToJson());
        var root = json.RootElement;

        string[] keys =
        [
            "task", "examples", "loss", "accuracy", "accuracy_logit_half", "precision", "recall", "specificity", "f1", "roc_auc", "matthews",
            "intervals_95", "labels", "confusion_matrix", "notes",
        ];
        Assert.Equal(keys, root.EnumerateObject().Select(p => p.Name));
        Assert.Equal("binary", root.GetProperty("task").GetString());
        Assert.Equal(0.5, root.GetProperty("accuracy").GetDouble());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("roc_auc").ValueKind);
        Assert.Equal("no example is of the positive class", root.GetProperty("notes").GetProperty("roc_auc").GetString());
        Assert.Equal(2, root.GetProperty("intervals_95").GetProperty("accuracy").GetArrayLength());
        Assert.Equal("[[1,1],[0,0]]", JsonSerializer.Serialize(root.GetProperty("confusion_matrix")));
    }

    [Fact]
    public void Multi_class_json_lists_each_class()
    {
        using var json = JsonDocument.Parse(MultiClassMetrics.Evaluate([0, 1], [1f, 0f, 0f, 0f, 0f, 1f], 3, ["x", "y", "z"]).ToJson());
        var classes = json.RootElement.GetProperty("per_class");

        Assert.Equal(3, classes.GetArrayLength());
        Assert.Equal(["label", "precision", "recall", "f1", "support", "predicted", "intervals_95"], classes[0].EnumerateObject().Select(p => p.Name));
        Assert.Equal("never predicted", json.RootElement.GetProperty("notes").GetProperty("class y").GetString());
    }

    [Fact]
    public void A_hostile_label_can_neither_break_the_table_nor_command_the_terminal()
    {
        var table = BinaryMetrics.Evaluate([0, 1], [-1f, 1f], ["a\u001b[2J\nb", "\u202Eevil"]).ToTable();

        Assert.Contains("a\\u001b[2J\\u000ab", table);
        Assert.Contains("\\u202eevil", table);
        Assert.DoesNotContain('\u001b', table);
    }

    [Fact]
    public void Wide_labels_keep_the_columns_aligned()
    {
        var rows = new ConfusionMatrix(["好评", "a"]).ToTable().Split('\n');
        Assert.Equal("好评                 0  0      0", rows[1]); // each ideograph takes two columns
        Assert.Equal("a                    0  0      0".Length, rows[2].Length);
    }

    [Fact]
    public void Figures_are_found_by_key()
    {
        var result = BinaryMetrics.Evaluate([0, 1], [-1f, 1f]);
        Assert.Equal(1, result.Find("accuracy")!.Value.Value);
        Assert.Null(result.Find("no such"));
    }
}
