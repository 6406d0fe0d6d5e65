using System.Runtime.InteropServices;
using Beret.Checkpoints;
using static Beret.Tests.Checkpoints.Pickle.PickleTests;

namespace Beret.Tests.Checkpoints.Pickle;

/// <summary>Views of a storage read as the tensors that they are.</summary>
public class StridedTensorTests
{
    public static TheoryData<long[], long[], long> Views => new()
    {
        { [], [], 3 },
        { [300, 500], [500, 1], 0 },
        { [500, 300], [1, 500], 0 },
        { [300, 250], [500, 2], 1 },
        { [3, 40_000], [45_000, 1], 17 },
        { [700, 3], [200, 1], 5 },
        { [4, 70, 50, 9], [1, 2000, 4, 211], 2 },
        { [7, 1, 1000], [0, 99, 3], 0 },
        { [50, 40, 30], [1200, 30, 1], 0 },
        { [30, 40, 50], [1, 30, 1200], 0 },
        { [60_000], [0], 9 },
        { [5, 0, 7], [9, 9, 9], 0 },
    };

    [Theory]
    [MemberData(nameof(Views))]
    public void Every_view_reads_in_row_major_order(long[] size, long[] stride, long offset)
    {
        const int count = 150_000;
        var storage = new float[count];
        for (var i = 0; i < count; i++)
        {
            storage[i] = i;
        }

        var expected = Flatten(size, stride, offset).Select(i => storage[i]).ToArray();
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, PickleWriter.Zip(Weights(count, offset, size, stride, "FloatStorage"), ("0", storage)));
        Assert.Equal(size, checkpoint.Get("w").Shape);
        Assert.Equal(expected, checkpoint.Read("w"));

        var random = new Random(1);
        for (var i = 0; i < 20 && expected.Length > 0; i++)
        {
            var start = random.Next(expected.Length);
            var part = new float[random.Next(1, Math.Min(3000, expected.Length - start + 1))];
            checkpoint.Read("w", start, part);
            Assert.Equal(expected[start..(start + part.Length)], part);

            var bytes = new byte[Math.Min(37, (4 * (expected.Length - start)) - 2)];
            checkpoint.ReadBytes("w", (4 * start) + 1, bytes);
            Assert.Equal(MemoryMarshal.AsBytes(expected.AsSpan(start)).Slice(1, bytes.Length).ToArray(), bytes);
        }
    }

    [Theory]
    [InlineData("ByteStorage", 1)]
    [InlineData("HalfStorage", 2)]
    [InlineData("LongStorage", 8)]
    [InlineData("ComplexFloatStorage", 8)]
    public void Elements_of_every_width_are_gathered(string type, int width)
    {
        var storage = new byte[6 * width];
        new Random(1).NextBytes(storage);
        var expected = ((int[])[0, 3, 1, 4, 2, 5]).SelectMany(i => storage[(i * width)..((i + 1) * width)]).ToArray();
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, PickleWriter.Zip([("data.pkl", Weights(6, 0, [3, 2], [1, 3], type)), ("data/0", storage)]));
        var read = new byte[storage.Length];
        checkpoint.ReadBytes("w", 0, read);
        Assert.Equal(expected, read);
    }

    [Theory]
    [InlineData(1, 6, 1, "reaches to element 6 of its storage '0', which has 6")]
    [InlineData(0, 4, 2, "reaches to element 6 of its storage '0', which has 6")]
    [InlineData(-1, 2, 1, "negative offset or stride")]
    [InlineData(long.MaxValue, 2, long.MaxValue, "reaches to element 18446744073709551614")]
    [InlineData(0, 1L << 40, 0, "made of only 24 in the file")]
    [InlineData(0, 1L << 62, 0, "does not fit in 63 bits")]
    public void A_view_that_its_storage_cannot_fill_is_refused(long offset, long size, long stride, string cause) =>
        Assert.Contains(cause, RefusalOf(PickleWriter.Zip(Weights(6, offset, [size], [stride], "FloatStorage"), ("0", new float[6]))));

    [Fact]
    public void Sizes_and_strides_must_go_together() =>
        Assert.Contains("2 sizes but 1 strides", RefusalOf(PickleWriter.Zip(Weights(6, 0, [2, 2], [1], "FloatStorage"), ("0", new float[6]))));

    private static byte[] Weights(long count, long offset, long[] size, long[] stride, string type) =>
        new PickleWriter().Op("}").Text("w").Tensor("0", count, offset, size, stride, type).Op("s").Stop();

    private static IEnumerable<long> Flatten(long[] size, long[] stride, long offset) => size.Length == 0
        ? [offset]
        : Enumerable.Range(0, (int)size[0]).SelectMany(i => Flatten(size[1..], stride[1..], offset + (i * stride[0])));
}
