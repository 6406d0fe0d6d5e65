using System.Runtime.InteropServices;
using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using static Beret.Tests.Checkpoints.Mutation;

namespace Beret.Tests.Checkpoints.TensorFlow;

public class TensorBundleTests
{
    private const int Float = 1;
    private const int Variant = 21;

    private static readonly byte[] Six = MemoryMarshal.AsBytes<float>([1, 2, 3, 4, 5, 6]).ToArray();

    [Fact]
    public void A_bundle_opens_by_its_index_its_prefix_a_data_file_and_its_folder()
    {
        using var folder = new TemporaryFolder();
        var index = new BundleWriter().PutTensor("w", Float, [2, 3], Six).Write(folder, "model.ckpt-7");
        foreach (var path in (string[])[index, folder["model.ckpt-7"], folder["model.ckpt-7.data-00000-of-00001"], folder.Path])
        {
            using var bundle = Checkpoint.Open(path);
            Assert.Equal(index, bundle.Path);
            Assert.Equal([1, 2, 3, 4, 5, 6], bundle.Read("w"));
        }
    }

    [Fact]
    public void A_folder_of_several_bundles_is_refused_with_an_example()
    {
        using var folder = new TemporaryFolder();
        new BundleWriter().Write(folder, "a.ckpt-2");
        new BundleWriter().Write(folder, "a.ckpt-1");
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path));
        Assert.Contains("2 TensorFlow checkpoints", error.Message);
        Assert.EndsWith("a.ckpt-1", error.Message);
    }

    [Fact]
    public void What_cannot_be_read_is_listed_with_its_type_and_hinders_nothing()
    {
        using var folder = new TemporaryFolder();
        var index = new BundleWriter().PutTensor("iterator", Variant, [], [1, 2]).PutTensor("w", Float, [6], Six).Write(folder);
        using var bundle = (TensorBundle)Checkpoint.Open(index);
        Assert.Equal("variant", Assert.Single(bundle.Others, other => other.Key == "iterator").Value);
        Assert.Equal(6, bundle.Read("w").Length);
    }

    [Theory]
    [InlineData(new long[] { 0, 1 }, new long[] { 0, 1 })]
    [InlineData(new long[] { 0, 1 }, new long[] { 1, 2 })]
    [InlineData(new long[] { 0, 1 }, new long[] { -1, 1 })]
    [InlineData(new long[] { 0, 1 }, new long[] { 0, 2 })]
    public void Slices_that_overlap_lie_outside_or_leave_a_gap_are_refused(long[] first, long[] second)
    {
        using var folder = new TemporaryFolder();
        var writer = new BundleWriter();
        writer.Put("w", BundleWriter.Message(
            (1, Float), (2, BundleWriter.Shape(2, 3)),
            (7, BundleWriter.Slice((first[0], first[1]), (0, -1))), (7, BundleWriter.Slice((second[0], second[1]), (0, -1)))));
        foreach (var extent in (long[][])[first, second])
        {
            var key = SliceKey.Encode("w", [new Extent(extent[0], extent[1]), new Extent(0, Extent.Full)]);
            writer.PutTensor(key, Float, [extent[1], 3], new byte[extent[1] * 12]);
        }

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(writer.Write(folder)));
        Assert.Contains("ck.index: tensor 'w'", error.Message);
        Assert.Contains("slices", error.Message);
    }

    [Fact]
    public void A_slice_that_is_not_there_is_an_error()
    {
        using var folder = new TemporaryFolder();
        var index = new BundleWriter().Put("w", BundleWriter.Message((1, Float), (2, BundleWriter.Shape(6)), (7, BundleWriter.Slice((0, 6))))).Write(folder);
        Assert.Contains("'w' is stored in slices, of which one is missing", Assert.Throws<CheckpointException>(() => Checkpoint.Open(index)).Message);
    }

    [Fact]
    public void Names_that_repeat_a_long_prefix_cannot_exhaust_the_memory()
    {
        // One name of 8 KiB, and each next one names it again with one byte more: 40 GB of names in 10 MB.
        var block = new MemoryStream();
        block.Write([0, 0, 2, 8, 1, 0, .. BundleWriter.Number(8192), 2, .. Enumerable.Repeat((byte)' ', 8192), 8, 1]);
        for (var i = 0; i < 200_000; i++)
        {
            // Four characters that sort as the number does.
            block.Write([.. BundleWriter.Number(8188), 4, 2, .. (byte[])[.. ((int[])[15, 10, 5, 0]).Select(shift => (byte)('!' + ((i >> shift) & 31)))], 8, 1]);
        }

        block.Write([0, 0, 0, 0, 1, 0, 0, 0]);
        using var folder = new TemporaryFolder();
        var path = folder.Write("ck.index", BundleWriter.Table(block.ToArray(), 0));
        Assert.Contains("the index is too large", Assert.Throws<CheckpointException>(() => Checkpoint.Open(path)).Message);
    }

    [Fact]
    public void Names_out_of_order_are_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] block = [0, 0, 2, 8, 1, 0, 1, 2, (byte)'b', 8, 1, 0, 1, 2, (byte)'a', 8, 1, 0, 0, 0, 0, 1, 0, 0, 0];
        var path = folder.Write("ck.index", BundleWriter.Table(block, 0));
        Assert.Contains("not in order", Assert.Throws<CheckpointException>(() => Checkpoint.Open(path)).Message);
    }

    [Fact]
    public void An_object_graph_that_is_none_is_refused()
    {
        using var folder = new TemporaryFolder();
        var index = new BundleWriter().PutString("_CHECKPOINTABLE_OBJECT_GRAPH", [10, 200, 1]).Write(folder);
        Assert.Contains("no object graph", Assert.Throws<CheckpointException>(() => Checkpoint.Open(index)).Message);
    }

    [Fact]
    public void A_file_whose_magic_number_is_all_that_is_right_is_refused()
    {
        using var folder = new TemporaryFolder();
        var bytes = new byte[48];
        BitConverter.TryWriteBytes(bytes.AsSpan(40), 0xDB4775248B80FB57);
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Write("ck.index", bytes)));
        bytes.AsSpan(0, 40).Fill(0xFF);
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Write("ck2.index", bytes)));
    }

    /// <summary>Whatever is done to a bundle, it reads or is refused. The checksum of the block is made right again, so that the changes get past it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutated_bundles_are_read_or_refused(int seed)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        var refused = 0;
        const int rounds = 600;
        for (var round = 0; round < rounds; round++)
        {
            var writer = new BundleWriter
            {
                Distort = block => Mutate(block, random),
                Compression = (byte)(random.Next(8) == 0 ? 1 : 0),
            };
            var graph = BundleWriter.Message((1, BundleWriter.Message((2, BundleWriter.Message((1, Text("VALUE")), (2, Text("w")), (3, Text("tensor/w")))))));
            writer.PutTensor("tensor/w", Float, [2, 3], Six).PutTensor("tensor/x", 9, [2], Six[..16])
                .PutString("_CHECKPOINTABLE_OBJECT_GRAPH", random.Next(4) == 0 ? Mutate(graph, random) : graph)
                .Put("sliced", BundleWriter.Message((1, Float), (2, BundleWriter.Shape(2, 3)),
                    (7, BundleWriter.Slice((0, -1), (0, 1))), (7, BundleWriter.Slice((0, -1), (1, 2)))))
                .PutTensor(SliceKey.Encode("sliced", [new Extent(0, -1), new Extent(0, 1)]), Float, [2, 1], Six[..8])
                .PutTensor(SliceKey.Encode("sliced", [new Extent(0, -1), new Extent(1, 2)]), Float, [2, 2], Six[..16]);
            refused += TryReadAll(writer.Write(folder)) ? 0 : 1;
        }

        Assert.InRange(refused, 1, rounds - 1);
    }

    [Fact]
    public void Mutated_files_of_the_fixtures_are_read_or_refused()
    {
        var random = new Random(7);
        using var folder = new TemporaryFolder();
        foreach (var name in (string[])["odd", "partitioned"])
        {
            var index = File.ReadAllBytes(BundleFixtures.PathOf($"bundle-odd/{name}.index"));
            var data = File.ReadAllBytes(BundleFixtures.PathOf($"bundle-odd/{name}.data-00000-of-00001"));
            for (var round = 0; round < 300; round++)
            {
                folder.Write("ck.data-00000-of-00001", random.Next(2) == 0 ? Mutate(data, random) : data);
                TryReadAll(folder.Write("ck.index", Mutate(index, random)));
            }
        }
    }

    private static byte[] Text(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static bool TryReadAll(string path)
    {
        try
        {
            using var bundle = (TensorBundle)Checkpoint.Open(path);
            bundle.Verify();
            foreach (var tensor in bundle.Tensors)
            {
                bundle.CopyBytes(tensor.Name, Stream.Null);
            }

            return true;
        }
        catch (CheckpointException error)
        {
            Assert.NotEmpty(error.Message);
            return false;
        }
    }
}
