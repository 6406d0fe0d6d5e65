using System.Globalization;
using Beret.Evaluation;

namespace Beret.Reports;

/// <summary>
/// The report of a run as one HTML file: no script, no request to anywhere (its own content security policy forbids both), light and dark, readable
/// on a phone and by a screen reader.
/// The same content gives the same bytes.
/// </summary>
public static class HtmlReport
{
    private const int MostMatrixClasses = 20, MostConfusionsListed = 20, MostTextShown = 600;

    /// <summary>Writes the report.</summary>
    /// <param name="content">What to show; every text in it is escaped.</param>
    /// <returns>An HTML document; lines end with a line feed.</returns>
    /// <exception cref="ReportException">The model's structure does not hold together.</exception>
    public static string Render(ReportContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var page = new Markup();
        page.Raw(
            """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">

            """);
        page.Line($"<title>{content.Title}</title>");
        page.Raw("<style>\n").Raw(ReportStyle.Css).Raw("</style>\n</head>\n<body>\n<main>\n");
        page.Line($"<header><h1><bdi>{content.Title}</bdi></h1>");
        if (content.Subtitle is { } subtitle)
        {
            page.Line($"<p class=\"lead\"><bdi>{subtitle}</bdi></p>");
        }

        page.Raw("</header>\n");
        if (content.Evaluations is [{ } headline, ..])
        {
            Tiles(page, headline);
        }

        if (content.Summary.Count > 0)
        {
            page.Raw("<section class=\"columns\">\n");
            foreach (var section in content.Summary)
            {
                page.Line($"<div><h2>{section.Title}</h2>");
                Facts(page, section.Facts);
                page.Raw("</div>\n");
            }

            page.Raw("</section>\n");
        }

        if (content.History is { } history)
        {
            page.Raw("<section><h2>Training</h2>\n<figure>\n")
                .Raw("<div class=\"wide\">").Raw(CurvesSvg.Render(history)).Raw("</div>\n")
                .Raw("<div class=\"narrow\">").Raw(CurvesSvg.Render(history, "Training curves", width: 400, name: "beret-curves-narrow")).Raw("</div>\n</figure>\n");
            Epochs(page, history);
            page.Raw("</section>\n");
        }

        foreach (var evaluation in content.Evaluations)
        {
            Evaluation(page, evaluation);
        }

        Samples(page, content.Samples);
        if (content.Structure.Count > 0)
        {
            page.Raw("<section><h2>Structure</h2>\n<figure class=\"scroll\" tabindex=\"0\">\n").Raw(ModelDiagramSvg.Render(content.Structure)).Raw("</figure></section>\n");
        }

        page.Raw("<section class=\"columns\">\n");
        foreach (var (title, facts) in new[] { ("Recipe", content.Recipe), ("Environment", content.Environment) })
        {
            if (facts.Count > 0)
            {
                page.Line($"<div><h2>{title}</h2>");
                Facts(page, facts);
                page.Raw("</div>\n");
            }
        }

        page.Raw("</section>\n</main>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static void Tiles(Markup page, NamedEvaluation headline)
    {
        string[] keys = ["accuracy", "f1", "f1_macro", "roc_auc", "pearson", "spearman", "rmse", "loss"];
        page.Line($"<section class=\"tiles\" aria-label=\"Main figures\">");
        var first = headline.Result.Headline;
        foreach (var metric in keys.Where(key => key != first.Key).Select(key => headline.Result.Metrics.FirstOrDefault(metric => metric.Key == key)).OfType<Metric>().Prepend(first))
        {
            var name = metric.Key == "accuracy" ? "accuracy" : metric.Name;
            page.Line($"<div class=\"tile\"><div class=\"name\"><bdi>{headline.Name}</bdi> {name}</div>");
            page.Line($"<div class=\"figure\">{Figure(metric.Estimate.Value)}</div>");
            page.Line($"<div class=\"range\">{(metric.Estimate.Interval95 is null ? "" : EvaluationResult.Range(metric.Estimate))}</div></div>");
        }

        page.Raw("</section>\n");
    }

    private static void Facts(Markup page, IReadOnlyList<Fact> facts)
    {
        page.Raw("<dl>\n");
        foreach (var fact in facts)
        {
            page.Line($"<dt><bdi>{fact.Name}</bdi></dt><dd><bdi>{fact.Value}</bdi></dd>");
        }

        page.Raw("</dl>\n");
    }

    private static void Epochs(Markup page, TrainingHistory history)
    {
        if (history.Epochs.Count == 0)
        {
            return;
        }

        var metric = history.MetricName;
        OpenTable(page, "Epochs", "numbers", "epoch", "step", "loss", metric, "val. loss", $"val. {metric}", "seconds");
        foreach (var epoch in history.Epochs)
        {
            page.Line($"<tr><th scope=\"row\">{epoch.Epoch}</th><td>{epoch.Step}</td>");
            page.Line($"<td>{Figure(epoch.TrainingLoss)}</td><td>{Figure(epoch.TrainingAccuracy)}</td>");
            page.Line($"<td>{Figure(epoch.ValidationLoss)}</td><td>{Figure(epoch.ValidationAccuracy)}</td><td>{epoch.Seconds:F0}</td></tr>");
        }

        CloseTable(page);
    }

    private static void Evaluation(Markup page, NamedEvaluation evaluation)
    {
        var result = evaluation.Result;
        page.Line($"<section><h2>Evaluation: <bdi>{evaluation.Name}</bdi></h2>");
        page.Line($"<p>{result.Count} examples. Intervals are 95%.{(result.Baseline is null ? "" : " The baseline is a linear model on the words and pairs of neighbouring words of the whole texts (tf-idf).")}</p>");
        OpenTable(page, "Metrics", "numbers metrics", ["metric", "value", "95% interval", .. result.Baseline is null ? (string[])[] : ["baseline"], "from 0 to 1"]);
        foreach (var metric in result.Metrics)
        {
            page.Line($"<tr><th scope=\"row\">{metric.Name}</th><td>{Figure(metric.Estimate.Value)}</td>");
            page.Line($"<td>{EvaluationResult.Range(metric.Estimate)}</td>");
            if (result.Baseline is not null)
            {
                page.Line($"<td>{Figure(result.BaselineOf(metric))}</td>");
            }

            page.Line($"<td>{Whisker(metric)}</td></tr>");
        }

        CloseTable(page);
        Classes(page, result.Classes);
        if (result.Confusion is { } confusion)
        {
            Confusion(page, confusion);
        }

        var notes = result.Notes().ToList();
        if (notes.Count > 0)
        {
            page.Raw("<ul class=\"notes\">\n");
            foreach (var (name, note) in notes)
            {
                page.Line($"<li><bdi>{name}</bdi>: {note}</li>");
            }

            page.Raw("</ul>\n");
        }

        page.Raw("</section>\n");
    }

    /// <summary>The interval on a track from 0 to 1, for figures that live there.</summary>
    private static Verbatim Whisker(Metric metric)
    {
        if (metric.Key == "loss" || metric.Estimate.Interval95 is not { } range)
        {
            return new Verbatim("");
        }

        double left = 100 * range.Lower, width = 100 * (range.Upper - range.Lower), mark = 100 * metric.Estimate.Value;
        return new Verbatim(string.Create(
            CultureInfo.InvariantCulture,
            $"<span class=\"track\" aria-hidden=\"true\"><span style=\"left:{left:0.##}%;width:{width:0.##}%\"></span><i style=\"left:{mark:0.##}%\"></i></span>"));
    }

    private static void Classes(Markup page, IReadOnlyList<ClassMetrics> classes)
    {
        if (classes.Count == 0)
        {
            return;
        }

        page.Raw("<h3>Classes</h3>\n");
        OpenTable(page, "Classes", "numbers", "class", "precision", "recall", "F1", "95% interval of F1", "support");
        foreach (var row in classes)
        {
            page.Line($"<tr><th scope=\"row\"><bdi>{row.Label}</bdi></th><td>{Figure(row.Precision.Value)}</td><td>{Figure(row.Recall.Value)}</td>");
            page.Line($"<td>{Figure(row.F1.Value)}</td><td>{EvaluationResult.Range(row.F1)}</td><td>{row.Support}</td></tr>");
        }

        CloseTable(page);
    }

    private static void Confusion(Markup page, ConfusionMatrix confusion)
    {
        page.Raw("<h3>Confusion matrix</h3>\n");
        if (confusion.Labels.Count > MostMatrixClasses)
        {
            Confusions(page, confusion);
            return;
        }

        page.Raw("<p>Rows are the true classes, columns the predicted ones; the shade is the share of the row.</p>\n");
        OpenTable(page, "Confusion matrix", "heat", ["true \\ predicted", .. confusion.Labels]);
        for (var row = 0; row < confusion.Labels.Count; row++)
        {
            var support = confusion.Actual(row);
            page.Line($"<tr><th scope=\"row\"><bdi>{confusion.Labels[row]}</bdi></th>");
            for (var column = 0; column < confusion.Labels.Count; column++)
            {
                var share = support == 0 ? 0 : (double)confusion[row, column] / support;
                var kind = row == column ? "right" : "wrong";
                page.Line($"<td class=\"{kind}\" style=\"--share:{share:0.####}\">{confusion[row, column]}<small>{100 * share:F1}%</small></td>");
            }

            page.Raw("</tr>\n");
        }

        CloseTable(page);
    }

    /// <summary>Instead of a matrix too large to be read: what is taken for what most often.</summary>
    private static void Confusions(Markup page, ConfusionMatrix confusion)
    {
        var classes = confusion.Labels.Count;
        var worst = Enumerable.Range(0, classes * classes)
            .Select(cell => (Actual: cell / classes, Predicted: cell % classes))
            .Where(cell => cell.Actual != cell.Predicted && confusion[cell.Actual, cell.Predicted] > 0)
            .OrderByDescending(cell => confusion[cell.Actual, cell.Predicted])
            .Take(MostConfusionsListed)
            .ToList();
        page.Line($"<p>The {worst.Count} most frequent confusions among {classes} classes.</p>");
        OpenTable(page, "Most frequent confusions", "numbers", "true class", "predicted as", "examples", "of the class");
        foreach (var (actual, predicted) in worst)
        {
            var count = confusion[actual, predicted];
            page.Line($"<tr><th scope=\"row\"><bdi>{confusion.Labels[actual]}</bdi></th><td><bdi>{confusion.Labels[predicted]}</bdi></td>");
            page.Line($"<td>{count}</td><td>{100.0 * count / confusion.Actual(actual):F1}%</td></tr>");
        }

        CloseTable(page);
    }

    private static void Samples(Markup page, IReadOnlyList<SamplePrediction> samples)
    {
        if (samples.Count == 0)
        {
            return;
        }

        page.Raw("<section><h2>Predictions</h2>\n");
        var withTruth = samples.Any(sample => sample.Actual is not null);
        OpenTable(page, "Predictions", "samples", ["text", "predicted", "score", .. withTruth ? new[] { "true" } : []]);
        foreach (var sample in samples)
        {
            var mark = sample.Actual is null ? "" : sample.Actual == sample.Predicted ? "✓\u00a0" : "✗\u00a0";
            page.Line($"<tr><td><bdi>{Shorten(sample.Text)}</bdi></td><td><bdi>{sample.Predicted}</bdi></td><td>{Score(sample.Score)}</td>");
            if (withTruth)
            {
                page.Line($"<td>{mark}<bdi>{sample.Actual}</bdi></td>");
            }

            page.Raw("</tr>\n");
        }

        CloseTable(page);
        page.Raw("</section>\n");
    }

    /// <summary>A table that scrolls sideways where it is too wide, by keyboard too.</summary>
    private static void OpenTable(Markup page, string name, string kind, params IReadOnlyList<string> columns)
    {
        page.Line($"<div class=\"scroll\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\"><table class=\"{kind}\"><thead><tr>");
        foreach (var column in columns)
        {
            page.Line($"<th scope=\"col\"><bdi>{column}</bdi></th>");
        }

        page.Raw("</tr></thead><tbody>\n");
    }

    private static void CloseTable(Markup page) => page.Raw("</tbody></table></div>\n");

    private static string Figure(double? value) => EvaluationResult.Figure(value ?? double.NaN);

    private static string Score(double value) => value.ToString("F6", CultureInfo.InvariantCulture);

    private static string Shorten(string text)
    {
        if (text.Length <= MostTextShown)
        {
            return text;
        }

        var end = char.IsHighSurrogate(text[MostTextShown - 1]) ? MostTextShown - 1 : MostTextShown;
        return text[..end] + "…";
    }
}
