using System.Runtime.InteropServices;

namespace Beret.Checkpoints.Pickle;

/// <summary>
/// A tensor as a view of a storage: an offset, and for each dimension a stride. What lies in row-major order is read in place; anything else (a transposed matrix,
/// a column, an expanded vector) is gathered when it is read, a bounded piece at a time.
/// </summary>
internal sealed class StridedTensor
{
    private const int LargestBuffer = 1 << 18;

    // Rows shorter than this are gathered several at a time instead of being handed out one by one.
    private const int ShortestRun = 1 << 12;

    [ThreadStatic]
    private static byte[]? buffer;

    private readonly StoredBytes bytes;
    private readonly int width;
    private readonly long start;

    // The dimensions, outermost first, without those of size 1, and with each one merged into the next where together they have a single stride.
    private readonly long[] sizes;
    private readonly long[] strides;

    // From the first byte to the last.
    private readonly long extent;

    private StridedTensor(StoredBytes bytes, int width, long start, List<(long Size, long Stride)> dimensions)
    {
        this.bytes = bytes;
        this.width = width;
        this.start = start;
        sizes = [.. dimensions.Select(dimension => dimension.Size)];
        strides = [.. dimensions.Select(dimension => dimension.Stride)];
        extent = (1 + dimensions.Sum(dimension => (dimension.Size - 1) * dimension.Stride)) * width;
    }

    /// <summary>The order in which reading is fastest.</summary>
    public (long Storage, long Start) Position => (bytes.Position, start);

    // The last dimension is the one along which neighbours are compared.
    private bool HasRuns => strides[^1] == 1;

    /// <param name="info">The tensor's shape and type, which fit together.</param>
    /// <param name="bytes">All of its storage, as long as it should be.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="CheckpointException">The tensor reaches out of its storage.</exception>
    public static StridedTensor Create(TensorInfo info, TorchTensor tensor, StoredBytes bytes, string path)
    {
        if (tensor.Stride.Count != tensor.Size.Count)
        {
            throw Wrong($"has {tensor.Size.Count} sizes but {tensor.Stride.Count} strides");
        }

        if (tensor.Offset < 0 || tensor.Stride.Any(stride => stride < 0))
        {
            throw Wrong("has a negative offset or stride");
        }

        // The size of an element divides what the class of the storage says, but need not divide the bytes of one that has no class.
        var storage = tensor.Storage;
        var width = info.Type.Bits() / 8;
        var available = (UInt128)(ulong)storage.Length * (uint)storage.Class.Width / (uint)width;
        var last = (UInt128)(ulong)tensor.Offset;
        var dimensions = new List<(long Size, long Stride)>();
        for (var d = 0; d < info.Shape.Length; d++)
        {
            var (size, stride) = (info.Shape[d], tensor.Stride[d]);
            if (size > 1)
            {
                last += (UInt128)(ulong)(size - 1) * (ulong)stride;
                dimensions.Add((size, stride));
            }
        }

        if (info.Count == 0)
        {
            return new StridedTensor(bytes, width, 0, [(0, 1)]);
        }

        if (last >= available)
        {
            throw Wrong($"reaches to element {last} of its storage {CheckpointException.Quote(storage.Key)}, which has {available}");
        }

        var view = new StridedTensor(bytes, width, (storage.Start * storage.Class.Width) + (tensor.Offset * width), Merge(dimensions));
        return view.HasRuns || view.extent <= int.MaxValue
            ? view
            : throw Wrong($"is spread over {view.extent} bytes of its storage in another order than its own; at most {int.MaxValue} are read");

        CheckpointException Wrong(string what) => new($"{path}: tensor {info} {what}");
    }

    /// <summary>Some bytes of the tensor's row-major order from <paramref name="offset"/> on, at most <paramref name="most"/>.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int most)
    {
        var (element, within) = Math.DivRem(offset, width);
        Span<long> at = stackalloc long[sizes.Length];
        for (var d = sizes.Length - 1; d >= 0; d--)
        {
            (element, at[d]) = Math.DivRem(element, sizes[d]);
        }

        var run = sizes[^1] - at[^1];
        if (HasRuns && (sizes.Length == 1 || run * width >= ShortestRun || extent > int.MaxValue))
        {
            return bytes.Slice(start + (Offset(at) * width) + within, (int)Math.Min(most, (run * width) - within));
        }

        var wanted = (int)Math.Min(((long)most + within + width - 1) / width, LargestBuffer / width);
        var gathered = (buffer ??= new byte[LargestBuffer]).AsSpan(0, wanted * width);
        gathered = gathered[..Gather(at, gathered)][(int)within..];
        return gathered[..Math.Min(gathered.Length, most)];
    }

    private static List<(long Size, long Stride)> Merge(List<(long Size, long Stride)> dimensions)
    {
        var merged = new List<(long Size, long Stride)>();
        foreach (var (size, stride) in dimensions)
        {
            if (merged.Count > 0 && merged[^1].Stride == size * stride)
            {
                merged[^1] = (merged[^1].Size * size, stride);
            }
            else
            {
                merged.Add((size, stride));
            }
        }

        return merged.Count > 0 ? merged : [(1, 1)];
    }

    private long Offset(ReadOnlySpan<long> at)
    {
        long offset = 0;
        for (var d = 0; d < at.Length; d++)
        {
            offset += at[d] * strides[d];
        }

        return offset;
    }

    /// <summary>Fills the destination, or as much of it as the tensor still has, with the elements from a coordinate on; gives the bytes that it filled.</summary>
    private int Gather(Span<long> at, Span<byte> destination)
    {
        var source = bytes.Slice(start, (int)extent);
        var filled = 0;
        while (true)
        {
            var count = (int)Math.Min(sizes[^1] - at[^1], (destination.Length - filled) / width);
            Copy(source[(int)(Offset(at) * width)..], (int)strides[^1], destination.Slice(filled, count * width));
            filled += count * width;
            at[^1] += count;
            for (var d = at.Length - 1; at[d] == sizes[d]; d--)
            {
                if (d == 0)
                {
                    return filled;
                }

                at[d] = 0;
                at[d - 1]++;
            }

            if (filled == destination.Length)
            {
                return filled;
            }
        }
    }

    private void Copy(ReadOnlySpan<byte> source, int stride, Span<byte> destination)
    {
        switch (width)
        {
            case 1:
                Copy<byte>(source, stride, destination);
                break;
            case 2:
                Copy<ushort>(source, stride, destination);
                break;
            case 4:
                Copy<uint>(source, stride, destination);
                break;
            default:
                Copy<ulong>(source, stride, destination);
                break;
        }
    }

    private static void Copy<T>(ReadOnlySpan<byte> source, int stride, Span<byte> destination)
        where T : unmanaged
    {
        var from = MemoryMarshal.Cast<byte, T>(source);
        var to = MemoryMarshal.Cast<byte, T>(destination);
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[i * stride];
        }
    }
}
