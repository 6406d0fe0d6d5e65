using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beret.Cli;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Cli;

/// <summary>beret serve as its user starts and stops it.</summary>
public sealed partial class ServeCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task ItServesUntilItIsToldToStop()
    {
        var model = TinyModel.Write(temporary["tiny"]);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var log = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal { Output = TextWriter.Null, Error = TextWriter.Synchronized(log), OpenInput = () => Stream.Null };
        var running = BeretCommand.RunAsync(["serve", $"reviews={model}", "--port", "0", "--threads", "1", "--max-length", "8", "--allow-host", "shop.example", "--allow-host", "beret.example"], terminal, stop.Token);
        while (!running.IsCompleted && !log.ToString().Contains(" info ready", StringComparison.Ordinal))
        {
            await Task.Delay(10, Stop);
        }

        using (var client = new HttpClient { BaseAddress = new Uri(Listening().Match(log.ToString()).Groups[1].Value) })
        {
            using var body = new StringContent("""{"text": "this is such an amazing movie such an amazing movie"}""", Encoding.UTF8);
            using var answer = await client.PostAsync(new Uri("/v1/classify", UriKind.Relative), body, Stop);
            var result = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!;
            Assert.Equal("reviews", (string)result["model"]!);
            Assert.Equal(8, (int)result["results"]![0]!["tokens"]!);
            foreach (var (host, status) in new[] { ("shop.example", HttpStatusCode.OK), ("beret.example:8501", HttpStatusCode.OK), ("evil.example", HttpStatusCode.MisdirectedRequest) })
            {
                using var message = new HttpRequestMessage(HttpMethod.Get, "/models") { Headers = { Host = host } };
                using var models = await client.SendAsync(message, Stop);
                Assert.Equal(status, models.StatusCode);
            }
        }

        await stop.CancelAsync();
        Assert.Equal(0, await running);
        Assert.EndsWith(" info stopped\n", log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeyIsMade()
    {
        var run = await CommandRun.Of("serve", "--new-key", "shop");
        Assert.Equal(0, run.Code);
        Assert.Equal(2, run.Lines.Length);
        Assert.Matches("^[0-9a-f]{64}$", run.Lines[0]);
        Assert.Matches("^shop [0-9a-f]{64}$", run.Lines[1]);
    }

    [Theory]
    [InlineData("a model folder is needed")]
    [InlineData("--port is '70000', not a whole number from 0 to 65535", "m", "--port", "70000")]
    [InlineData("--batch-tokens is '0', not a whole number from 1 on", "m", "--batch-tokens", "0")]
    [InlineData("--tls-key belongs to --tls-certificate, which is not there", "m", "--tls-key", "k.pem")]
    [InlineData("'some where' is not an address to listen on", "m", "--host", "some where")]
    [InlineData("'beret.example:80' is not the name of a host that requests can be for", "m", "--allow-host", "shop.example", "--allow-host", "beret.example:80")]
    [InlineData("--version-label is 'stable=3', not MODEL/LABEL=N such as imdb/stable=3", "m", "--version-label", "stable=3")]
    [InlineData("there is no model 'x'; the models are m", "m", "--version-label", "x/stable=3")]
    [InlineData("two models are called 'm'", "m", "other/m")]
    [InlineData("the API keys nowhere.txt cannot be read", "m", "--api-keys", "nowhere.txt")]
    [InlineData("the TLS certificate nowhere.pem cannot be used", "m", "--tls-certificate", "nowhere.pem")]
    [InlineData("nowhere holds neither a model nor folders, named by numbers, with versions of one", "nowhere", "--port", "0")]
    public async Task WhatCannotBeServedIsSaid(string error, params string[] arguments)
    {
        var run = await CommandRun.Of(["serve", .. arguments]);
        Assert.Equal(2, run.Code);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheHelpSaysWhatEachIsWithout()
    {
        var help = (await CommandRun.Of("serve", "--help")).Output;
        Assert.Contains("[default: 127.0.0.1]", help, StringComparison.Ordinal);
        Assert.Contains("[default: 8501]", help, StringComparison.Ordinal);
        Assert.Contains("--api-keys", help, StringComparison.Ordinal);
        Assert.Contains("--allow-host", help, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"listening on (http://\S+)")]
    private static partial Regex Listening();
}
