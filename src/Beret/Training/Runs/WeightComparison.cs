using Beret.Checkpoints;

namespace Beret.Training.Runs;

/// <summary>Two sets of weights, bit by bit.</summary>
/// <param name="Tensors">How many tensors there are in either.</param>
/// <param name="Different">How many of them differ in a bit, in type or shape, or are in one only.</param>
/// <param name="Largest">The largest difference between two numbers of tensors that both have; 0 where none differs.</param>
/// <param name="Where">The tensor that differs most, or that one lacks; null where none differs.</param>
public sealed record WeightComparison(int Tensors, int Different, double Largest, string? Where)
{
    private const int PieceBytes = 1 << 20;

    /// <summary>Whether all are the same, bit by bit.</summary>
    public bool IsIdentical => Different == 0;

    /// <summary>Compares the weights of two models.</summary>
    /// <param name="one">A path as <see cref="Checkpoint.Open"/> takes it.</param>
    /// <param name="other">Another.</param>
    /// <exception cref="CheckpointException">One of them cannot be read.</exception>
    public static WeightComparison Of(string one, string other)
    {
        using var first = Checkpoint.Open(one);
        using var second = Checkpoint.Open(other);
        var names = first.Tensors.Concat(second.Tensors).Select(tensor => tensor.Name).Distinct(StringComparer.Ordinal).ToList();
        var (different, largest, where) = (0, 0.0, (string?)null);
        foreach (var name in names)
        {
            if (first.Find(name) is not { } a || second.Find(name) is not { } b || a.Type != b.Type || !a.Shape.SequenceEqual(b.Shape))
            {
                (different, where) = (different + 1, where ?? name);
            }
            else if (!AreSame(first, second, a))
            {
                different++;
                var most = a.Type.IsFloat() ? Difference(first, second, a) : double.NaN;
                (largest, where) = most > largest ? (most, name) : (largest, where ?? name);
            }
        }

        return new WeightComparison(names.Count, different, largest, where);
    }

    private static bool AreSame(Checkpoint first, Checkpoint second, TensorInfo tensor)
    {
        var (one, other) = (new byte[PieceBytes], new byte[PieceBytes]);
        for (long start = 0; start < tensor.ByteCount; start += PieceBytes)
        {
            var length = (int)Math.Min(PieceBytes, tensor.ByteCount - start);
            first.ReadBytes(tensor.Name, start, one.AsSpan(0, length));
            second.ReadBytes(tensor.Name, start, other.AsSpan(0, length));
            if (!one.AsSpan(0, length).SequenceEqual(other.AsSpan(0, length)))
            {
                return false;
            }
        }

        return true;
    }

    private static double Difference(Checkpoint first, Checkpoint second, TensorInfo tensor)
    {
        var (one, other) = (new float[PieceBytes / sizeof(float)], new float[PieceBytes / sizeof(float)]);
        var most = 0.0;
        for (long start = 0; start < tensor.Count; start += one.Length)
        {
            var length = (int)Math.Min(one.Length, tensor.Count - start);
            first.Read(tensor.Name, start, one.AsSpan(0, length));
            second.Read(tensor.Name, start, other.AsSpan(0, length));
            for (var i = 0; i < length; i++)
            {
                most = Math.Max(most, Math.Abs((double)one[i] - other[i]));
            }
        }

        return most;
    }
}
