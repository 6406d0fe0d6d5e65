namespace Beret.Training.Teachers;

/// <summary>
/// The mean of some of a teacher's states as a student is to have it: shifted and scaled to mean 0 and variance 1 over its numbers (as Baevski et al., "data2vec", 2022, §3.3, do with their
/// targets), so that no few large numbers of the teacher's rule the loss.
/// </summary>
/// <param name="width">The size of a state.</param>
internal sealed class StateMean(int width)
{
    private const double Epsilon = 1e-6;

    private readonly double[] sum = new double[width];
    private double mean;
    private double deviation;

    /// <summary>The largest of its numbers, without their sign.</summary>
    public double Largest { get; private set; }

    /// <summary>One of its numbers.</summary>
    public double this[int k] => (sum[k] - mean) / deviation;

    /// <summary>Takes the mean of the rows [row, row + count) of some states; false where there is nothing to learn: no row, or one number over and over.</summary>
    public bool Take(ReadOnlySpan<float> states, int row, int count)
    {
        if (count == 0)
        {
            return false;
        }

        sum.AsSpan().Clear();
        for (var r = row; r < row + count; r++)
        {
            var values = states.Slice(r * sum.Length, sum.Length);
            for (var k = 0; k < sum.Length; k++)
            {
                sum[k] += values[k];
            }
        }

        mean = 0;
        foreach (var value in sum)
        {
            mean += value / sum.Length;
        }

        var (square, largest) = (0.0, 0.0);
        foreach (var value in sum)
        {
            square += (value - mean) * (value - mean) / sum.Length;
            largest = Math.Max(largest, Math.Abs(value - mean));
        }

        deviation = Math.Sqrt(square);
        Largest = largest / deviation;
        return deviation > Epsilon * count;
    }
}
