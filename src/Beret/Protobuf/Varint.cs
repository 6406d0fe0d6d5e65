namespace Beret.Protobuf;

/// <summary>Integers in groups of seven bits, the lowest first, the top bit of a byte saying that another follows (LevelDB, Snappy and protocol buffers).</summary>
internal static class Varint
{
    private const int LongestBytes = 10;

    /// <summary>Reads a number and moves behind it; false, and nothing moved, where it is cut off or does not fit in 64 bits.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < LongestBytes; i++)
        {
            var b = bytes[i];
            value |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                if (i == LongestBytes - 1 && b > 1)
                {
                    return false;
                }

                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads a number that has to fit in 31 bits.</summary>
    public static bool TryReadInt32(ref ReadOnlySpan<byte> bytes, out int value)
    {
        var fits = TryRead(ref bytes, out var wide) && wide <= int.MaxValue;
        value = fits ? (int)wide : 0;
        return fits;
    }
}
