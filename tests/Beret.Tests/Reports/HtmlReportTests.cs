using System.Text.RegularExpressions;
using Beret.Evaluation;
using Beret.Reports;

namespace Beret.Tests.Reports;

public class HtmlReportTests
{
    private const string Hostile = "</bdi></td><script>alert('x')</script><img src=x onerror=\"alert(1)\">&lt;\u0000\u202e\ud800";

    private static readonly ReportContent Plain = new()
    {
        Title = "imdb, MiniLM",
        Summary = [new FactSection("Model", [new Fact("parameters", "22,713,601")])],
        History = Histories.Tutorial,
        Evaluations = [new NamedEvaluation("test", BinaryMetrics.Evaluate([0, 0, 1, 1, 1], [-1f, 1f, 1f, 2f, -2f], ["neg", "pos"]))],
        Samples = [new SamplePrediction("The movie was meh.", "pos", 0.865047, "neg")],
        Structure = [new DiagramNode("text", "Input", [], "[batch]")],
        Recipe = [new Fact("epochs", "5")],
        Environment = [new Fact("threads", "2")],
    };

    [Fact]
    public void It_holds_everything_it_was_given()
    {
        var page = HtmlReport.Render(Plain);

        string[] expected = ["imdb, MiniLM", "22,713,601", "Training and validation loss", "ROC-AUC", "Confusion matrix", "The movie was meh.", "0.865047", "text: Input", "Recipe", "threads"];
        Assert.All(expected, text => Assert.Contains(text, page));
        Assert.Contains("<td class=\"right\" style=\"--share:0.5\">1<small>50.0%</small></td>", page);
    }

    [Fact]
    public void It_asks_for_nothing_from_anywhere_and_runs_nothing()
    {
        var page = HtmlReport.Render(Plain);

        Assert.Contains("default-src 'none'", page);
        Assert.DoesNotMatch(new Regex("<script|<link|<iframe|@import|url\\(| src=| href=|javascript:", RegexOptions.IgnoreCase), page);
        Assert.All(Regex.Matches(page, "https?://[^\"' ]*"), match => Assert.Equal("http://www.w3.org/2000/svg", match.Value));
    }

    [Fact]
    public void Hostile_text_stays_text_wherever_it_stands()
    {
        var clean = HtmlReport.Render(Plain);
        var page = HtmlReport.Render(new ReportContent
        {
            Title = Hostile,
            Subtitle = Hostile,
            Summary = [new FactSection(Hostile, [new Fact(Hostile, Hostile)])],
            History = Histories.Tutorial with { MetricName = Hostile },
            Evaluations =
            [
                new NamedEvaluation(Hostile, BinaryMetrics.Evaluate([0, 1], [-1f, 1f], [Hostile, Hostile])),
                new NamedEvaluation(Hostile, MultiClassMetrics.Evaluate([0, 1], [1f, 0f, 0f, 0f, 1f, 0f], 3, [Hostile, "b", Hostile])),
            ],
            Samples = [new SamplePrediction(Hostile, Hostile, 0.5, Hostile)],
            Structure = [new DiagramNode(Hostile, Hostile, [], Hostile, 2, Hostile, Hostile)],
            Recipe = [new Fact(Hostile, Hostile)],
            Environment = [new Fact(Hostile, Hostile)],
        });

        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("<img", page);
        Assert.DoesNotContain('\u0000', page);
        Assert.DoesNotContain('\u202e', page);
        Assert.Contains("&lt;script&gt;alert(&#39;x&#39;)", page);
        Assert.Contains("&amp;lt;", page);

        // The page has no element that the same page with harmless text would not have.
        Assert.Subset(Elements(clean).Append("h3").Append("ul").Append("li").Append("p").ToHashSet(), Elements(page).ToHashSet());

        static IEnumerable<string> Elements(string html) => Regex.Matches(html, "<([a-zA-Z][a-zA-Z0-9]*)").Select(match => match.Groups[1].Value);
    }

    [Fact]
    public void Elements_are_closed_in_the_order_they_are_opened()
    {
        foreach (var (_, history) in Histories.All)
        {
            string[] none = ["meta", "!doctype"];
            var open = new Stack<string>();
            var page = Regex.Replace(HtmlReport.Render(Plain with { History = history }), "<style>.*?</style>", "", RegexOptions.Singleline);
            foreach (Match tag in Regex.Matches(page, "<(/?)([!a-zA-Z0-9]+)[^>]*?(/?)>"))
            {
                if (tag.Groups[1].Length > 0)
                {
                    Assert.Equal(open.Pop(), tag.Groups[2].Value);
                }
                else if (tag.Groups[3].Length == 0 && !none.Contains(tag.Groups[2].Value))
                {
                    open.Push(tag.Groups[2].Value);
                }
            }

            Assert.Empty(open);
        }
    }

    [Fact]
    public void Ids_are_unique()
    {
        var ids = Regex.Matches(HtmlReport.Render(Plain), " id=\"([^\"]+)\"").Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(ids);
        Assert.Equal(ids.Distinct(), ids);
    }

    [Fact]
    public void A_hundred_classes_are_shown_by_their_worst_confusions()
    {
        var labels = Enumerable.Range(0, 100).ToArray();
        var logits = new float[100 * 100];
        for (var i = 0; i < 100; i++)
        {
            logits[i * 100 + (i == 7 ? 8 : i)] = 1;
        }

        var names = labels.Select(k => $"class-{k}").ToArray();
        var page = HtmlReport.Render(new ReportContent { Title = "x", Evaluations = [new NamedEvaluation("test", MultiClassMetrics.Evaluate(labels, logits, 100, names))] });

        Assert.Contains("<bdi>class-7</bdi></th><td><bdi>class-8</bdi></td>\n<td>1</td><td>100.0%</td>", page);
        Assert.DoesNotContain("class=\"heat\"", page);
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes_in_any_culture() =>
        Assert.Equal(HtmlReport.Render(Plain), Histories.InCommaCulture(() => HtmlReport.Render(Plain)));

    [Fact]
    public void A_title_alone_is_enough() => Assert.Contains("<bdi>empty</bdi>", HtmlReport.Render(new ReportContent { Title = "empty" }));
}
