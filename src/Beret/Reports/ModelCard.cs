using System.Globalization;
using System.Text;
using Beret.Evaluation;

namespace Beret.Reports;

/// <summary>
/// The README.md of a model folder: a model card with the front matter that the Hugging Face hub reads (huggingface.co/docs/hub/model-cards).
/// </summary>
public static class ModelCard
{
    private const string ExampleText = "this is such an amazing movie!";

    /// <summary>Writes the card.</summary>
    /// <param name="content">What to say; foreign text in it stays text.</param>
    /// <returns>Markdown; lines end with a line feed.</returns>
    public static string Render(ModelCardContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var card = new StringBuilder();
        FrontMatter(card, content);
        card.Append("\n# ").Append(Markdown.Text(content.Name)).Append("\n\n").Append(Introduction(content)).Append('\n');
        Metrics(card, content.Evaluations);
        Usage(card, content);
        Samples(card, content.Samples);
        IntendedUse(card, content);
        foreach (var section in content.Summary)
        {
            Facts(card, section.Title, section.Facts);
        }

        Facts(card, "Recipe", content.Recipe);
        return card.ToString();
    }

    private static void FrontMatter(StringBuilder card, ModelCardContent content)
    {
        card.Append("---\n");
        Scalar("language", content.Language);
        card.Append(content.License is { } license
            ? $"license: {Markdown.YamlScalar(license)}\n"
            : "# license: fill in; it depends on the encoder and on the data\n");
        if (content.TransformersClass is not null)
        {
            card.Append("library_name: transformers\n");
        }

        card.Append("pipeline_tag: text-classification\ntags:\n- text-classification\n- beret\n");

        // The hub accepts only the name of one of its own repositories here.
        if (content.BaseModel is { } model && IsRepository(model))
        {
            Scalar("base_model", model);
        }

        if (content.Evaluations.Count > 0)
        {
            string[] known = ["accuracy", "precision", "recall", "f1", "f1_macro", "roc_auc", "mse", "pearson", "spearman"];
            var first = content.Evaluations[0];
            var metrics = first.Result.Metrics.Where(metric => known.Contains(metric.Key) && double.IsFinite(metric.Estimate.Value)).ToList();
            card.Append("metrics:\n");
            foreach (var type in metrics.Select(HubType).Distinct())
            {
                card.Append("- ").Append(type).Append('\n');
            }

            card.Append("model-index:\n- name: ").Append(Markdown.YamlScalar(content.Name)).Append("\n  results:\n  - task:\n      type: text-classification\n    dataset:\n");
            var dataset = Markdown.YamlScalar(content.Dataset ?? "unnamed");
            card.Append("      type: ").Append(dataset).Append("\n      name: ").Append(dataset).Append("\n      split: ").Append(Markdown.YamlScalar(first.Name)).Append("\n    metrics:\n");
            foreach (var metric in metrics)
            {
                card.Append(CultureInfo.InvariantCulture, $"    - type: {HubType(metric)}\n      name: {Markdown.YamlScalar(metric.Name)}\n      value: {metric.Estimate.Value:0.######}\n");
            }
        }

        card.Append("---\n");

        void Scalar(string key, string? value)
        {
            if (value is not null)
            {
                card.Append(key).Append(": ").Append(Markdown.YamlScalar(value)).Append('\n');
            }
        }

        static string HubType(Metric metric) => metric.Key switch { "f1_macro" => "f1", "pearson" => "pearsonr", "spearman" => "spearmanr", var key => key };
    }

    private static string Introduction(ModelCardContent content)
    {
        var labels = content.Labels.Select(label => $"**{Markdown.Text(label)}**").ToList();
        var what = content.Labels.Count switch
        {
            0 => "A model that reads a text",
            1 when content.Task == "regression" => $"A model that gives a text's {labels[0]}, a number",
            _ when content.Task == "multi-label" => string.Create(
                CultureInfo.InvariantCulture, $"A classifier that gives a text any of {labels.Count} labels{(labels.Count <= 12 ? $": {string.Join(", ", labels)}" : "")}"),
            2 when content.Task == "binary" => $"A classifier that tells {labels[1]} texts from {labels[0]} ones: it gives the probability of {labels[1]}",
            <= 12 => $"A classifier that sorts texts into {string.Join(", ", labels.SkipLast(1))} and {labels[^1]}",
            _ => string.Create(CultureInfo.InvariantCulture, $"A classifier that sorts texts into {labels.Count} classes"),
        };
        var from = content.BaseModel is { } model ? $" Fine-tuned from {Markdown.Text(model)}" : " Fine-tuned";
        var on = content.Dataset is { } data ? $" on {Markdown.Text(data)}" : "";
        var length = content.Truncation == "windows"
            ? string.Create(CultureInfo.InvariantCulture, $" It reads {content.MaxLength} tokens of a text at once, and a longer one in several windows.")
            : string.Create(CultureInfo.InvariantCulture, $" It reads {content.MaxLength} tokens of a text; of a longer one it keeps {Kept(content.Truncation)}.");
        return $"{what}.{from}{on} with Beret.{length}\n";
    }

