using System.Buffers.Binary;
using System.Text;
using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints;

/// <summary>Whatever is done to a safetensors file or to an index of shards, it reads or is refused, and takes no memory that the file does not hold.</summary>
public class SafetensorsMutationTests
{
    private const int Rounds = 1000;
    private const long MostAllocated = 1 << 20;
    private const string Header =
        """{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"I64","shape":[],"data_offsets":[32,40]}}""";

    private const string Index = """{"metadata":{"total_size":40},"weight_map":{"a.weight":"part.safetensors","b":"part.safetensors","c":"part.safetensors"}}""";

    private static readonly byte[] Good = FileWith(Encoding.UTF8.GetBytes(Header));

    [Fact]
    public void Mutated_files_are_read_or_refused() => Assert.InRange(Refused(1, random => Mutation.Mutate(Good, random), "model.safetensors"), Rounds / 4, Rounds - 1);

    /// <summary>The length of the header goes with what it is, so that the changes get past it.</summary>
    [Fact]
    public void Mutated_headers_of_the_right_length_are_read_or_refused() =>
        Assert.InRange(Refused(2, random => FileWith(Mutation.Mutate(Encoding.UTF8.GetBytes(Header), random)), "model.safetensors"), Rounds / 4, Rounds - 1);

    [Fact]
    public void Mutated_indexes_are_read_or_refused() =>
        Assert.InRange(Refused(3, random => Mutation.Mutate(Encoding.UTF8.GetBytes(Index), random), "model.safetensors.index.json"), Rounds / 4, Rounds - 1);

    private static int Refused(int seed, Func<Random, byte[]> make, string name)
    {
        using var folder = new TemporaryFolder();
        folder.Write("part.safetensors", Good);
        var random = new Random(seed);
        var refused = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var path = folder.Write(name, make(random));
            var before = GC.GetAllocatedBytesForCurrentThread();
            refused += TryReadAll(path) ? 0 : 1;
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        }

        return refused;
    }

    private static bool TryReadAll(string path)
    {
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
            Assert.Contains(Path.GetDirectoryName(path)!, error.Message, StringComparison.Ordinal);
            return false;
        }
    }

    private static byte[] FileWith(byte[] header)
    {
        var bytes = new byte[8 + header.Length + 40];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        header.CopyTo(bytes, 8);
        return bytes;
    }
}
