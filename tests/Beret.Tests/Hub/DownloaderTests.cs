using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Beret.Hub;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Hub;

public sealed class DownloaderTests : IDisposable
{
    private readonly TemporaryFolder cache = new();
    private readonly LoopbackServer server = new();
    private readonly Downloader downloader;
    private readonly byte[] body = RandomNumberGenerator.GetBytes(300_000);

    public DownloaderTests() => downloader = NewDownloader();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        downloader.Dispose();
        server.Dispose();
        cache.Dispose();
    }

    [Fact]
    public async Task A_file_arrives_whole_under_its_name_and_is_not_fetched_twice()
    {
        server.Files["/f.bin"] = new ServedFile(body);
        var progress = new Recorder();
        var path = await downloader.FetchAsync(Spec(), progress, Cancellation);
        Assert.Equal(cache["data", "f.bin"], path);
        Assert.Equal(body, File.ReadAllBytes(path));
        Assert.Equal(body.Length, progress.Reports.Last().Received);
        Assert.All(progress.Reports, report => Assert.Equal(body.Length, report.Total));
        Assert.Equal(progress.Reports.OrderBy(report => report.Received), progress.Reports);

        await downloader.FetchAsync(Spec(), null, Cancellation);
        Assert.Equal(["/f.bin"], server.Requests);
        AssertNothingPartial();
    }

    [Fact]
    public async Task A_connection_that_breaks_is_continued_where_it_broke()
    {
        server.Files["/f.bin"] = new ServedFile(body) { ETag = "\"v1\"", CutAfter = 100_000, Cuts = 2 };
        var path = await downloader.FetchAsync(Spec() with { Md5 = null, Size = null }, null, Cancellation);
        Assert.Equal(body, File.ReadAllBytes(path));
        Assert.Equal(["/f.bin", "/f.bin bytes=100000- if \"v1\"", "/f.bin bytes=200000- if \"v1\""], server.Requests);
    }

    [Fact]
    public async Task The_date_of_the_last_change_serves_where_there_is_no_etag()
    {
        const string Date = "Wed, 21 Oct 2015 07:28:00 GMT";
        server.Files["/f.bin"] = new ServedFile(body) { ETag = "W/\"weak\"", LastModified = Date, CutAfter = 100_000, Cuts = 1 };
        await downloader.FetchAsync(Spec(), null, Cancellation);
        Assert.Equal(["/f.bin", $"/f.bin bytes=100000- if {Date}"], server.Requests);
    }

    [Fact]
    public async Task What_an_ended_process_left_is_continued_by_the_next()
    {
        server.Files["/f.bin"] = new ServedFile(body) { ETag = "\"v1\"", CutAfter = 100_000, Cuts = 1 };
        using (var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            using var slow = NewDownloader(pause: TimeSpan.FromHours(1));
            var fetch = slow.FetchAsync(Spec(), null, cancel.Token);
            await WaitUntilAsync(() => File.Exists(cache["data", "f.bin.part"]) && new FileInfo(cache["data", "f.bin.part"]).Length == 100_000);
            cancel.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch);
        }

        Assert.False(File.Exists(cache["data", "f.bin"]));
        var progress = new Recorder();
        var path = await downloader.FetchAsync(Spec(), progress, Cancellation);
        Assert.Equal(body, File.ReadAllBytes(path));
        Assert.Equal("/f.bin bytes=100000- if \"v1\"", server.Requests.Last());
        Assert.Equal(100_000, progress.Reports.First().Received);
    }

    [Fact]
    public async Task A_part_of_another_version_is_thrown_away()
    {
        var old = RandomNumberGenerator.GetBytes(body.Length);
        WritePart(old[..100_000], "\"v1\"");
        server.Files["/f.bin"] = new ServedFile(body) { ETag = "\"v2\"" };
        var path = await downloader.FetchAsync(Spec() with { Md5 = null }, null, Cancellation);
        Assert.Equal(body, File.ReadAllBytes(path));
        Assert.Equal(["/f.bin bytes=100000- if \"v1\""], server.Requests);
    }

    [Fact]
    public async Task A_server_that_continues_with_another_version_is_noticed_by_its_etag()
    {
        WritePart(RandomNumberGenerator.GetBytes(100_000), "\"v1\"");
        server.Files["/f.bin"] = new ServedFile(body) { ETag = "\"v2\"", IgnoresIfRange = true };
        var path = await downloader.FetchAsync(Spec() with { Md5 = null }, null, Cancellation);
        Assert.Equal(body, File.ReadAllBytes(path));
        Assert.Equal(["/f.bin bytes=100000- if \"v1\"", "/f.bin"], server.Requests);
    }

    [Fact]
    public async Task A_damaged_part_is_noticed_by_the_checksum_and_all_is_fetched_once_more()
    {
        WritePart(RandomNumberGenerator.GetBytes(100_000), "\"v1\"");
        server.Files["/f.bin"] = new ServedFile(body) { ETag = "\"v1\"" };
        Assert.Equal(body, File.ReadAllBytes(await downloader.FetchAsync(Spec(), null, Cancellation)));
        Assert.Equal(["/f.bin bytes=100000- if \"v1\"", "/f.bin"], server.Requests);
    }

    [Fact]
    public async Task A_part_without_validator_is_continued_only_where_a_checksum_will_tell()
    {
        server.Files["/f.bin"] = new ServedFile(body);
        WritePart(body[..100_000], validator: "");
        await downloader.FetchAsync(Spec(), null, Cancellation);
        File.Delete(cache["data", "f.bin"]);
        WritePart(body[..100_000], validator: "");
        await downloader.FetchAsync(Spec() with { Md5 = null }, null, Cancellation);
        Assert.Equal(["/f.bin bytes=100000-", "/f.bin"], server.Requests);
    }

    [Fact]
    public async Task A_part_from_another_address_is_not_continued()
    {
        WritePart(body[..100_000], "\"v1\"", from: server["/other.bin"]);
        server.Files["/f.bin"] = new ServedFile(body) { ETag = "\"v1\"" };
        await downloader.FetchAsync(Spec(), null, Cancellation);
        Assert.Equal(["/f.bin"], server.Requests);
    }

    [Theory]
    [InlineData(200_000)]
    [InlineData(300_000)]
    [InlineData(400_000)]
    public async Task A_server_without_ranges_and_a_part_of_any_length_still_give_the_file(int partLength)
    {
        WritePart(RandomNumberGenerator.GetBytes(partLength), "\"v1\"");
        server.Files["/f.bin"] = new ServedFile(body) { ETag = "\"v1\"", IgnoresRanges = partLength == 200_000 };
        Assert.Equal(body, File.ReadAllBytes(await downloader.FetchAsync(Spec(), null, Cancellation)));
    }

    [Fact]
    public async Task A_part_that_is_whole_already_needs_no_request()
    {
        WritePart(body, "\"v1\"");
        Assert.Equal(body, File.ReadAllBytes(await downloader.FetchAsync(Spec(), null, Cancellation)));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_file_of_unknown_length_ends_with_the_connection()
    {
        server.Files["/f.bin"] = new ServedFile(body) { HidesLength = true };
        Assert.Equal(body, File.ReadAllBytes(await downloader.FetchAsync(Spec() with { Size = null }, null, Cancellation)));
    }

    [Fact]
    public async Task A_cut_is_noticed_without_a_length_from_the_server_where_the_size_is_known()
    {
        server.Files["/f.bin"] = new ServedFile(body) { HidesLength = true, CutAfter = 100_000, Cuts = 1, ETag = "\"v1\"" };
        Assert.Equal(body, File.ReadAllBytes(await downloader.FetchAsync(Spec() with { Md5 = null }, null, Cancellation)));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_asked_again()
    {
        using var impatient = NewDownloader(silence: TimeSpan.FromMilliseconds(200));
        server.Files["/f.bin"] = new ServedFile(body) { SilentAfter = 150_000, ETag = "\"v1\"" };
        Assert.Equal(body, File.ReadAllBytes(await impatient.FetchAsync(Spec(), null, Cancellation)));
    }

    [Fact]
    public async Task A_busy_server_is_asked_again()
    {
        server.Files["/f.bin"] = new ServedFile(body) { Status = "503 Busy", Refusals = 2 };
        await downloader.FetchAsync(Spec(), null, Cancellation);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_names_the_pause_is_given_it_unless_it_is_long()
    {
        server.Files["/f.bin"] = new ServedFile(body) { Status = "429 Too Many Requests", Refusals = 1, ExtraHeaders = "Retry-After: 0\r\n" };
        await downloader.FetchAsync(Spec(), null, Cancellation);
        Assert.Equal(2, server.Requests.Count);

        server.Files["/g.bin"] = new ServedFile(body) { Status = "429 Too Many Requests", ExtraHeaders = "Retry-After: 3600\r\n" };
        var spec = Spec() with { Address = server["/g.bin"], FileName = "data/g.bin" };
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(spec, null, Cancellation));
        Assert.Contains("asks for a pause of 3600 seconds", error.Message);
        Assert.Equal(3, server.Requests.Count);
    }

    [Theory]
    [InlineData("401 Unauthorized")]
    [InlineData("403 Forbidden")]
    [InlineData("410 Gone")]
    public async Task A_refusal_is_not_tried_again(string status)
    {
        server.Files["/f.bin"] = new ServedFile(body) { Status = status };
        Assert.Contains(status, (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation))).Message);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_server_that_stays_busy_or_keeps_cutting_is_given_up_with_the_way_round()
    {
        server.Files["/f.bin"] = new ServedFile(body) { Status = "503 Busy" };
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation));
        Assert.Contains("503 Busy", error.Message);
        Assert.Contains(cache["data", "f.bin"], error.Message);

        server.Files["/f.bin"] = new ServedFile(body) { CutAfter = 0 };
        Assert.Contains("broke off", (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation))).Message);
    }

    [Fact]
    public async Task A_wrong_checksum_is_an_error_and_leaves_no_file()
    {
        var other = body.ToArray();
        other[1000] ^= 1;
        server.Files["/f.bin"] = new ServedFile(other);
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation));
        Assert.Contains($"has the MD5 {Convert.ToHexStringLower(MD5.HashData(other))} where {Spec().Md5} is expected", error.Message);
        Assert.False(File.Exists(cache["data", "f.bin"]));
        AssertNothingPartial();
    }

    [Fact]
    public async Task A_file_of_another_size_is_refused_before_it_is_downloaded()
    {
        server.Files["/f.bin"] = new ServedFile(body[1..]);
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation));
        Assert.Contains("offers 299,999 bytes where 300,000 are expected", error.Message);
    }

    [Fact]
    public async Task A_server_that_sends_without_end_is_stopped_at_the_known_size()
    {
        server.Files["/f.bin"] = new ServedFile([.. body, .. body]) { HidesLength = true };
        Assert.Contains("sends more than", (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation))).Message);
    }

    [Fact]
    public async Task A_missing_file_is_an_error_with_the_answer()
    {
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, error.Status);
        Assert.Contains("404", error.Message);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Without_connection_the_message_says_what_to_fetch_and_where_to_put_it()
    {
        var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)closed.LocalEndpoint).Port}/f.bin");
        closed.Stop();
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec() with { Address = address }, null, Cancellation));
        Assert.Contains("no connection to 127.0.0.1", error.Message);
        Assert.Contains($"Fetch {address} (300,000 bytes, MD5 {Spec().Md5}) yourself and put it at {cache["data", "f.bin"]}", error.Message);
    }

    [Fact]
    public async Task A_file_put_there_by_hand_is_checked()
    {
        cache.Write("data/f.bin", body);
        await downloader.FetchAsync(Spec(), null, Cancellation);
        Assert.Empty(server.Requests);

        cache.Write("data/f.bin", body.Reverse().ToArray());
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation));
        Assert.Contains("packed anew, give its path", error.Message);
        cache.Write("data/f.bin", body[1..]);
        Assert.Contains("has 299,999 bytes where 300,000", (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation))).Message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Two_at_once_download_once_and_the_second_says_that_it_waits()
    {
        server.Files["/f.bin"] = new ServedFile(body) { Delay = TimeSpan.FromMilliseconds(300) };
        using var other = NewDownloader();
        var progress = new Recorder();
        var paths = await Task.WhenAll(downloader.FetchAsync(Spec(), null, Cancellation), other.FetchAsync(Spec(), progress, Cancellation));
        Assert.All(paths, path => Assert.Equal(body, File.ReadAllBytes(path)));
        Assert.Equal(["/f.bin"], server.Requests);
        Assert.NotEmpty(progress.Reports);
        Assert.All(progress.Reports, report => Assert.Equal(DownloadStage.WaitingForOther, report.Stage));
    }

    [Fact]
    public async Task Redirects_are_followed_on_this_machine_and_checksums_on_the_way_are_held()
    {
        var sum = Convert.ToHexStringLower(SHA256.HashData(body));
        server.Files["/f.bin"] = new ServedFile([]) { RedirectTo = "/elsewhere/f", ExtraHeaders = $"X-Linked-ETag: \"{sum}\"\r\n" };
        server.Files["/elsewhere/f"] = new ServedFile(body);
        var spec = Spec() with { Md5 = null };
        Assert.Equal(body, File.ReadAllBytes(await downloader.FetchAsync(spec, null, Cancellation)));

        File.Delete(cache["data", "f.bin"]);
        server.Files["/elsewhere/f"] = new ServedFile(body.Reverse().ToArray());
        Assert.Contains("SHA256", (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(spec, null, Cancellation))).Message);
    }

    [Theory]
    [InlineData("http://example.com/f")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.1/f")]
    public async Task Redirects_to_anything_but_https_are_refused(string location)
    {
        server.Files["/f.bin"] = new ServedFile([]) { RedirectTo = location };
        Assert.Contains("only https", (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation))).Message);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        server.Files["/f.bin"] = new ServedFile([]) { RedirectTo = "/f.bin" };
        Assert.Contains("redirects more than 10 times", (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(Spec(), null, Cancellation))).Message);
    }

    [Fact]
    public async Task Plain_http_to_another_machine_is_refused()
    {
        var spec = Spec() with { Address = new Uri("http://example.com/f.bin") };
        Assert.Contains("only https", (await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(spec, null, Cancellation))).Message);
    }

    [Theory]
    [InlineData("../f.bin")]
    [InlineData("/f.bin")]
    [InlineData("a//f.bin")]
    [InlineData("a\\f.bin")]
    [InlineData("")]
    public async Task A_name_that_leads_out_of_the_cache_is_refused(string name) =>
        await Assert.ThrowsAsync<ArgumentException>(() => downloader.FetchAsync(Spec() with { FileName = name }, null, Cancellation));

    [Fact]
    public void Time_left_follows_from_the_rate()
    {
        Assert.Equal(TimeSpan.FromSeconds(10), new DownloadProgress("f", 100, 200, 10).TimeLeft);
        Assert.Null(new DownloadProgress("f", 100, null, 10).TimeLeft);
        Assert.Null(new DownloadProgress("f", 100, 200, 0).TimeLeft);
    }

    [Fact]
    public void The_cache_is_where_the_environment_says()
    {
        Assert.Equal(cache.Path, CacheFolder.Find(name => name == "BERET_CACHE" ? cache.Path : "ignored"));
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the rest is Linux's rule");
        Assert.Equal("/xdg/beret", CacheFolder.Find(name => name == "XDG_CACHE_HOME" ? "/xdg" : null));
        Assert.EndsWith("/.cache/beret", CacheFolder.Find(name => name == "XDG_CACHE_HOME" ? "relative" : null));
    }

    [Fact]
    public void The_imdb_archive_is_known()
    {
        var imdb = DatasetCatalogue.Find("IMDB")!.Archive;
        Assert.Equal("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz", imdb.Address.AbsoluteUri);
        Assert.Equal((84_125_825L, "7c2ac02c03563afcf9b574c7e56c153a"), (imdb.Size, imdb.Md5));
    }

    private Downloader NewDownloader(TimeSpan? pause = null, TimeSpan? silence = null) => new(cache.Path)
    {
        Settings = new HubSettings(),
        Manner = new DownloadManner { FirstPause = pause ?? TimeSpan.FromMilliseconds(1), LongestSilence = silence ?? TimeSpan.FromSeconds(60) },
    };

    private DownloadSpec Spec() => new(server["/f.bin"], "data/f.bin", body.Length, Convert.ToHexStringLower(MD5.HashData(body)));

    private void WritePart(byte[] bytes, string validator, Uri? from = null)
    {
        cache.Write("data/f.bin.part", bytes);
        cache.Write("data/f.bin.part.from", $"{from ?? server["/f.bin"]}\n{validator}\n");
    }

    private void AssertNothingPartial() => Assert.Empty(Directory.GetFiles(cache["data"], "*.part*"));

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(10, Cancellation);
        }
    }

    private sealed class Recorder : IProgress<DownloadProgress>
    {
        public ConcurrentQueue<DownloadProgress> Reports { get; } = new();

        public void Report(DownloadProgress value) => Reports.Enqueue(value);
    }
}
