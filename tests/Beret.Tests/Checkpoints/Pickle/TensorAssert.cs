using System.Runtime.InteropServices;
using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints.Pickle;

/// <summary>Comparison of checkpoints to the bit, after the conversion to fp32 or to 64-bit integers.</summary>
internal static class TensorAssert
{
    public static void Same(Checkpoint expected, string expectedName, Checkpoint actual, string actualName)
    {
        var (wanted, got) = (expected.Get(expectedName), actual.Get(actualName));
        Assert.Equal(wanted.Shape, got.Shape);
        if (wanted.Type == TensorType.I64)
        {
            var (left, right) = (new long[wanted.Count], new long[got.Count]);
            expected.ReadInt64(expectedName, left);
            actual.ReadInt64(actualName, right);
            Assert.Equal(left, right);
        }
        else
        {
            Assert.True(Bits(expected.Read(expectedName)).SequenceEqual(Bits(actual.Read(actualName))), $"{actualName} differs");
        }
    }

    // NaN need only stay NaN: the payload is no value.
    private static ReadOnlySpan<uint> Bits(float[] values) =>
        MemoryMarshal.Cast<float, uint>((ReadOnlySpan<float>)values.Select(value => float.IsNaN(value) ? float.NaN : value).ToArray());
}
