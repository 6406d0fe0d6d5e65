using Beret.Evaluation;
using Beret.Reports;

namespace Beret.Tests.Reports;

public class TerminalChartTests
{
    [Fact]
    public void ATaskThatIsNotJudgedInTrainingHasItsFigureOnTheValidationTextsAlone()
    {
        var history = Histories.Tutorial with { MetricName = "correlation", Epochs = [.. Histories.Tutorial.Epochs.Select(epoch => epoch with { TrainingAccuracy = double.NaN })] };
        Assert.Contains(" correlation 0.8482", TerminalChart.Render(history), StringComparison.Ordinal);
        Assert.Contains("Validation correlation", CurvesSvg.Render(history), StringComparison.Ordinal);
    }

    [Fact]
    public void Ascii_chart_of_the_tutorials_run()
    {
        var chart = TerminalChart.Render(Histories.Tutorial, new TerminalChartOptions { Unicode = false });

        Assert.Equal(
            """
                loss 0.1565 / 0.4855                  accuracy 0.9363 / 0.8482
               |                                     |
               |o                                    |                   ...o......o
            0.5+ ..                              0.90+             .o....
               |   ..                       : x      |         ....
               |     .      : :x: : : x : :      0.85+x : : :x: : : x : : : x : : :x
            0.4+x : : :.x :                          |      .
               |        o.                       0.80+     .
            0.3+          ....                   0.75+   ..
               |              .o...                  |  .
            0.2+                   ...o....      0.70+ .
               |                           ...o      |o
               |                                     |
               ++-------+------+------+-------+      ++------+------+-------+------+
                1       2      3      4       5       1      2      3       4      5
              ..o.. training   : x : validation
            """,
            chart.TrimEnd('\n'));
    }

    [Fact]
    public void Every_run_fits_its_frame()
    {
        foreach (var (name, history) in Histories.All)
        {
            foreach (var (width, height) in new[] { (72, 16), (100, 20), (60, 8), (59, 15), (40, 24) })
            {
                foreach (var unicode in new[] { true, false })
                {
                    var chart = TerminalChart.Render(history, new TerminalChartOptions { Width = width, Height = height, Unicode = unicode });
                    var lines = chart.TrimEnd('\n').Split('\n');
                    Assert.True(lines.Length <= height, $"{name}: {lines.Length} lines of {height}");
                    Assert.All(lines, line => Assert.True(TextTable.Width(line) <= width, $"{name}: \"{line}\" in {width}"));
                }
            }
        }
    }

    [Fact]
    public void Ascii_means_ascii_and_no_colour_means_none()
    {
        foreach (var (_, history) in Histories.All)
        {
            Assert.All(TerminalChart.Render(history, new TerminalChartOptions { Unicode = false }), c => Assert.True(c is '\n' or (>= ' ' and <= '~')));
            Assert.DoesNotContain('\u001b', TerminalChart.Render(history));
        }
    }

    [Fact]
    public void Colour_changes_nothing_but_colour_and_is_always_taken_back()
    {
        var plain = TerminalChart.Render(Histories.Tutorial);
        var coloured = TerminalChart.Render(Histories.Tutorial, new TerminalChartOptions { Color = true });
        var stripped = coloured.Replace("\u001b[91m", "").Replace("\u001b[94m", "").Replace("\u001b[0m", "");

        Assert.Equal(Lines(plain), Lines(stripped));
        Assert.All(coloured.TrimEnd('\n').Split('\n'), line => Assert.True(line.LastIndexOf("\u001b[0m", StringComparison.Ordinal) >= line.LastIndexOf("\u001b[9", StringComparison.Ordinal)));

        static IEnumerable<string> Lines(string text) => text.Split('\n').Select(line => line.TrimEnd());
    }

    [Fact]
    public void The_readers_culture_changes_nothing() =>
        Assert.Equal(TerminalChart.Render(Histories.Tutorial), Histories.InCommaCulture(() => TerminalChart.Render(Histories.Tutorial)));

    [Fact]
    public void A_frame_too_small_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TerminalChart.Render(Histories.Tutorial, new TerminalChartOptions { Width = 20 }));
}
