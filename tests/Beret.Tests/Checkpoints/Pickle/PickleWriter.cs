using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Beret.Tests.Checkpoints.Pickle;

/// <summary>Writes pickles instruction by instruction, honest ones and others, and the archives that torch.save puts them in.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream bytes = new();

    public PickleWriter(byte protocol = 2) => Raw(0x80, protocol);

    public PickleWriter Raw(params ReadOnlySpan<byte> instructions)
    {
        bytes.Write(instructions);
        return this;
    }

    /// <summary>Instructions that are printable characters.</summary>
    public PickleWriter Op(string instructions) => Raw(Encoding.ASCII.GetBytes(instructions));

    public PickleWriter Text(string text)
    {
        var encoded = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, encoded.Length);
        return Op("X").Raw(length).Raw(encoded);
    }

    public PickleWriter Number(long number)
    {
        Span<byte> value = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(value, number);
        return Raw(0x8A, 8).Raw(value);
    }

    public PickleWriter Global(string module, string name) => Op($"c{module}\n{name}\n");

    public PickleWriter Numbers(params ReadOnlySpan<long> numbers)
    {
        Op("(");
        foreach (var number in numbers)
        {
            Number(number);
        }

        return Op("t");
    }

    public PickleWriter Storage(string key, long count, string type = "FloatStorage") =>
        Op("(").Text("storage").Global("torch", type).Text(key).Text("cpu").Number(count).Op("tQ");

    /// <summary>A tensor as torch.save describes it.</summary>
    public PickleWriter Tensor(string key, long count, long offset, long[] size, long[] stride, string type = "FloatStorage") =>
        Global("torch._utils", "_rebuild_tensor_v2").Op("(").Storage(key, count, type).Number(offset).Numbers(size).Numbers(stride)
            .Raw(0x89).Global("collections", "OrderedDict").Op(")RtR");

    public byte[] Stop() => Op(".").bytes.ToArray();

    /// <summary>The zip form: the pickle and the storages by their keys.</summary>
    public static byte[] Zip(byte[] pickle, params ReadOnlySpan<(string Key, float[] Values)> storages)
    {
        var records = new List<(string, byte[])> { ("data.pkl", pickle) };
        foreach (var (key, values) in storages)
        {
            records.Add(($"data/{key}", [.. values.SelectMany(BitConverter.GetBytes)]));
        }

        return Zip(records);
    }

    public static byte[] Zip(IEnumerable<(string Name, byte[] Contents)> records, CompressionLevel compression = CompressionLevel.NoCompression)
    {
        var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, contents) in records)
            {
                using var record = archive.CreateEntry($"archive/{name}", compression).Open();
                record.Write(contents);
            }
        }

        return file.ToArray();
    }

    /// <summary>The form before PyTorch 1.6: the object's pickle, the keys in the order of their storages, then the storages.</summary>
    public static byte[] Legacy(byte[] pickle, params ReadOnlySpan<(string Key, float[] Values)> storages)
    {
        var file = new MemoryStream();
        file.Write(new PickleWriter().Raw(0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19).Stop());
        file.Write(new PickleWriter().Number(1001).Stop());
        file.Write(new PickleWriter().Op("}").Text("little_endian").Raw(0x88).Op("s").Stop());
        file.Write(pickle);
        var keys = new PickleWriter().Op("](");
        foreach (var (key, _) in storages)
        {
            keys.Text(key);
        }

        file.Write(keys.Op("e").Stop());
        foreach (var (_, values) in storages)
        {
            file.Write(BitConverter.GetBytes((long)values.Length));
            file.Write([.. values.SelectMany(BitConverter.GetBytes)]);
        }

        return file.ToArray();
    }
}
