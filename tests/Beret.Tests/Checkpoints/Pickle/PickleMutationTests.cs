using System.IO.Compression;
using Beret.Checkpoints;
using static Beret.Tests.Checkpoints.Mutation;

namespace Beret.Tests.Checkpoints.Pickle;

/// <summary>Whatever is done to a file, it reads or is refused, within bounds of memory and time, and nothing of it is run.</summary>
public class PickleMutationTests
{
    private const int Rounds = 300;

    // A file here is a few kilobytes; its tensors may be as large as 64 MiB when they share storages, but are read in pieces.
    private const long MostAllocated = 1 << 25;

    private static readonly byte[] Weights = new PickleWriter().Global("collections", "OrderedDict").Op(")R(")
        .Text("a").Tensor("0", 6, 0, [2, 3], [3, 1]).Text("b").Tensor("0", 6, 0, [3, 2], [1, 3]).Text("c").Tensor("1", 4, 1, [3], [1])
        .Op("u}").Text("_metadata").Op("}sb").Stop();

    private static readonly byte[] Nested = new PickleWriter(4).Op("}(").Text("epoch").Number(3).Text("flags").Raw(0x88, 0x89, 0x86)
        .Text("layers").Op("](").Tensor("0", 6, 0, [6], [1]).Tensor("1", 4, 0, [2, 2], [2, 1]).Op("e").Text("more").Op("}").Text("w").Tensor("1", 4, 3, [5], [0])
        .Op("su").Stop();

    public static TheoryData<string> Files => ["handmade.bin", "zip_deflated.bin", "zip_dtypes_v3.bin", "legacy_dtypes.bin", "legacy_protocol4.bin"];

    [Theory]
    [MemberData(nameof(Files))]
    public void Mutated_files_are_read_or_refused(string file)
    {
        var bytes = File.ReadAllBytes(Repository.Path("tests", "fixtures", "pytorch", file));
        Assert.True(Refused(file.Length, random => Mutate(bytes, random)) > Rounds / 4);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Cut_files_are_refused(string file)
    {
        using var folder = new TemporaryFolder();
        var bytes = File.ReadAllBytes(Repository.Path("tests", "fixtures", "pytorch", file));
        var random = new Random(5);
        for (var round = 0; round < 100; round++)
        {
            Assert.False(TryReadAll(folder.Write("model.bin", bytes.AsSpan(0, random.Next(bytes.Length)))));
        }
    }

    /// <summary>The archive is made anew around the changed pickle, so that its checksums are right and the changes get past them.</summary>
    [Theory]
    [InlineData(1, CompressionLevel.NoCompression)]
    [InlineData(2, CompressionLevel.Fastest)]
    public void Mutated_pickles_in_sound_archives_are_read_or_refused(int seed, CompressionLevel compression)
    {
        var refused = Refused(seed, random => PickleWriter.Zip(
            [("data.pkl", Mutate(random.Next(2) == 0 ? Weights : Nested, random)), ("data/0", new byte[24]), ("data/1", new byte[16])], compression));
        Assert.InRange(refused, 1, Rounds - 1);
    }

    [Fact]
    public void Mutated_pickles_in_sound_legacy_files_are_read_or_refused()
    {
        var refused = Refused(3, random => PickleWriter.Legacy(Mutate(random.Next(2) == 0 ? Weights : Nested, random), ("0", new float[6]), ("1", new float[4])));
        Assert.InRange(refused, 1, Rounds - 1);
    }

    private static int Refused(int seed, Func<Random, byte[]> make)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        var refused = 0;
        for (var round = 0; round < Rounds; round++)
        {
            refused += TryReadAll(folder.Write("model.bin", make(random))) ? 0 : 1;
        }

        Assert.Single(Directory.GetFiles(folder.Path));
        return refused;
    }

    private static bool TryReadAll(string path)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var checkpoint = Checkpoint.Open(path);
            foreach (var tensor in checkpoint.Tensors)
            {
                checkpoint.CopyBytes(tensor.Name, Stream.Null);
            }

            return true;
        }
        catch (CheckpointException error)
        {
            Assert.Contains(path, error.Message);
            return false;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        }
    }
}
