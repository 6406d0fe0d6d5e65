using System.Text;

namespace Beret.Data;

/// <summary>Says where and how bytes fail to be UTF-8.</summary>
internal static class Utf8Fault
{
    /// <summary>A clause such as <c>not UTF-8 (byte 0xE9 at offset 17)</c>.</summary>
    /// <param name="bytes">The bytes that were decoded.</param>
    /// <param name="fault">What decoding them threw.</param>
    public static string Describe(ReadOnlySpan<byte> bytes, DecoderFallbackException fault)
    {
        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            return "not UTF-8 (it begins as UTF-16 does)";
        }

        return (uint)fault.Index < (uint)bytes.Length ? $"not UTF-8 (byte 0x{bytes[fault.Index]:X2} at offset {fault.Index})" : "not UTF-8";
    }
}
