using System.Globalization;

namespace Beret.Reports;

/// <summary>A linear axis with ticks at multiples of 1, 2 or 5 times a power of ten.</summary>
internal readonly record struct Axis(double Minimum, double Maximum, double TickStep)
{
    /// <summary>An axis that holds the values with a margin of 5%, cut at the floor and the ceiling that the quantity has by nature.</summary>
    /// <param name="values">The finite values to show; with none the axis is 0 to 1.</param>
    /// <param name="ticks">About how many ticks are wanted.</param>
    /// <param name="floor">No axis begins below it.</param>
    /// <param name="ceiling">No axis ends above it.</param>
    public static Axis Fit(IEnumerable<double> values, int ticks, double floor = double.NegativeInfinity, double ceiling = double.PositiveInfinity)
    {
        double minimum = double.PositiveInfinity, maximum = double.NegativeInfinity;
        foreach (var value in values)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
        }

        if (minimum > maximum)
        {
            (minimum, maximum) = (0, 1);
        }

        var margin = maximum > minimum ? 0.05 * (maximum - minimum) : Math.Max(0.1 * Math.Abs(maximum), 1e-6);
        var lower = Math.Max(minimum - margin, Math.Min(floor, minimum));
        var upper = Math.Min(maximum + margin, Math.Max(ceiling, maximum));
        return new Axis(lower, upper, NiceStep((upper - lower) / ticks));
    }

    /// <summary>The axis of epochs: whole epochs where there are two or more, quarters and the like below.</summary>
    public static Axis Epochs(double first, double last, int ticks)
    {
        if (last <= first)
        {
            return new Axis(last - 0.5, last + 0.5, 1);
        }

        var step = NiceStep((last - first) / ticks);
        return new Axis(first, last, last - first >= 2 ? Math.Max(1, step) : step);
    }

    /// <summary>The ticks within the axis, rising.</summary>
    public IEnumerable<double> Ticks
    {
        get
        {
            var slack = TickStep * 1e-9;
            var first = Math.Ceiling((Minimum - slack) / TickStep);
            for (var i = 0; i < 100 && (first + i) * TickStep <= Maximum + slack; i++)
            {
                yield return (first + i) * TickStep;
            }
        }
    }

    /// <summary>Where a value lies: 0 at the minimum, 1 at the maximum.</summary>
    public double Position(double value) => (value - Minimum) / (Maximum - Minimum);

    /// <summary>A tick's label, with as many decimals as neighbouring ticks need.</summary>
    public string Label(double tick)
    {
        var decimals = Math.Max(0, -(int)Math.Floor(Math.Log10(TickStep) + 1e-9));
        return decimals > 5 || Math.Abs(tick) >= 1e6
            ? tick.ToString("0.###E0", CultureInfo.InvariantCulture)
            : (Math.Abs(tick) < TickStep * 1e-6 ? 0 : tick).ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static double NiceStep(double rough)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / power) switch
        {
            <= 1 => power,
            <= 2 => 2 * power,
            <= 5 => 5 * power,
            _ => 10 * power,
        };
    }
}
