using System.Buffers.Binary;
using Beret.Checkpoints.TensorFlow;
using Beret.Checksums;

namespace Beret.Tests.Checkpoints.TensorFlow;

/// <summary>Writes bundles, sound and unsound, with checksums that are always right, so that what lies behind the checksums is tested too.</summary>
internal sealed class BundleWriter
{
    private readonly SortedDictionary<byte[], byte[]> entries = new(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
    private readonly MemoryStream data = new();

    public BundleWriter(int shards = 1) => entries[[]] = Message((1, shards));

    /// <summary>Changes the bytes of the one block of entries before its checksum is taken.</summary>
    public Func<byte[], byte[]> Distort { get; init; } = block => block;

    /// <summary>The compression type of that block.</summary>
    public byte Compression { get; init; }

    public BundleWriter Put(byte[] key, byte[] value)
    {
        entries[key] = value;
        return this;
    }

    public BundleWriter Put(string key, byte[] value) => Put(System.Text.Encoding.UTF8.GetBytes(key), value);

    public BundleWriter PutTensor(string key, int dataType, long[] shape, byte[] bytes) =>
        PutTensor(System.Text.Encoding.UTF8.GetBytes(key), dataType, shape, bytes);

    public BundleWriter PutTensor(byte[] key, int dataType, long[] shape, byte[] bytes)
    {
        var entry = Message((1, dataType), (2, Shape(shape)), (4, data.Length), (5, bytes.Length), (6, Crc32C.Mask(Crc32C.Of(bytes))));
        data.Write(bytes);
        return Put(key, entry);
    }

    public BundleWriter PutString(string key, byte[] text)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        Span<byte> check = stackalloc byte[4];
        var sum = Crc32C.Of(length);
        BinaryPrimitives.WriteUInt32LittleEndian(check, Crc32C.Mask(sum));
        byte[] stored = [.. Number((ulong)text.Length), .. check, .. text];
        sum = Crc32C.Append(Crc32C.Append(sum, check), text);
        var entry = Message((1, 7), (2, Shape([])), (4, data.Length), (5, stored.Length), (6, Crc32C.Mask(sum)));
        data.Write(stored);
        return Put(key, entry);
    }

    /// <summary>Writes both files and returns the path of the index.</summary>
    public string Write(TemporaryFolder folder, string prefix = "ck")
    {
        var block = new MemoryStream();
        foreach (var (key, value) in entries)
        {
            block.Write([0, .. Number((ulong)key.Length), .. Number((ulong)value.Length), .. key, .. value]);
        }

        block.Write([0, 0, 0, 0, 1, 0, 0, 0]);
        folder.Write($"{prefix}.data-00000-of-00001", data.ToArray());
        return folder.Write($"{prefix}.index", Table(Distort(block.ToArray()), Compression));
    }

    /// <summary>A table of one block.</summary>
    public static byte[] Table(byte[] block, byte compression)
    {
        var table = new MemoryStream();
        WriteBlock(table, block, compression);
        var meta = WriteBlock(table, [0, 0, 0, 0, 1, 0, 0, 0], 0);
        byte[] handle = [0, .. Number((ulong)block.Length)];
        var index = WriteBlock(table, [0, 1, (byte)handle.Length, 0xFF, .. handle, 0, 0, 0, 0, 1, 0, 0, 0], 0);
        var footer = new byte[48];
        byte[] handles = [.. meta, .. index];
        handles.CopyTo(footer, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(40), 0xDB4775248B80FB57);
        table.Write(footer);
        return table.ToArray();
    }

    public static byte[] Shape(params long[] sizes) => [.. sizes.SelectMany(size => Message((2, Message((1, size)))))];

    /// <summary>A slice of a tensor: start and length along each dimension.</summary>
    public static byte[] Slice(params (long Start, long Length)[] extents) =>
        [.. extents.SelectMany(extent => Message((1, extent.Length < 0 ? Message((1, extent.Start)) : Message((1, extent.Start), (2, extent.Length)))))];

    /// <summary>A protocol buffer message: numbers as varints, unsigned ones as fixed32, bytes as they are.</summary>
    public static byte[] Message(params (int Field, object Value)[] fields) => [.. fields.SelectMany(field => field.Value switch
    {
        byte[] bytes => [.. Number(((ulong)field.Field << 3) | 2), .. Number((ulong)bytes.Length), .. bytes],
        uint word => [.. Number(((ulong)field.Field << 3) | 5), .. BitConverter.GetBytes(word)],
        var value => (byte[])[.. Number((ulong)field.Field << 3), .. Number((ulong)Convert.ToInt64(value))],
    })];

    public static byte[] Number(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static byte[] WriteBlock(MemoryStream table, byte[] block, byte compression)
    {
        byte[] handle = [.. Number((ulong)table.Length), .. Number((ulong)block.Length)];
        byte[] checkedBytes = [.. block, compression];
        table.Write(checkedBytes);
        table.Write(BitConverter.GetBytes(Crc32C.Mask(Crc32C.Of(checkedBytes))));
        return handle;
    }
}
