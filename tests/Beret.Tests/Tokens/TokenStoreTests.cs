using System.Runtime.InteropServices;
using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Tests.Data;
using Beret.Tests.Training;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Tests.Tokens;

/// <summary>Tokens in a file are those in memory, are there for the next run, and are made anew where the file is damaged.</summary>
public sealed class TokenStoreTests : IDisposable
{
    private const int Count = 1500;

    private static readonly EncodeOptions Cut = new() { MaxLength = 12 };
    private static readonly EncodeOptions Windowed = new() { MaxLength = 10, Truncation = Truncation.Windows, WindowOverlap = 2 };

    private readonly TinyWorld world = new();
    private readonly Workplace work = new();
    private readonly Tokenizer tokenizer;
    private readonly string table;

    public TokenStoreTests()
    {
        tokenizer = ModelTokenizer.Load(world.Model);
        var texts = TinyWorld.Texts(Count);
        table = work.Write("texts.tsv", "text\tpair\tlabel\n" + string.Concat(texts.Examples.Select(example => $"{example.Text}\t{example.Text[..5]}\t{example.Label}\n")));
    }

    public void Dispose()
    {
        work.Dispose();
        world.Dispose();
    }

    private string[] Files => [.. Directory.EnumerateFiles(work.Path("disk"), "*.bin").Order(StringComparer.Ordinal)];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 3)]
    public void AFileHoldsWhatMemoryHolds(bool isWindowed, int threads)
    {
        var options = isWindowed ? Windowed : Cut;
        int[] order = [.. Enumerable.Range(0, Count).Where(i => i % 3 != 1).Reverse()];
        var (held, stored) = (Texts(TextPlace.Memory, isPaired: !isWindowed), Texts(TextPlace.Disk, isPaired: !isWindowed));
        AssertSame(held.Examples, stored.Examples);
        AssertSame(held.Subset(order).Examples, stored.Subset(order).Examples);
        Assert.Single(Files);

        void AssertSame(IReadOnlyList<Example> inMemory, IReadOnlyList<Example> onDisk)
        {
            using var expected = TokenStore.Build(tokenizer, inMemory, options, threads, null, Stop);
            using var actual = TokenStore.Build(tokenizer, onDisk, options, threads, null, Stop);
            Assert.Equal((expected.Count, expected.Tokens, expected.Cut, expected.Longest, expected.Windows), (actual.Count, actual.Tokens, actual.Cut, actual.Longest, actual.Windows));
            Assert.Equal(isWindowed, expected.Windows > expected.Count);
            Assert.True(isWindowed || expected.Cut > 0);
            for (var text = 0; text < expected.Count; text++)
            {
                Assert.Equal(
                    (expected.WindowsOf(text), expected.TokensOf(text), expected.LengthOf(text), expected.CutOf(text)), (actual.WindowsOf(text), actual.TokensOf(text), actual.LengthOf(text), actual.CutOf(text)));
                Assert.Equal(Ids(expected, text), Ids(actual, text));
            }
        }
    }

    [Fact]
    public void WhatIsThereIsNotMadeAgainAndAnotherCutIsAnotherFile()
    {
        var texts = Texts(TextPlace.Disk);
        var told = 0;
        Build(texts, Cut, _ => told++).Dispose();
        Assert.True(told > 0);
        var (file, written) = (Assert.Single(Files), new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc));
        var bytes = File.ReadAllBytes(file);
        File.SetLastWriteTimeUtc(file, written);
        told = 0;

        // Read anew, too: the file is called by what the texts are, not by where they come from.
        Build(Texts(TextPlace.Disk), Cut, _ => told++).Dispose();
        Assert.Equal(0, told);
        Assert.Equal(bytes, File.ReadAllBytes(file));
        Assert.True(File.GetLastWriteTimeUtc(file) > written, "that it was used can be seen");
        Build(texts, Cut with { MostWindows = 8 }, _ => told++).Dispose();
        Assert.Equal(0, told);
        Build(texts, Cut with { MaxLength = 11 }, null).Dispose();
        Build(texts, Windowed, null).Dispose();
        Assert.Equal(3, Files.Length);
        File.AppendAllText(table, "one more film\tx\t1\n");
        Build(Texts(TextPlace.Disk), Cut, null).Dispose();
        Assert.Equal(4, Files.Length);
    }

    /// <summary>Wherever a byte differs, and wherever the file is cut off, the tokens are made anew.</summary>
    [Fact]
    public void ADamagedFileIsMadeAnew()
    {
        var texts = Texts(TextPlace.Disk);
        int[][] expected;
        using (var store = Build(texts, Cut, null))
        {
            expected = [.. Enumerable.Range(0, Count).Select(text => Ids(store, text))];
        }

        var file = Assert.Single(Files);
        var whole = File.ReadAllBytes(file);
        var random = new Random(5);
        int[] places = [0, 4, 1000, whole.Length - 1, whole.Length - 16, whole.Length - 32, .. Enumerable.Range(0, 30).Select(_ => random.Next(whole.Length))];
        foreach (var place in places)
        {
            var damaged = (byte[])whole.Clone();
            damaged[place] ^= 0x10;
            AssertMadeAnew(damaged);
        }

        int[] lengths = [0, 1, 31, 32, whole.Length / 2, whole.Length - 4, whole.Length - 1];
        foreach (var length in lengths)
        {
            AssertMadeAnew(whole[..length]);
        }

        AssertMadeAnew([.. whole, 0, 0, 0, 0]);

        void AssertMadeAnew(byte[] damaged)
        {
            File.WriteAllBytes(file, damaged);
            using var store = Build(texts, Cut, null);
            Assert.Equal(whole, File.ReadAllBytes(file));
            Assert.Equal(expected[777], Ids(store, 777));
        }
    }

    /// <summary>Files whose checksums are right and whose blocks are none.</summary>
    [Fact]
    public void ABlockThatIsNoneIsRefused()
    {
        int[] good = [2, 0, 3, 5, 1, 2, 3, 1, 0, 0, 7, 8, 9, 4, 5];
        Assert.True(IsRead(good));
        (int Place, int Value)[] changes =
        [
            (0, 1), (0, 3), (0, int.MaxValue), (0, -1), (1, 1), (1, -4), (2, 5), (2, 6), (2, int.MinValue), (3, 4), (3, int.MaxValue), (4, 0), (4, 2), (4, -1), (5, 3),
            (6, 4), (6, -1), (7, 2), (8, -1), (10, 10), (10, -1), (14, int.MaxValue),
        ];
        foreach (var (place, value) in changes)
        {
            var bad = (int[])good.Clone();
            bad[place] = value;
            Assert.False(IsRead(bad), $"{value} at {place}");
        }

        Assert.False(IsRead(good[..^1]));
        Assert.False(IsRead([.. good, 1]));
        Assert.False(IsRead([2]));
        Assert.False(IsRead([]));

        bool IsRead(int[] block)
        {
            var path = work.Path("one.bin");
            using (var file = File.Create(path))
            {
                TokenFile.Write(file, [block], 2);
            }

            using var read = TokenFile.TryOpen(path, 2, 10, 1, Stop);
            return read is not null;
        }
    }

    /// <summary>A directory that points anywhere, under a checksum that is right.</summary>
    [Fact]
    public void AFileOfOtherTextsOrAnotherMachineIsRefused()
    {
        var path = work.Path("one.bin");
        using (var file = File.Create(path))
        {
            TokenFile.Write(file, [[1, 0, 2, 1, 2, 0, 3, 4]], 1);
        }

        using (var read = TokenFile.TryOpen(path, 1, 10, 1, Stop))
        {
            Assert.NotNull(read);
            Assert.Equal([3, 4], read[0].WindowOf(0, 0).ToArray());
        }

        Assert.Null(TokenFile.TryOpen(path, 2, 10, 1, Stop));
        Assert.Null(TokenFile.TryOpen(path, 300, 10, 1, Stop));
        Assert.Null(TokenFile.TryOpen(path, 1, 4, 1, Stop));
        var bytes = File.ReadAllBytes(path);
        MemoryMarshal.Cast<byte, long>(bytes.AsSpan(^32..))[0] = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, long>(bytes.AsSpan(^32..))[0]);
        File.WriteAllBytes(path, bytes);
        Assert.Null(TokenFile.TryOpen(path, 1, 10, 1, Stop));
    }

    [Fact]
    public async Task WhereSeveralWantAFileOneMakesIt()
    {
        var texts = Texts(TextPlace.Disk);
        var made = 0;
        var all = Enumerable.Range(0, 6).Select(_ => Task.Run(() => Build(texts, Cut, state => Interlocked.Add(ref made, state is { IsWaiting: false, Texts: 0 } ? 1 : 0)), Stop)).ToArray();
        foreach (var store in await Task.WhenAll(all))
        {
            Assert.Equal(Count, store.Count);
            store.Dispose();
        }

        Assert.Equal(1, made);
        Assert.Single(Files);
    }

    [Fact]
    public void WhoWaitsCanBeStopped()
    {
        var texts = Texts(TextPlace.Disk);
        Build(texts, Cut, null).Dispose();
        var held = Path.ChangeExtension(Assert.Single(Files), ".lock");
        using var other = new FileStream(held, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        using var stop = new CancellationTokenSource();
        var waits = false;
        Assert.ThrowsAny<OperationCanceledException>(() => TokenStore.Build(
            tokenizer, texts.Examples, Cut, 1,
            state =>
            {
                waits = state.IsWaiting;
                stop.Cancel();
            },
            stop.Token));
        Assert.True(waits);
    }

    [Fact]
    public void WhatNobodyAskedForInAMonthGoes()
    {
        Directory.CreateDirectory(work.Path("disk"));
        var (old, recent, unfinished, other) = (work.Write("disk/tokens-1.bin", "a"), work.Write("disk/tokens-2.bin", "b"), work.Write("disk/.tokens-3.bin.new", "c"), work.Write("disk/notes.txt", "d"));
        foreach (var path in (string[])[old, unfinished, other])
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow - TimeSpan.FromDays(31));
        }

        Build(Texts(TextPlace.Disk), Cut, null).Dispose();
        Assert.Equal((false, true, false, true), (File.Exists(old), File.Exists(recent), File.Exists(unfinished), File.Exists(other)));
    }

    [Fact]
    public void AFolderThatTakesNothingIsNamed()
    {
        var texts = Texts(TextPlace.Disk);
        Directory.Delete(work.Path("disk"), recursive: true);
        File.WriteAllText(work.Path("disk"), "in the way");
        var error = Assert.Throws<DataException>(() => Build(texts, Cut, null));
        Assert.Contains(work.Path("disk"), error.Message);
        Assert.Contains("BERET_CACHE", error.Message);
        File.Delete(work.Path("disk"));
    }

    private TokenStore Build(LabelledTexts texts, EncodeOptions options, Action<TextProgress>? progress) => TokenStore.Build(tokenizer, texts.Examples, options, 2, progress, Stop);

    private LabelledTexts Texts(TextPlace place, bool isPaired = true)
    {
        var path = table;
        if (!isPaired)
        {
            path = work.Write("single.tsv", string.Join('\n', File.ReadAllLines(table).Select(line => line.Split('\t') is var cells ? $"{cells[0]}\t{cells[2]}" : "")) + "\n");
        }

        return DataSource.Open(path, new DataOptions { Place = place, DiskFolder = work.Path("disk") }).Read(DataSource.All);
    }

    private static int[] Ids(TokenStore store, int text)
    {
        var batch = new PackedBatch();
        store.Fill(batch, [text]);
        return [.. batch.Ids, -1, .. batch.Types];
    }
}
