using System.Buffers.Binary;
using System.Text;
using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints;

public class SafetensorsWriterTests
{
    [Fact]
    public void The_header_is_compact_sorted_by_type_and_name_and_padded_to_8_bytes()
    {
        var writer = new SafetensorsWriter();
        writer.Add("b", TensorType.U8, [1], new byte[] { 7 });
        writer.Add("z", [2], new[] { 1f, 2f });
        writer.Add("a", [], new[] { 3f });
        var file = Bytes(writer);
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        var header = Encoding.UTF8.GetString(file, 8, length);
        Assert.Equal(0, length % 8);
        Assert.Equal(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"z":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"b":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}""",
            header.TrimEnd(' '));
        Assert.Equal(8 + length + 13, file.Length);
    }

    [Fact]
    public void The_order_of_adding_does_not_change_the_bytes()
    {
        var one = new SafetensorsWriter { Metadata = { ["b"] = "2", ["a"] = "1" } };
        one.Add("x", [1], new[] { 1f });
        one.Add("y", [1], new[] { 2f });
        var other = new SafetensorsWriter { Metadata = { ["a"] = "1", ["b"] = "2" } };
        other.Add("y", [1], new[] { 2f });
        other.Add("x", [1], new[] { 1f });
        Assert.Equal(Bytes(one), Bytes(other));
    }

    [Fact]
    public void Names_and_metadata_of_any_text_come_back()
    {
        using var folder = new TemporaryFolder();
        var writer = new SafetensorsWriter { Metadata = { ["größe \"x\""] = "a\\b\n\u0001 😀" } };
        writer.Add("naïve “x” \t 😀", [1], new[] { 5f });
        writer.Write(folder["x.safetensors"]);
        using var checkpoint = Checkpoint.Open(folder["x.safetensors"]);
        Assert.Equal([5f], checkpoint.Read("naïve “x” \t 😀"));
        Assert.Equal("a\\b\n\u0001 😀", checkpoint.Metadata["größe \"x\""]);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(9)]
    public void A_callback_that_writes_another_size_is_an_error_and_leaves_the_old_file(int bytes)
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.safetensors", "old");
        var writer = new SafetensorsWriter();
        writer.Add("x", TensorType.F32, [2], stream => stream.Write(new byte[bytes]));
        var error = Assert.Throws<CheckpointException>(() => writer.Write(folder["x.safetensors"]));
        Assert.Contains($"tensor 'x' F32 [2] needs 8 bytes, but {bytes} were written", error.Message);
        Assert.Equal("old", File.ReadAllText(folder["x.safetensors"]));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Wrong_additions_are_refused()
    {
        var writer = new SafetensorsWriter();
        writer.Add("x", [1], new float[1]);
        Assert.Throws<ArgumentException>(() => writer.Add("x", [1], new float[1]));
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", [1], new float[1]));
        Assert.Throws<ArgumentException>(() => writer.Add("y", [2], new float[1]));
        Assert.Throws<CheckpointException>(() => writer.Add("z", [-1], new float[1]));
        Assert.Throws<CheckpointException>(() => writer.Add("z", TensorType.F32, [long.MaxValue, 4], _ => { }));
    }

    private static byte[] Bytes(SafetensorsWriter writer)
    {
        var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }
}
