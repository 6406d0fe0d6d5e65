namespace Beret.Benchmarks;

/// <summary>Figures as the tables show them.</summary>
internal static class Format
{
    public static string Bytes(double bytes) => bytes switch
    {
        >= 1e9 => Text($"{bytes / 1e9:0.0} GB"),
        >= 1e6 => Text($"{bytes / 1e6:0} MB"),
        _ => Text($"{bytes / 1e3:0} kB"),
    };

    public static string Time(double seconds) => seconds switch
    {
        >= 5400 => Text($"{seconds / 3600:0.0} hours"),
        >= 90 => Text($"{seconds / 60:0} minutes"),
        >= 1 => Text($"{seconds:0.0} s"),
        _ => Text($"{seconds * 1e3:0.##} ms"),
    };

    /// <summary>A number with about three figures.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        >= 100 => Text($"{value:0}"),
        >= 10 => Text($"{value:0.0}"),
        >= 1 => Text($"{value:0.00}"),
        _ => Text($"{value:0.000}"),
    };

    public static string Share(double share) => Text($"{share * 100:0}%");

    public static string Text(FormattableString text) => FormattableString.Invariant(text);
}
