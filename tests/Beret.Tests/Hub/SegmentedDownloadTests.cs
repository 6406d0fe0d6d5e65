using System.Security.Cryptography;
using Beret.Hub;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Hub;

/// <summary>Large files come in segments at once.</summary>
public sealed class SegmentedDownloadTests : IDisposable
{
    private const string Version = "\"v1\"";

    private readonly TemporaryFolder cache = new();
    private readonly LoopbackServer server = new();
    private readonly Downloader downloader;
    private readonly byte[] body = RandomNumberGenerator.GetBytes(400_002);

    public SegmentedDownloadTests() => downloader = new Downloader(cache.Path)
    {
        Settings = new HubSettings(),
        Manner = new DownloadManner { FirstPause = TimeSpan.FromMilliseconds(1), LargeFile = 300_000 },
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private DownloadSpec Spec => new(server["/f.bin"], "data/f.bin", body.Length, Sha256: Convert.ToHexStringLower(SHA256.HashData(body)));

    public void Dispose()
    {
        downloader.Dispose();
        server.Dispose();
        cache.Dispose();
    }

    [Fact]
    public async Task A_large_file_comes_in_four_segments()
    {
        Serve();
        await AssertFetchedAsync();
        Assert.Equal(
            ["/f.bin", $"/f.bin bytes=100000-199999 if {Version}", $"/f.bin bytes=200000-299999 if {Version}", $"/f.bin bytes=300000-400001 if {Version}"],
            server.Requests.Order());
    }

    [Theory]
    [InlineData(false, Version, 400_002)]
    [InlineData(true, null, 400_002)]
    [InlineData(true, Version, 299_999)]
    public async Task Without_ranges_without_version_and_below_the_limit_it_comes_as_a_whole(bool offersRanges, string? version, int length)
    {
        var file = body[..length];
        server.Files["/f.bin"] = new ServedFile(file) { OffersRanges = offersRanges, ETag = version };
        var path = await downloader.FetchAsync(Spec with { Size = null, Sha256 = null }, null, Cancellation);
        Assert.Equal(file, File.ReadAllBytes(path));
        Assert.Equal(["/f.bin"], server.Requests);
    }

    [Fact]
    public async Task Segments_that_break_are_continued()
    {
        server.Files["/f.bin"] = new ServedFile(body) { OffersRanges = true, ETag = Version, CutAfter = 40_000, Cuts = 6 };
        await AssertFetchedAsync();
        Assert.True(server.Requests.Count > 4);
    }

    [Fact]
    public async Task What_an_ended_process_left_of_the_segments_is_continued()
    {
        Serve();
        WritePart("", body[..100_000], segments: true);
        WritePart(".1", body[100_000..150_000]);
        WritePart(".3", body[300_000..300_001]);
        await AssertFetchedAsync();
        Assert.Equal(
            [$"/f.bin bytes=150000-199999 if {Version}", $"/f.bin bytes=200000-299999 if {Version}", $"/f.bin bytes=300001-400001 if {Version}"],
            server.Requests.Order());
    }

    [Fact]
    public async Task Segments_that_are_all_there_need_no_request()
    {
        WritePart("", body[..100_000], segments: true);
        WritePart(".1", body[100_000..200_000]);
        WritePart(".2", body[200_000..300_000]);
        WritePart(".3", body[300_000..]);
        await AssertFetchedAsync();
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_process_that_ended_while_joining_them_loses_only_what_was_not_joined()
    {
        Serve();
        WritePart("", body[..250_000], segments: true);
        WritePart(".2", body[200_000..300_000]);
        WritePart(".3", body[300_000..]);
        await AssertFetchedAsync();
        Assert.Equal([$"/f.bin bytes=250000- if {Version}"], server.Requests);
    }

    [Theory]
    [InlineData("400002 4 4\n")]
    [InlineData("400002 99\n")]
    [InlineData("-1 4\n")]
    [InlineData("100 4\n")]
    public async Task Segments_that_cannot_be_right_are_thrown_away(string line)
    {
        Serve();
        WritePart("", RandomNumberGenerator.GetBytes(100_000));
        cache.Write("data/f.bin.part.from", $"{server["/f.bin"]}\n{Version}\n{line}");
        WritePart(".1", RandomNumberGenerator.GetBytes(300_000));
        await AssertFetchedAsync();
    }

    [Fact]
    public async Task A_server_that_says_ranges_and_gives_none_is_asked_for_the_whole()
    {
        server.Files["/f.bin"] = new ServedFile(body) { OffersRanges = true, ETag = Version, IgnoresRanges = true, Delay = TimeSpan.FromMilliseconds(50) };
        await AssertFetchedAsync();
        Assert.Equal("/f.bin", server.Requests.Last());
    }

    [Fact]
    public async Task Segments_of_another_version_are_thrown_away()
    {
        server.Files["/f.bin"] = new ServedFile(body) { OffersRanges = true, ETag = "\"v2\"" };
        WritePart("", RandomNumberGenerator.GetBytes(50_000), segments: true);
        await AssertFetchedAsync();
    }

    [Fact]
    public async Task A_wrong_checksum_leaves_nothing()
    {
        server.Files["/f.bin"] = new ServedFile([.. body.Reverse()]) { OffersRanges = true, ETag = Version };
        Assert.Contains("SHA256", (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec, null, Cancellation))).Message);
        Assert.Empty(Directory.GetFiles(cache["data"], "f.bin*"));
    }

    [Fact]
    public async Task A_segment_that_cannot_be_had_ends_the_download_and_all_that_came_is_kept()
    {
        server.Files["/f.bin"] = new ServedFile(body) { OffersRanges = true, ETag = Version, CutAfter = 0 };
        WritePart("", body[..50_000], segments: true);
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec, null, Cancellation));
        Assert.Contains("The 50000 bytes that came are kept", error.Message);
    }

    private void Serve() => server.Files["/f.bin"] = new ServedFile(body) { OffersRanges = true, ETag = Version };

    private async Task AssertFetchedAsync()
    {
        var path = await downloader.FetchAsync(Spec, null, Cancellation);
        Assert.Equal(body, File.ReadAllBytes(path));
        Assert.Empty(Directory.GetFiles(cache["data"], "*.part*"));
    }

    private void WritePart(string suffix, byte[] bytes, bool segments = false)
    {
        cache.Write($"data/f.bin.part{suffix}", bytes);
        if (segments)
        {
            cache.Write("data/f.bin.part.from", $"{server["/f.bin"]}\n{Version}\n{body.Length} 4\n");
        }
    }
}
