using Beret.Hub;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Hub;

public sealed class HubSettingsTests : IDisposable
{
    private readonly TemporaryFolder disk = new();
    private readonly LoopbackServer hub = new();
    private readonly LoopbackServer elsewhere = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        hub.Dispose();
        elsewhere.Dispose();
        disk.Dispose();
    }

    [Fact]
    public void Without_variables_the_hub_is_Hugging_Face()
    {
        var settings = From();
        Assert.Equal("https://huggingface.co/", settings.Endpoint.AbsoluteUri);
        Assert.Null(settings.OfflineBy);
        Assert.EndsWith(Path.Combine(".cache", "huggingface", "hub"), settings.HuggingFaceCache);
    }

    [Fact]
    public void A_mirror_is_named_by_either_variable_and_Berets_own_comes_first()
    {
        Assert.Equal("https://mirror.example/hf", From(("HF_ENDPOINT", "https://mirror.example/hf")).Endpoint.AbsoluteUri);
        Assert.Equal("https://a.example/", From(("HF_ENDPOINT", "https://b.example"), ("BERET_HUB_URL", "https://a.example")).Endpoint.AbsoluteUri);
    }

    [Theory]
    [InlineData("mirror.example")]
    [InlineData("ftp://mirror.example")]
    [InlineData("/etc")]
    public void What_is_no_address_is_refused(string address) =>
        Assert.Contains("HF_ENDPOINT is", Assert.Throws<HubException>(() => From(("HF_ENDPOINT", address))).Message);

    [Theory]
    [InlineData("HF_HUB_OFFLINE", "1", true)]
    [InlineData("BERET_OFFLINE", "true", true)]
    [InlineData("BERET_OFFLINE", "0", false)]
    [InlineData("BERET_OFFLINE", "", false)]
    public void Either_variable_switches_downloads_off(string variable, string value, bool isOff) =>
        Assert.Equal(isOff ? variable : null, From((variable, value)).OfflineBy);

    [Fact]
    public void The_cache_of_Hugging_Face_is_where_its_variables_say()
    {
        Assert.Equal("/cache", From(("HF_HUB_CACHE", "/cache"), ("HF_HOME", "/home")).HuggingFaceCache);
        Assert.Equal(Path.Combine("/home", "hub"), From(("HF_HOME", "/home")).HuggingFaceCache);
        Assert.Equal(Path.Combine("/xdg", "huggingface", "hub"), From(("XDG_CACHE_HOME", "/xdg")).HuggingFaceCache);
    }

    [Fact]
    public void The_token_is_the_variables_or_the_files()
    {
        disk.Write("token", "hf_file\n");
        Assert.Equal("hf_file", From(("HF_HOME", disk.Path)).Token.Value);
        Assert.Equal("hf_set", From(("HF_HOME", disk.Path), ("HF_TOKEN", "hf_set")).Token.Value);
        Assert.Null(From(("HF_HOME", disk["absent"])).Token.Value);
        Assert.Contains("HF_TOKEN holds no token", Assert.Throws<HubException>(() => From(("HF_TOKEN", "a\nb")).Token.Value).Message);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_to_nobody_it_redirects_to()
    {
        hub.Files["/f"] = new ServedFile([]) { RedirectTo = elsewhere["/g"].AbsoluteUri };
        elsewhere.Files["/g"] = new ServedFile([1, 2, 3]);
        using var downloader = new Downloader(disk["cache"]) { Settings = new HubSettings { Endpoint = hub.Address, Token = new Lazy<string?>("hf_secret") } };
        await downloader.FetchAsync(new DownloadSpec(hub["/f"], "f"), null, Cancellation);
        Assert.Equal(("/f", "Bearer hf_secret"), Assert.Single(hub.Authorizations));
        Assert.Equal(("/g", null), Assert.Single(elsewhere.Authorizations));

        await downloader.FetchAsync(new DownloadSpec(elsewhere["/g"], "g"), null, Cancellation);
        Assert.All(elsewhere.Authorizations, request => Assert.Null(request.Authorization));
    }

    [Fact]
    public async Task Offline_nothing_is_asked_for_and_the_message_says_what_to_bring()
    {
        using var downloader = new Downloader(disk["cache"]) { Settings = new HubSettings { OfflineBy = "BERET_OFFLINE" } };
        hub.Files["/f"] = new ServedFile([1]);
        var error = await Assert.ThrowsAsync<HubException>(() => downloader.FetchAsync(new DownloadSpec(hub["/f"], "f"), null, Cancellation));
        Assert.Contains("BERET_OFFLINE is set", error.Message);
        Assert.Contains($"Fetch {hub["/f"]} yourself and put it at {disk["cache", "f"]}", error.Message);
        Assert.Empty(hub.Requests);

        disk.Write("cache/f", "x");
        Assert.Equal(disk["cache", "f"], await downloader.FetchAsync(new DownloadSpec(hub["/f"], "f"), null, Cancellation));
    }

    [Fact]
    public void Pauses_double_with_some_chance_and_end_when_there_is_no_hope()
    {
        var patience = new Patience(TimeSpan.FromSeconds(1));
        var error = new IOException();
        Assert.InRange(patience.NextPause(error, progressed: true)!.Value.TotalSeconds, 0.75, 1.25);
        foreach (var seconds in new[] { 2, 4, 8 })
        {
            Assert.InRange(patience.NextPause(error, progressed: false)!.Value.TotalSeconds, 0.75 * seconds, 1.25 * seconds);
        }

        Assert.Null(patience.NextPause(error, progressed: false));
        Assert.Equal(30, new Patience(TimeSpan.FromSeconds(1)).NextPause(new TryAgainException("busy", TimeSpan.FromSeconds(30)), progressed: false)!.Value.TotalSeconds);
        Assert.Null(new Patience(TimeSpan.FromSeconds(1)).NextPause(new TryAgainException("busy", TimeSpan.FromHours(1)), progressed: false));
    }

    private static HubSettings From(params (string Name, string Value)[] variables) =>
        HubSettings.From(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
