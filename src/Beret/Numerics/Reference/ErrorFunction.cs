namespace Beret.Numerics.Reference;

/// <summary>
/// The normal distribution in double precision, from the error function's series and continued fraction
/// (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6 and 7.1.14): slow, and good to about 1e-15.
/// </summary>
internal static class ErrorFunction
{
    private const double TwoOverRootPi = 1.1283791670955126;

    /// <summary>erf(x) = 2/√π ∫₀ˣ exp(−t²) dt.</summary>
    public static double Erf(double x) => Math.Abs(x) < 2 ? Series(x) : Math.Sign(x) * (1 - Fraction(Math.Abs(x)));

    /// <summary>erfc(x) = 1 − erf(x), without the cancellation for large x.</summary>
    public static double Erfc(double x) => x >= 2 ? Fraction(x) : 1 - Erf(x);

    /// <summary>Φ(x), the probability that a standard normal variable is below x.</summary>
    public static double NormalDistribution(double x) => 0.5 * Erfc(-x / Math.Sqrt(2));

    /// <summary>φ(x) = exp(−x²/2) / √(2π), the derivative of Φ.</summary>
    public static double NormalDensity(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

    // 7.1.6: erf x = 2/√π exp(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)); all terms have one sign, so nothing cancels.
    private static double Series(double x)
    {
        double term = x, sum = x;
        for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }

        return TwoOverRootPi * Math.Exp(-x * x) * sum;
    }

    // 7.1.14: erfc x = exp(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))), from the inside out; 120 levels are enough from x = 2 on.
    private static double Fraction(double x)
    {
        var denominator = x;
        for (var n = 120; n > 0; n--)
        {
            denominator = x + n / 2.0 / denominator;
        }

        return TwoOverRootPi / 2 * Math.Exp(-x * x) / denominator;
    }
}
