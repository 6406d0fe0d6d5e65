using System.Buffers.Binary;
using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints;

public class MappedFileTests
{
    private const int Blocks = 200;
    private const int BlockLength = 1 << 20;

    /// <summary>A file larger than what a mapping keeps in memory: block after block of 1 MiB that begins with its own number, mostly holes on the disk.</summary>
    private static string Write(TemporaryFolder folder)
    {
        var path = folder["large"];
        using var file = File.Create(path);
        file.SetLength((long)Blocks * BlockLength);
        Span<byte> number = stackalloc byte[sizeof(int)];
        for (var i = 0; i < Blocks; i++)
        {
            file.Position = (long)i * BlockLength;
            BinaryPrimitives.WriteInt32LittleEndian(number, i);
            file.Write(number);
        }

        return path;
    }

    [Fact]
    public void PagesThatWereLetGoOfReadTheSameAgain()
    {
        using var folder = new TemporaryFolder();
        using var file = MappedFile.Open(Write(folder), least: 1);
        var first = file.Slice(0, BlockLength);
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < Blocks; i++)
            {
                Assert.Equal(i, BinaryPrimitives.ReadInt32LittleEndian(file.Slice((long)i * BlockLength, BlockLength)));
            }
        }

        Assert.Equal(0, BinaryPrimitives.ReadInt32LittleEndian(first));
        Assert.Equal(0, first[^1]);
    }

    [Fact]
    public void ThreadsThatReadFarApartDoNotDisturbEachOther()
    {
        using var folder = new TemporaryFolder();
        using var file = MappedFile.Open(Write(folder), least: 1);
        Parallel.For(0, 4 * Blocks, i =>
        {
            var block = i * 37 % Blocks;
            Assert.Equal(block, BinaryPrimitives.ReadInt32LittleEndian(file.Slice((long)block * BlockLength, BlockLength)));
        });
    }

    /// <summary>The process holds about as much of the file as one window, not all of it, when it has read it all.</summary>
    [Fact]
    public void AFileThatWasReadThroughIsNotHeldInMemory()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the kernel's list of mappings is Linux's");
        using var folder = new TemporaryFolder();
        var path = Write(folder);
        using var file = MappedFile.Open(path, least: 1);
        long sum = 0;
        for (var i = 0; i < Blocks; i++)
        {
            foreach (var value in file.Slice((long)i * BlockLength, BlockLength))
            {
                sum += value;
            }
        }

        Assert.Equal(Enumerable.Range(0, Blocks).Sum(), sum);
        Assert.InRange(Resident(path), 1, 40 << 10);
    }

    /// <summary>Kilobytes of a mapped file that are in the process's memory.</summary>
    private static long Resident(string path)
    {
        var lines = File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.EndsWith(path, StringComparison.Ordinal));
        return long.Parse(lines.First(line => line.StartsWith("Rss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
