namespace Beret.Evaluation;

/// <summary>A sum of doubles whose rounding error does not grow with the number of terms (A. Neumaier, ZAMM 54, 1974).</summary>
internal struct CompensatedSum
{
    private double sum;
    private double compensation;

    public readonly double Value => sum + compensation;

    public void Add(double term)
    {
        var next = sum + term;
        compensation += Math.Abs(sum) >= Math.Abs(term) ? (sum - next) + term : (term - next) + sum;
        sum = next;
    }
}
