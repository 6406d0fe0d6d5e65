using System.Globalization;

namespace Beret.Text.Pipeline;

/// <summary>
/// Reads the score of a piece as Hugging Face's JSON reader does (serde_json without float_roundtrip): the digits as one whole number, rounded, then
/// divided by a power of ten. The last bit may differ from the nearest double, and decides between paths whose scores are equal but for it.
/// </summary>
internal static class UnigramScore
{
    private const int LargestPower = 308;
    private static readonly double[] Powers =
        [.. Enumerable.Range(0, LargestPower + 1).Select(n => double.Parse($"1e{n}", CultureInfo.InvariantCulture))];

    /// <summary>The value of a JSON number; infinite where it is too large.</summary>
    public static double Parse(ReadOnlySpan<char> number)
    {
        var negative = number[0] == '-';
        var (significand, exponent, at) = (0UL, 0, negative ? 1 : 0);
        var (fraction, full) = (false, false);
        for (; at < number.Length && number[at] is not ('e' or 'E'); at++)
        {
            if (number[at] == '.')
            {
                fraction = true;
                continue;
            }

            // What does not fit any more is left out.
            var digit = (ulong)(number[at] - '0');
            full |= significand > (ulong.MaxValue - digit) / 10;
            if (full)
            {
                exponent += fraction ? 0 : 1;
                continue;
            }

            significand = (significand * 10) + digit;
            exponent -= fraction ? 1 : 0;
        }

        if (at < number.Length && int.TryParse(number[(at + 1)..], CultureInfo.InvariantCulture, out var power))
        {
            exponent += Math.Clamp(power, -100_000, 100_000);
        }

        var value = (double)significand;
        for (; exponent < -LargestPower && value != 0; exponent += LargestPower)
        {
            value /= Powers[LargestPower];
        }

        if (exponent > LargestPower && value != 0)
        {
            return double.PositiveInfinity;
        }

        var scale = Powers[Math.Min(Math.Abs(exponent), LargestPower)];
        return (negative ? -1 : 1) * (exponent < 0 ? value / scale : value * scale);
    }
}
