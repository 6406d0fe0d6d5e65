using System.Text;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>
/// The strings of <c>tensor_content</c>, as <c>Tensor::AsProtoTensorContent</c> writes and <c>Tensor::FromProto</c> reads them (tensorflow/core/platform/tensor_coding.cc, EncodeStringList):
/// the lengths of all in bytes, each a varint, and behind the last length the bytes of all.
/// </summary>
internal static class PackedStrings
{
    /// <summary>A varint of 32 bits has seven of them in a byte.</summary>
    private const int LongestVarint = 5;

    /// <summary>Reads the strings; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="count">The number of strings, which the tensor's shape says: no more than there are bytes.</param>
    /// <exception cref="ServingException">The bytes are not that many strings and nothing else.</exception>
    public static List<string> Read(ReadOnlySpan<byte> content, int count)
    {
        var lengths = new int[count];
        var sum = 0L;
        foreach (ref var length in lengths.AsSpan())
        {
            length = ReadLength(ref content) ?? throw Damaged(count);
            sum += length;
        }

        if (sum != content.Length)
        {
            throw Damaged(count);
        }

        var strings = new List<string>(count);
        foreach (var length in lengths)
        {
            strings.Add(Encoding.UTF8.GetString(content[..length]));
            content = content[length..];
        }

        return strings;
    }

    public static ServingException Damaged(long count) => ServingException.Invalid(
        $"tensor parsing error: tensor_content does not hold the {count} strings of the tensor's shape: first the length of each as a varint, then the bytes of all");

    /// <summary>Takes a length from the front; null where there is none, or one that is longer than what follows.</summary>
    private static int? ReadLength(ref ReadOnlySpan<byte> content)
    {
        var value = 0L;
        for (var i = 0; i < Math.Min(LongestVarint, content.Length); i++)
        {
            value |= (content[i] & 0x7FL) << (7 * i);
            if (content[i] < 0x80)
            {
                content = content[(i + 1)..];
                return value <= content.Length ? (int)value : null;
            }
        }

        return null;
    }
}
