using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Beret.Checkpoints;
using static Beret.Tests.Checkpoints.Pickle.PickleTests;

namespace Beret.Tests.Checkpoints.Pickle;

/// <summary>Archives as torch.save and zip tools make them, and as nobody should.</summary>
public class ZipFormTests
{
    private const uint DirectoryEntry = 0x02014B50;

    private static readonly byte[] TwoTensors = new PickleWriter().Op("}(").Text("a").Tensor("0", 5000, 0, [5000], [1]).Text("b").Tensor("1", 4, 0, [2, 2], [1, 2])
        .Op("u").Stop();

    private static readonly (string Name, byte[] Contents)[] Records = [("data.pkl", TwoTensors), ("data/0", Floats(5000)), ("data/1", Floats(4))];

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Records_are_read_stored_and_deflated(CompressionLevel compression)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, PickleWriter.Zip(Records, compression));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Enumerable.Range(0, 5000).Select(x => (float)x), checkpoint.Read("a"));
            Assert.Equal([0f, 2, 1, 3], checkpoint.Read("b"));
        }
    }

    [Fact]
    public void Several_threads_may_read_deflated_records_at_once()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, PickleWriter.Zip(Records, CompressionLevel.Optimal));
        Parallel.For(0, 200, i => Assert.Equal(i % 2 == 0 ? 4999 : 3, checkpoint.Read(i % 2 == 0 ? "a" : "b")[^1]));
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void A_checksum_is_verified_when_the_record_is_first_read(CompressionLevel compression)
    {
        var file = PickleWriter.Zip(Records, compression);
        file[EntryOf(file, "data/1") + 16] ^= 1;
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, file);
        Assert.Equal(5000, checkpoint.Read("a").Length);
        Assert.Contains("'archive/data/1' is damaged (its checksum is wrong)", Assert.Throws<CheckpointException>(() => checkpoint.Read("b")).Message);
    }

    [Fact]
    public void A_record_that_unpacks_to_another_size_is_refused()
    {
        var file = PickleWriter.Zip([.. Records[1..], ("data.pkl", new PickleWriter().Op("}").Text("a").Tensor("1", 5, 0, [5], [1]).Op("s").Stop())], CompressionLevel.Optimal);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(EntryOf(file, "data/1") + 24), 20);
        Assert.Contains("unpacks to fewer than the 20 bytes", RefusalOf(file));

        file = PickleWriter.Zip([.. Records[1..], ("data.pkl", new PickleWriter().Op("}").Text("a").Tensor("1", 3, 0, [3], [1]).Op("s").Stop())], CompressionLevel.Optimal);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(EntryOf(file, "data/1") + 24), 12);
        Assert.Contains("unpacks to more than the 12 bytes", RefusalOf(file));
    }

    [Fact]
    public void A_record_that_claims_more_than_deflate_can_do_is_refused()
    {
        var file = PickleWriter.Zip(Records, CompressionLevel.Optimal);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(EntryOf(file, "data/1") + 24), 1 << 28);
        Assert.Contains("cannot hold 268435456 bytes", RefusalOf(file));
    }

    [Fact]
    public void Sizes_and_positions_may_be_in_the_64_bit_extension()
    {
        // An entry whose own fields are all ones; the true ones follow its name: size, stored size, position.
        var file = PickleWriter.Zip(Records);
        var entry = EntryOf(file, "data/1");
        var extension = new byte[28];
        BinaryPrimitives.WriteInt32LittleEndian(extension, 1 | (24 << 16));
        BinaryPrimitives.WriteInt64LittleEndian(extension.AsSpan(4), 16);
        BinaryPrimitives.WriteInt64LittleEndian(extension.AsSpan(12), 16);
        BinaryPrimitives.WriteInt64LittleEndian(extension.AsSpan(20), LocalOf(file, "data/1"));
        file.AsSpan(entry + 20, 8).Fill(0xFF);
        file.AsSpan(entry + 42, 4).Fill(0xFF);
        Assert.Contains("'archive/data/1' lacks its 64-bit sizes", RefusalOf(file));

        file[entry + 30] = (byte)extension.Length;
        var end = file.Length - 22;
        file[end + 12] += (byte)extension.Length;
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, [.. file[..end], .. extension, .. file[end..]]);
        Assert.Equal([0f, 2, 1, 3], checkpoint.Read("b"));
    }

    [Fact]
    public void Records_that_overlap_are_refused()
    {
        // The first storage holds a copy of the second record, to which the directory is made to point.
        var honest = PickleWriter.Zip(Records);
        var at = LocalOf(honest, "data/1");
        var length = 30 + "archive/data/1".Length + 16;
        var file = PickleWriter.Zip([Records[0], ("data/0", [.. honest.AsSpan(at, length), .. Floats(5000)[length..]]), Records[2]]);
        var inside = LocalOf(file, "data/0") + 30 + "archive/data/0".Length;
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(EntryOf(file, "data/1") + 42), inside);
        Assert.Contains("'archive/data/1' overlaps the record before it", RefusalOf(file));
    }

    [Fact]
    public void A_record_named_twice_is_refused() => Assert.Contains("names 'archive/data/1' twice", RefusalOf(PickleWriter.Zip([.. Records, Records[2]])));

    [Fact]
    public void An_encrypted_record_is_refused()
    {
        var file = PickleWriter.Zip(Records);
        file[EntryOf(file, "data/1") + 8] |= 1;
        Assert.Contains("'archive/data/1' is encrypted", RefusalOf(file));
    }

    [Fact]
    public void Numbers_of_the_other_byte_order_are_refused() =>
        Assert.Contains("the byte order 'big'", RefusalOf(PickleWriter.Zip([.. Records, ("byteorder", "big"u8.ToArray())])));

    [Fact]
    public void A_TorchScript_program_is_refused() => Assert.Contains("TorchScript", RefusalOf(PickleWriter.Zip([.. Records, ("constants.pkl", TwoTensors)])));

    [Fact]
    public void An_archive_without_the_pickle_is_refused() => Assert.Contains("holds no FOLDER/data.pkl", RefusalOf(PickleWriter.Zip(Records[1..])));

    [Fact]
    public void What_follows_the_archive_is_refused() => Assert.Contains("the end of the zip archive is missing", RefusalOf([.. PickleWriter.Zip(Records), 0]));

    private static byte[] Floats(int count) => [.. Enumerable.Range(0, count).SelectMany(i => BitConverter.GetBytes((float)i))];

    // The position of a record's entry in the directory.
    private static int EntryOf(byte[] file, string name)
    {
        var at = file.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes($"archive/{name}")) - 46;
        Assert.Equal(DirectoryEntry, BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)));
        return at;
    }

    private static int LocalOf(byte[] file, string name) => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(EntryOf(file, name) + 42));
}
