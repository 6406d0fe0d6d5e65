using Beret.Numerics.Kernels;

namespace Beret.Numerics;

/// <summary>Floats as bfloat16, rounded as bf16 products round them.</summary>
internal static class HalfWidth
{
    /// <summary>The upper halves of the rounded numbers.</summary>
    public static void Narrow(ReadOnlySpan<float> values, Span<ushort> halves)
    {
        for (var i = 0; i < values.Length; i++)
        {
            halves[i] = (ushort)(BFloat16.Round(values[i]) >> 16);
        }
    }

    /// <summary>Rounds numbers in place.</summary>
    public static void Round(Span<float> values)
    {
        foreach (ref var value in values)
        {
            value = BFloat16.Rounded(value);
        }
    }
}
