using System.Globalization;
using System.Xml.Linq;
using Beret.Reports;

namespace Beret.Tests.Reports;

public class CurvesSvgTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Every_run_gives_well_formed_svg_inside_its_box()
    {
        foreach (var (name, history) in Histories.All)
        {
            var text = CurvesSvg.Render(history);
            var root = XDocument.Parse(text).Root!;
            Assert.Equal(Svg + "svg", root.Name);
            Assert.DoesNotContain("NaN", text);
            Assert.DoesNotContain("Infinity", text);
            Assert.DoesNotContain("∞", text);
            foreach (var mark in root.Elements(Svg + "circle"))
            {
                Assert.True(Number(mark, "cx") is >= 58 and <= 740 && Number(mark, "cy") is >= 0 and <= 600, $"{name}: {mark}");
            }
        }
    }

    [Fact]
    public void The_tutorials_figure_two_plots_training_red_validation_blue()
    {
        var root = XDocument.Parse(CurvesSvg.Render(Histories.Tutorial)).Root!;
        var texts = root.Elements(Svg + "text").Select(t => t.Value).ToList();

        Assert.Contains("Training and validation loss", texts);
        Assert.Contains("Training and validation accuracy", texts);
        Assert.Contains("training 0.1565", texts);
        Assert.Contains("validation 0.8482", texts);
        Assert.Equal(2, root.Elements(Svg + "path").Count(p => (string?)p.Attribute("stroke") == "#c8321f"));
        Assert.Equal(2, root.Elements(Svg + "path").Count(p => (string?)p.Attribute("stroke") == "#1766c2"));
        foreach (var label in new[] { "1", "2", "3", "4", "5" })
        {
            Assert.Equal(2, texts.Count(t => t == label));
        }
    }

    [Fact]
    public void It_has_a_title_and_a_description_that_say_what_the_curves_do()
    {
        var root = XDocument.Parse(CurvesSvg.Render(Histories.Tutorial, "imdb")).Root!;

        Assert.Equal("imdb", root.Element(Svg + "title")!.Value);
        Assert.Contains("training from 0.5688 at epoch 1 to 0.1565 at epoch 5", root.Element(Svg + "desc")!.Value);
        Assert.Equal("img", (string?)root.Attribute("role"));
    }

    [Fact]
    public void The_legend_stands_above_every_curve()
    {
        var root = XDocument.Parse(CurvesSvg.Render(Histories.Tutorial)).Root!;
        var legend = root.Elements(Svg + "text").First(t => t.Value.StartsWith("training ", StringComparison.Ordinal));
        var highestMark = root.Elements(Svg + "circle").Where(c => c.Element(Svg + "title") is not null).Min(c => Number(c, "cy"));
        Assert.True(Number(legend, "y") + 8 < highestMark);
    }

    [Fact]
    public void Later_epochs_lie_to_the_right_and_higher_values_above()
    {
        var marks = XDocument.Parse(CurvesSvg.Render(Histories.Tutorial)).Root!.Elements(Svg + "circle").Where(c => c.Element(Svg + "title") is not null).Take(5).ToList();

        Assert.Equal(marks.OrderBy(m => Number(m, "cx")), marks);
        Assert.Equal(marks.OrderBy(m => Number(m, "cy")), marks); // the training loss falls: y grows downwards
        Assert.Equal("epoch 1: training loss 0.5688", marks[0].Value);
    }

    [Fact]
    public void One_epoch_with_steps_shows_the_curve_within_it()
    {
        var root = XDocument.Parse(CurvesSvg.Render(Histories.OneEpochWithSteps)).Root!;

        Assert.Equal(2, root.Elements(Svg + "path").Count());
        Assert.Contains(root.Elements(Svg + "text"), t => t.Value.Contains("within epochs", StringComparison.Ordinal));
    }

    [Fact]
    public void Values_that_are_no_numbers_break_the_line_and_are_said()
    {
        var text = CurvesSvg.Render(Histories.Diverged);
        Assert.Contains("training not finite", text);
    }

    [Fact]
    public void The_reader_s_culture_changes_nothing() =>
        Assert.Equal(CurvesSvg.Render(Histories.Tutorial), Histories.InCommaCulture(() => CurvesSvg.Render(Histories.Tutorial)));

    [Fact]
    public void A_hostile_title_stays_text()
    {
        var root = XDocument.Parse(CurvesSvg.Render(Histories.Tutorial with { MetricName = "</text><script>\u0000" }, "<script>alert(1)</script>\ud800")).Root!;
        Assert.Equal("<script>alert(1)</script>\uFFFD", root.Element(Svg + "title")!.Value);
        Assert.Empty(root.Descendants(Svg + "script"));
    }

    private static double Number(XElement element, string attribute) => double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);
}
