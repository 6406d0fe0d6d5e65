using System.Collections.Immutable;
using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>What the index says of one tensor, or of one slice of a tensor (BundleEntryProto of tensorflow/core/protobuf/tensor_bundle.proto).</summary>
/// <param name="DataType">The code of TensorFlow's DataType.</param>
/// <param name="Shape">The dimensions as stored; not checked yet.</param>
/// <param name="Shard">Which data file.</param>
/// <param name="Offset">Where in the data file, in bytes.</param>
/// <param name="Size">How many bytes.</param>
/// <param name="Checksum">Masked CRC-32C.</param>
/// <param name="Slices">Where the tensor is stored in slices under keys of their own: which ones. Otherwise empty.</param>
internal sealed record BundleEntry(
    int DataType, ImmutableArray<long> Shape, int Shard, long Offset, long Size, uint Checksum, ImmutableArray<ImmutableArray<Extent>> Slices)
{
    public const int MostSlices = 1024;

    /// <summary>Null where the message is damaged, or has more dimensions or slices than are read.</summary>
    public static BundleEntry? Parse(ReadOnlySpan<byte> message)
    {
        var dataType = 0;
        var shard = 0;
        long offset = 0, size = 0;
        uint checksum = 0;
        ImmutableArray<long> shape = [];
        var slices = ImmutableArray.CreateBuilder<ImmutableArray<Extent>>();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    dataType = reader.Int32();
                    break;
                case 2 when ParseShape(reader.Bytes()) is { } parsed:
                    shape = parsed;
                    break;
                case 3:
                    shard = reader.Int32();
                    break;
                case 4:
                    offset = reader.Int64();
                    break;
                case 5:
                    size = reader.Int64();
                    break;
                case 6:
                    checksum = reader.Fixed32();
                    break;
                case 7 when slices.Count < MostSlices && ParseSlice(reader.Bytes()) is { } slice:
                    slices.Add(slice);
                    break;
                case 2 or 7:
                    reader.Damage();
                    break;
            }
        }

        return reader.IsDamaged ? null : new BundleEntry(dataType, shape, shard, offset, size, checksum, slices.DrainToImmutable());
    }

    // TensorShapeProto { dim = 2 { size = 1 }, unknown_rank = 3 }
    private static ImmutableArray<long>? ParseShape(ReadOnlySpan<byte> message)
    {
        var shape = ImmutableArray.CreateBuilder<long>();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 3 && reader.Int64() != 0)
            {
                return null;
            }

            if (reader.Field != 2)
            {
                continue;
            }

            long size = 0;
            var dimension = new ProtobufReader(reader.Bytes());
            while (dimension.Next())
            {
                size = dimension.Field == 1 ? dimension.Int64() : size;
            }

            shape.Add(size);
            if (dimension.IsDamaged || shape.Count > TensorInfo.MostDimensions)
            {
                return null;
            }
        }

        return reader.IsDamaged ? null : shape.DrainToImmutable();
    }

    // TensorSliceProto { extent = 1 { start = 1, length = 2 } }
    private static ImmutableArray<Extent>? ParseSlice(ReadOnlySpan<byte> message)
    {
        var slice = ImmutableArray.CreateBuilder<Extent>();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                continue;
            }

            long start = 0, length = Extent.Full;
            var extent = new ProtobufReader(reader.Bytes());
            while (extent.Next())
            {
                (start, length) = extent.Field switch { 1 => (extent.Int64(), length), 2 => (start, extent.Int64()), _ => (start, length) };
            }

            slice.Add(new Extent(start, length));
            if (extent.IsDamaged || slice.Count > TensorInfo.MostDimensions)
            {
                return null;
            }
        }

        return reader.IsDamaged ? null : slice.DrainToImmutable();
    }
}

/// <summary>A range along one dimension; <see cref="Full"/> as the length means all of it.</summary>
internal readonly record struct Extent(long Start, long Length)
{
    public const long Full = -1;
}
