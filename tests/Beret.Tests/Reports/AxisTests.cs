using Beret.Reports;

namespace Beret.Tests.Reports;

public class AxisTests
{
    [Fact]
    public void Ticks_are_round_and_their_labels_have_the_decimals_they_need()
    {
        Assert.Equal(["0.2", "0.4"], Labels(Axis.Fit([0.1565, 0.5688], 4)));
        Assert.Equal(["0.80", "0.85"], Labels(Axis.Fit([0.79, 0.87], 3)));
        Assert.Equal(["0", "500", "1000"], Labels(Axis.Fit([0, 1200], 4, floor: 0)));
        Assert.Equal(["0.00000", "0.00002", "0.00004"], Labels(Axis.Fit([0, 4e-5], 3, floor: 0)));
        Assert.Equal(["-1", "0", "1"], Labels(Axis.Fit([-1, 1], 3)));
    }

    [Fact]
    public void An_axis_ends_where_the_quantity_does()
    {
        Assert.Equal(1, Axis.Fit([0.5, 0.99], 5, 0, 1).Maximum);
        Assert.Equal(0, Axis.Fit([0.01, 0.9], 5, 0).Minimum);
    }

    [Fact]
    public void One_value_stands_in_the_middle_and_none_gives_zero_to_one()
    {
        Assert.Equal(0.5, Axis.Fit([0.4], 4).Position(0.4), 1e-12);
        Assert.Equal((0, 1), (Axis.Fit([], 4).Position(-0.05) + 0, Axis.Fit([], 4).Position(1.05)));
        Assert.Equal(["1"], Labels(Axis.Epochs(1, 1, 10)));
    }

    [Fact]
    public void Epochs_are_whole_where_there_are_several()
    {
        Assert.Equal(["1", "2", "3"], Labels(Axis.Epochs(1, 3, 10)));
        Assert.Equal(["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"], Labels(Axis.Epochs(0, 1, 5)));
    }

    private static IEnumerable<string> Labels(Axis axis) => axis.Ticks.Select(axis.Label);
}
