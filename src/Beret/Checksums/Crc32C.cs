using System.Numerics;
using System.Runtime.InteropServices;

namespace Beret.Checksums;

/// <summary>
/// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the processor's own instruction where it has one, a table otherwise.
/// </summary>
internal static class Crc32C
{
    // LevelDB and TensorFlow's files keep checksums masked, because the checksum of data that holds its own checksum is no good one (leveldb, util/crc32c.h).
    private const uint MaskDelta = 0xA282EAD8;

    public static uint Of(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The checksum of what <paramref name="checksum"/> is the checksum of, followed by these bytes.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        var state = ~checksum;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            state = BitOperations.Crc32C(state, word);
        }

        foreach (var b in bytes[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, b);
        }

        return ~state;
    }

    public static uint Mask(uint checksum) => BitOperations.RotateRight(checksum, 15) + MaskDelta;
}
