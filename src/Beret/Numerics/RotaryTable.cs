namespace Beret.Numerics;

/// <summary>
/// The cosines and sines of rotary position embeddings (Su et al., "RoFormer", 2021, §3.2.2): position p has the angles p · θ^(−2i/D), i in [0, D/2), computed in fp32
/// as PyTorch does. Made once for the longest position so far.
/// </summary>
internal sealed class RotaryTable(IBackend backend, int headSize, double theta) : IDisposable
{
    private const int Shortest = 128;

    private readonly Lock gate = new();

    // A shorter table stays: another thread may be reading it.
    private readonly List<nint> blocks = [];
    private Matrix table;

    /// <summary>[P, D], P above the given position: in row p the D/2 cosines, then the D/2 sines.</summary>
    public Matrix Upto(int position)
    {
        lock (gate)
        {
            if (position >= table.Rows)
            {
                Grow(Math.Max(Shortest, checked((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)position + 1))));
            }

            return table;
        }
    }

    public void Dispose()
    {
        foreach (var block in blocks)
        {
            backend.Free(block);
        }

        blocks.Clear();
        table = Matrix.None;
    }

    /// <summary>The cosines and the sines of the first positions, [P, D/2] each.</summary>
    public static (float[] Cosines, float[] Sines) Values(int positions, int headSize, double theta)
    {
        var half = headSize / 2;
        var (cosines, sines) = (new float[(long)positions * half], new float[(long)positions * half]);
        for (var i = 0; i < half; i++)
        {
            var frequency = 1f / (float)Math.Pow(theta, 2 * i / (float)headSize);
            for (var p = 0; p < positions; p++)
            {
                var (sin, cos) = Math.SinCos(p * frequency);
                cosines[(long)p * half + i] = (float)cos;
                sines[(long)p * half + i] = (float)sin;
            }
        }

        return (cosines, sines);
    }

    private void Grow(int positions)
    {
        var half = headSize / 2;
        var (cosines, sines) = Values(positions, headSize, theta);
        var values = new float[(long)positions * headSize];
        for (var p = 0; p < positions; p++)
        {
            cosines.AsSpan(p * half, half).CopyTo(values.AsSpan(p * headSize));
            sines.AsSpan(p * half, half).CopyTo(values.AsSpan(p * headSize + half));
        }

        var block = backend.Allocate((long)values.Length * sizeof(float));
        blocks.Add(block);
        table = new Matrix(block, positions, headSize);
        backend.Write(values, table);
    }
}
