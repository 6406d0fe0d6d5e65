using Beret.Numerics;

namespace Beret.Training.Teachers;

/// <summary>The mean of losses that a backend holds.</summary>
internal static class LossMean
{
    /// <param name="backend">Holds them.</param>
    /// <param name="losses">The losses.</param>
    /// <param name="buffer">Working memory, which grows as needed.</param>
    public static double Of(IBackend backend, Matrix losses, ref float[] buffer)
    {
        var count = (int)losses.Length;
        if (buffer.Length < count)
        {
            buffer = new float[count];
        }

        backend.Read(losses, buffer.AsSpan(0, count));
        var sum = 0.0;
        foreach (var loss in buffer.AsSpan(0, count))
        {
            sum += loss;
        }

        return sum / count;
    }
}
