namespace Beret.Evaluation;

/// <summary>A sum of doubles whose rounding error does not grow with the number of terms (A. Neumaier, ZAMM 54, 1974).</summary>
internal struct CompensatedSum
{
    private double _sum;
    private double _compensation;

    public readonly double Value => _sum + _compensation;

    public void Add(double term)
    {
        var next = _sum + term;
        _compensation += Math.Abs(_sum) >= Math.Abs(term) ? (_sum - next) + term : (term - next) + _sum;
        _sum = next;
    }
}