    private static string Kept(string truncation) => truncation switch
    {
        "head" => "the beginning",
        "tail" => "the end",
        "head+tail" => "the beginning (a quarter) and the end",
        _ => Markdown.Text(truncation),
    };

    private static void Metrics(StringBuilder card, IReadOnlyList<NamedEvaluation> evaluations)
    {
        foreach (var evaluation in evaluations)
        {
            card.Append(CultureInfo.InvariantCulture, $"\n## Evaluation: {Markdown.Text(evaluation.Name)} ({evaluation.Result.Count} examples)\n\n| metric | value | 95% interval |{(evaluation.Result.Baseline is null ? "\n|---|---:|---:|" : " words, tf-idf |\n|---|---:|---:|---:|")}\n");
            foreach (var metric in evaluation.Result.Metrics)
            {
                card.Append($"| {Markdown.Text(metric.Name)} | {EvaluationResult.Figure(metric.Estimate.Value)} | {EvaluationResult.Range(metric.Estimate)} |{(evaluation.Result.Baseline is null ? "" : $" {EvaluationResult.Figure(evaluation.Result.BaselineOf(metric))} |")}\n");
            }

            if (evaluation.Result.Confusion is { Labels.Count: <= 12 } confusion)
            {
                card.Append("\n| true \\ predicted | ").AppendJoin(" | ", confusion.Labels.Select(Markdown.Text)).Append(" |\n|---|");
                card.Insert(card.Length, "---:|", confusion.Labels.Count).Append('\n');
                for (var row = 0; row < confusion.Labels.Count; row++)
                {
                    card.Append("| ").Append(Markdown.Text(confusion.Labels[row])).Append(" | ")
                        .AppendJoin(" | ", Enumerable.Range(0, confusion.Labels.Count).Select(column => confusion[row, column].ToString(CultureInfo.InvariantCulture))).Append(" |\n");
                }
            }
        }
    }

    private static void Usage(StringBuilder card, ModelCardContent content)
    {
        card.Append(
            $$"""

            ## Use

            On the command line, in this folder:

            ```sh
            beret predict . "{{ExampleText}}"
            beret predict . < texts.txt
            ```

            In .NET:

            ```csharp
            using Beret.Inference;

            using var classifier = Classifier.Load("path/to/this/folder");
            Console.WriteLine(classifier.Predict("{{ExampleText}}"));
            ```

            """);
        if (content.TransformersClass is { } name)
        {
            card.Append($"\nThe weights and the configuration load in Hugging Face transformers as `{name.Replace("`", "", StringComparison.Ordinal)}`.\n");
        }
    }

    private static void Samples(StringBuilder card, IReadOnlyList<SamplePrediction> samples)
    {
        if (samples.Count == 0)
        {
            return;
        }

        card.Append("\n| text | predicted | score |\n|---|---|---:|\n");
        foreach (var sample in samples)
        {
            card.Append(CultureInfo.InvariantCulture, $"| {Markdown.Text(sample.Text)} | {Markdown.Text(sample.Predicted)} | {sample.Score:F6} |\n");
        }
    }

    private static void IntendedUse(StringBuilder card, ModelCardContent content)
    {
        var data = content.Dataset is { } name ? $"those of {Markdown.Text(name)}" : "its training texts";
        card.Append("\n## Intended use and limits\n\n");
        card.Append($"- Made for texts like {data}, in the same language. On other texts the figures above do not hold: evaluate on your own with `beret evaluate`.\n");
        card.Append(content.Truncation == "windows"
            ? string.Create(CultureInfo.InvariantCulture, $"- A text of more than {content.MaxLength} tokens is read in windows of so many, each without the others: what only two of them say together it does not see.\n")
            : string.Create(CultureInfo.InvariantCulture, $"- What lies beyond {content.MaxLength} tokens ({Kept(content.Truncation)} kept) has no influence on the answer.\n"));
        card.Append("- It answers every text, also one that belongs to none of its classes. A score orders texts by the model's confidence; that 0.9 means right nine times in ten has not been checked.\n");
        card.Append("- It has learned whatever bias the encoder's and the training texts have. Do not let it decide about people on its own.\n");
    }

    private static void Facts(StringBuilder card, string title, IReadOnlyList<Fact> facts)
    {
        if (facts.Count == 0)
        {
            return;
        }

        card.Append("\n## ").Append(Markdown.Text(title)).Append("\n\n| | |\n|---|---|\n");
        foreach (var fact in facts)
        {
            card.Append($"| {Markdown.Text(fact.Name)} | {Markdown.Text(fact.Value)} |\n");
        }
    }

    private static bool IsRepository(string name) =>
        name.Split('/') is { Length: 2 } parts
        && parts.All(part => part.Length is > 0 and <= 96 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));
}
