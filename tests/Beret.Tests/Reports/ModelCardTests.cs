using Beret.Evaluation;
using Beret.Reports;

namespace Beret.Tests.Reports;

public class ModelCardTests
{
    private static readonly ModelCardContent Plain = new()
    {
        Name = "imdb-minilm",
        Task = "binary",
        Labels = ["neg", "pos"],
        BaseModel = "sentence-transformers/all-MiniLM-L6-v2",
        Dataset = "imdb",
        MaxLength = 128,
        TransformersClass = "BertForSequenceClassification",
        Evaluations = [new NamedEvaluation("test", BinaryMetrics.Evaluate([0, 0, 1, 1], [-1f, 1f, 1f, 2f], ["neg", "pos"]))],
    };

    [Fact]
    public void Front_matter_is_what_the_hub_reads()
    {
        var card = ModelCard.Render(Plain);
        var front = card.Split("---\n")[1];

        Assert.StartsWith("---\n", card);
        Assert.Equal(
            """
            # license: fill in; it depends on the encoder and on the data
            library_name: transformers
            pipeline_tag: text-classification
            tags:
            - text-classification
            - beret
            base_model: "sentence-transformers/all-MiniLM-L6-v2"
            metrics:
            - accuracy
            - precision
            - recall
            - f1
            - roc_auc
            model-index:
            - name: "imdb-minilm"
              results:
              - task:
                  type: text-classification
                dataset:
                  type: "imdb"
                  name: "imdb"
                  split: "test"
                metrics:
                - type: accuracy
                  name: "accuracy (p > 0.5)"
                  value: 0.75
                - type: precision
                  name: "precision"
                  value: 0.666667
                - type: recall
                  name: "recall"
                  value: 1
                - type: f1
                  name: "F1"
                  value: 0.8
                - type: roc_auc
                  name: "ROC-AUC"
                  value: 0.875

            """,
            front);
    }

    [Fact]
    public void It_says_what_the_model_does_how_well_and_how_to_use_it()
    {
        var card = ModelCard.Render(Plain);

        Assert.Contains("tells **pos** texts from **neg** ones", card);
        Assert.Contains("| accuracy (p > 0.5) | 0.7500 | 0.3006 to 0.9544 |", card);
        Assert.Contains("beret predict . ", card);
        Assert.Contains("Classifier.Load(", card);
        Assert.Contains("## Intended use and limits", card);
        Assert.Contains("`BertForSequenceClassification`", card);
    }

    [Fact]
    public void The_licence_is_the_users_to_give() => Assert.Contains("\nlicense: \"apache-2.0\"\n", ModelCard.Render(Plain with { License = "apache-2.0" }));

    [Fact]
    public void A_local_folder_is_no_base_model_of_the_hub() => Assert.DoesNotContain("base_model", ModelCard.Render(Plain with { BaseModel = "../runs/old model" }));

    [Fact]
    public void Hostile_text_ends_neither_the_front_matter_nor_a_table_nor_becomes_html()
    {
        const string Hostile = "x\"\n---\nlicense: mit\n| <script>alert(1)</script> ![a](http://e)";
        var card = ModelCard.Render(Plain with
        {
            Name = Hostile,
            Language = Hostile,
            Dataset = Hostile,
            BaseModel = Hostile,
            Labels = [Hostile, Hostile],
            Evaluations = [new NamedEvaluation(Hostile, BinaryMetrics.Evaluate([0, 1], [-1f, 1f], [Hostile, Hostile]))],
            Summary = [new FactSection(Hostile, [new Fact(Hostile, Hostile)])],
            Samples = [new SamplePrediction(Hostile, Hostile, 0.5)],
        });

        Assert.Equal(2, card.Split('\n').Count(line => line == "---"));
        Assert.DoesNotContain("\nlicense: mit", card);
        var body = card[card.IndexOf("\n---\n", StringComparison.Ordinal)..];
        Assert.DoesNotContain("<script", body);
        Assert.DoesNotContain("![a]", body);
        Assert.All(body.Split('\n').Where(line => line.StartsWith("| x", StringComparison.Ordinal)), line => Assert.EndsWith(" |", line));
    }

    [Fact]
    public void The_readers_culture_changes_nothing() => Assert.Equal(ModelCard.Render(Plain), Histories.InCommaCulture(() => ModelCard.Render(Plain)));

    [Fact]
    public void A_task_without_classes_has_a_card_too() => Assert.Contains("A model that reads a text", ModelCard.Render(new ModelCardContent { Name = "m", Task = "regression", MaxLength = 64 }));
}
