using System.Runtime.InteropServices;
using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints;

public class CheckpointTests
{
    [Fact]
    public void Every_fp16_number_reads_as_its_exact_value()
    {
        var all = Enumerable.Range(0, 65536).Select(bits => (ushort)bits).ToArray();
        var read = ReadBack(TensorType.F16, MemoryMarshal.AsBytes(all.AsSpan()).ToArray(), all.Length);
        AssertSame(all.Select(bits => (float)BitConverter.UInt16BitsToHalf(bits)), read);
    }

    [Fact]
    public void Every_bf16_number_reads_as_the_upper_half_of_its_fp32()
    {
        var all = Enumerable.Range(0, 65536).Select(bits => (ushort)bits).ToArray();
        var read = ReadBack(TensorType.BF16, MemoryMarshal.AsBytes(all.AsSpan()).ToArray(), all.Length);
        AssertSame(all.Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16)), read);
    }

    [Fact]
    public void Fp64_rounds_to_nearest_even()
    {
        double[] values = [1, 1 + 5.9604644775390625e-8, double.MaxValue, double.Epsilon, double.NaN, -0.0, 1e-45, 0.1, 3.4028235677973366e38, 1.5e-40];
        double[] many = [.. Enumerable.Repeat(values, 5).SelectMany(x => x)];
        var read = ReadBack(TensorType.F64, MemoryMarshal.AsBytes(many.AsSpan()).ToArray(), many.Length);
        AssertSame(many.Select(value => (float)value), read);
    }

    // Corner values of Micikevicius et al. 2022, table 1.
    [Theory]
    [InlineData(TensorType.F8E4M3, 0x7E, 448f)]
    [InlineData(TensorType.F8E4M3, 0x08, 1f / 64)]
    [InlineData(TensorType.F8E4M3, 0x01, 1f / 512)]
    [InlineData(TensorType.F8E4M3, 0xB8, -1f)]
    [InlineData(TensorType.F8E4M3, 0xFF, float.NaN)]
    [InlineData(TensorType.F8E5M2, 0x7B, 57344f)]
    [InlineData(TensorType.F8E5M2, 0x7C, float.PositiveInfinity)]
    [InlineData(TensorType.F8E5M2, 0x01, 1f / 65536)]
    [InlineData(TensorType.F8E5M2, 0xBC, -1f)]
    public void The_8_bit_floats_read_as_their_values(TensorType type, byte bits, float value) => AssertSame([value], ReadBack(type, [bits], 1));

    [Theory]
    [InlineData(TensorType.U8, new byte[] { 255 }, 255L)]
    [InlineData(TensorType.I8, new byte[] { 255 }, -1L)]
    [InlineData(TensorType.Bool, new byte[] { 1 }, 1L)]
    [InlineData(TensorType.U16, new byte[] { 255, 255 }, 65535L)]
    [InlineData(TensorType.I16, new byte[] { 255, 255 }, -1L)]
    [InlineData(TensorType.U32, new byte[] { 255, 255, 255, 255 }, 4294967295L)]
    [InlineData(TensorType.I32, new byte[] { 255, 255, 255, 255 }, -1L)]
    [InlineData(TensorType.I64, new byte[] { 254, 255, 255, 255, 255, 255, 255, 255 }, -2L)]
    [InlineData(TensorType.U64, new byte[] { 1, 0, 0, 0, 0, 0, 0, 1 }, 72057594037927937L)]
    public void Integers_read_as_their_values(TensorType type, byte[] bytes, long value)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder, writer => writer.Add("x", type, [1], bytes));
        var read = new long[1];
        checkpoint.ReadInt64("x", read);
        Assert.Equal(value, read[0]);
    }

    [Theory]
    [InlineData(TensorType.Bool, new byte[] { 2 }, "neither 0 nor 1")]
    [InlineData(TensorType.U64, new byte[] { 0, 0, 0, 0, 0, 0, 0, 128 }, "above 2^63")]
    [InlineData(TensorType.F32, new byte[] { 0, 0, 0, 0 }, "not of an integer type")]
    public void What_is_no_integer_is_refused_as_one(TensorType type, byte[] bytes, string cause)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder, writer => writer.Add("x", type, [1], bytes));
        Assert.Contains(cause, Assert.Throws<CheckpointException>(() => checkpoint.ReadInt64("x", new long[1])).Message);
    }

    [Fact]
    public void A_wrong_size_or_name_is_an_error_that_says_where()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder, writer => writer.Add("x", [2, 3], new float[6]));
        Assert.Contains("x.safetensors: tensor 'x' F32 [2, 3] has 6 elements where 5 are wanted",
            Assert.Throws<CheckpointException>(() => checkpoint.Read("x", new float[5])).Message);
        Assert.Contains("holds no tensor 'y'", Assert.Throws<CheckpointException>(() => checkpoint.Read("y")).Message);
        Assert.Throws<CheckpointException>(() => checkpoint.Read("x", 4, new float[3]));
        Assert.Throws<CheckpointException>(() => checkpoint.Read("x", -1, new float[3]));
        Assert.Throws<CheckpointException>(() => checkpoint.Read("x", long.MaxValue, new float[3]));
        Assert.Throws<CheckpointException>(() => checkpoint.ReadBytes("x", 20, new byte[5]));
        Assert.Null(checkpoint.Find("y"));
    }

    [Fact]
    public void Parts_doubles_and_bytes_agree_with_the_whole()
    {
        using var folder = new TemporaryFolder();
        var values = Enumerable.Range(0, 1000).Select(i => i / 7f).ToArray();
        using var checkpoint = Write(folder, writer => writer.Add("x", [1000], values));
        var part = new float[10];
        checkpoint.Read("x", 990, part);
        Assert.Equal(values[990..], part);
        var doubles = new double[1000];
        checkpoint.ReadDouble("x", doubles);
        Assert.Equal(values.Select(value => (double)value), doubles);
        var bytes = new byte[8];
        checkpoint.ReadBytes("x", 4, bytes);
        Assert.Equal(values[1..3], MemoryMarshal.Cast<byte, float>(bytes).ToArray());
    }

    [Fact]
    public void A_file_that_was_cut_after_opening_is_an_error_and_not_a_crash()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not let a mapped file be cut");
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder, writer => writer.Add("x", [100_000], new float[100_000]));
        Assert.Equal(100_000, checkpoint.Read("x").Length);
        // Another process would do this; within one, .NET's own lock has to be got round.
        Truncate(checkpoint.Path, 1000);
        Assert.Contains("shortened while it was in use", Assert.Throws<CheckpointException>(() => checkpoint.Read("x")).Message);
    }

    [Fact]
    public void A_closed_checkpoint_reads_no_more()
    {
        using var folder = new TemporaryFolder();
        var checkpoint = Write(folder, writer => writer.Add("x", [1], new float[1]));
        checkpoint.Dispose();
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => checkpoint.Read("x"));
    }

    [Fact]
    public void What_cannot_be_opened_says_why()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no such file", Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder["absent.safetensors"])).Message);
        Assert.Contains("no such file", Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder["absent", "model.safetensors"])).Message);
        Assert.Contains("holds no weights", Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message);
        folder.Write("tf_model.h5", "x");
        Assert.Contains("'tf_model.h5'", Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message);
        Assert.Contains("not supported", Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder["tf_model.h5"])).Message);
        folder.Write("a.safetensors", "");
        folder.Write("b.safetensors", "");
        Assert.Contains("2 .safetensors files", Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message);
    }

    private static float[] ReadBack(TensorType type, byte[] bytes, long count)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder, writer => writer.Add("x", type, [count], bytes));
        return checkpoint.Read("x");
    }

    private static Checkpoint Write(TemporaryFolder folder, Action<SafetensorsWriter> add)
    {
        var writer = new SafetensorsWriter();
        add(writer);
        writer.Write(folder["x.safetensors"]);
        return Checkpoint.Open(folder["x.safetensors"]);
    }

    private static void Truncate(string path, long length) => Assert.Equal(0, NativeTruncate(path, length));

    private static void AssertSame(IEnumerable<float> expected, float[] actual) =>
        Assert.Equal(
            expected.Select(value => float.IsNaN(value) ? uint.MaxValue : BitConverter.SingleToUInt32Bits(value)),
            actual.Select(value => float.IsNaN(value) ? uint.MaxValue : BitConverter.SingleToUInt32Bits(value)));

    [DllImport("libc", EntryPoint = "truncate")]
    private static extern int NativeTruncate([MarshalAs(UnmanagedType.LPUTF8Str)] string path, long length);
}
