using System.Buffers.Binary;
using System.Collections.Immutable;
using Beret.Checksums;
using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>What a TensorFlow checkpoint says about one of its tensors of strings.</summary>
/// <param name="Name">The key of the tensor.</param>
/// <param name="Shape">The dimensions, outermost first; empty for a single string.</param>
public sealed record StringTensorInfo(string Name, ImmutableArray<long> Shape);

/// <summary>
/// A tensor of byte strings: all lengths, a checksum of the lengths, and the strings one after the other (WriteStringTensor of tensor_bundle.cc).
/// </summary>
internal sealed class StringTensor(StringTensorInfo info, int count, StoredPiece piece)
{
    // As many strings as take about 128 MiB when each is an array of its own.
    public const int MostStrings = 1 << 22;

    public StringTensorInfo Info => info;

    public int Count => count;

    public byte[][] Read()
    {
        var ends = new int[count];
        var text = Index(ends);
        var strings = new byte[count][];
        for (var i = 0; i < count; i++)
        {
            strings[i] = text[(i == 0 ? 0 : ends[i - 1])..ends[i]].ToArray();
        }

        return strings;
    }

    public CheckpointException Damaged(string what) => piece.Damaged(what);

    /// <summary>The bytes of a tensor of one string, in place.</summary>
    public ReadOnlySpan<byte> ReadSingle()
    {
        Span<int> end = stackalloc int[1];
        return Index(end);
    }

    /// <summary>Finds where each string ends within all of them together, which are returned; both checksums are verified.</summary>
    private ReadOnlySpan<byte> Index(scoped Span<int> ends)
    {
        var rest = piece.ReadUnverified();
        Span<byte> number = stackalloc byte[sizeof(uint)];
        uint sum = 0;
        long end = 0;
        for (var i = 0; i < ends.Length; i++)
        {
            if (!Varint.TryReadInt32(ref rest, out int length) || (end += length) > rest.Length)
            {
                throw piece.Damaged("the lengths of its strings make no sense");
            }

            ends[i] = (int)end;
            BinaryPrimitives.WriteUInt32LittleEndian(number, (uint)length);
            sum = Crc32C.Append(sum, number);
        }

        if (rest.Length != end + sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(rest) != Crc32C.Mask(sum))
        {
            throw piece.Damaged("the lengths of its strings are wrong");
        }

        piece.Require(Crc32C.Append(sum, rest));
        return rest[sizeof(uint)..];
    }
}
