using System.Net;
using System.Text;
using Beret.Server;
using Beret.Server.Hosting;
using Beret.Server.Protocols.OpenInference.Wire;
using Beret.Tests.Checkpoints;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;

namespace Beret.Tests.Server;

/// <summary>A name that somebody made point at this machine does not open the server to the pages that came from it (DNS rebinding).</summary>
public sealed class AllowedHostsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LocalHost:8501", true)]
    [InlineData("127.0.0.1:80", true)]
    [InlineData("127.1.2.3", true)]
    [InlineData("[::1]", true)]
    [InlineData("[::1]:8501", true)]
    [InlineData("evil.example", false)]
    [InlineData("evil.example:8501", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("evil-localhost", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("[2001:db8::1]:8501", false)]
    [InlineData("0.0.0.0:8501", false)]
    [InlineData("", false)]
    public void OnLoopbackTheNamesOfTheMachineItselfAreAnswered(string host, bool isAnswered)
    {
        var hosts = new AllowedHosts([], isLoopback: true);
        Assert.Equal(isAnswered, hosts.Allow(new HostString(host)));
        Assert.Equal(isAnswered, hosts.AllowProbe(new HostString(host)));
    }

    [Theory]
    [InlineData("beret.example")]
    [InlineData("BERET.example:443")]
    [InlineData("[2001:db8::1]:8501")]
    [InlineData("my_service")]
    [InlineData("localhost")]
    public void NamesThatAreGivenAreAnsweredToo(string host)
    {
        Assert.All([true, false], isLoopback => Assert.True(new AllowedHosts(["beret.example", "[2001:db8::1]", "my_service"], isLoopback).Allow(new HostString(host))));
        Assert.True(new AllowedHosts(["beret.example", "2001:db8::1", "my_service"], isLoopback: true).Allow(new HostString(host)));
    }

    [Fact]
    public void WhatOthersReachAnswersToEveryNameUnlessNamesAreGivenAndToProbesAlways()
    {
        var (any, own) = (new HostString("10.1.2.3:8501"), new HostString("beret.example"));
        Assert.True(new AllowedHosts([], isLoopback: false).Allow(any));
        var named = new AllowedHosts(["beret.example"], isLoopback: false);
        Assert.Equal((true, false, true), (named.Allow(own), named.Allow(any), named.AllowProbe(any)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("*.example")]
    [InlineData("beret.example:8501")]
    [InlineData("https://beret.example")]
    [InlineData("bücher.example")]
    public void WhatIsNoNameIsRefused(string name)
    {
        var error = Assert.Throws<ServingException>(() => new AllowedHosts([name], isLoopback: true));
        Assert.Equal($"'{name}' is not the name of a host that requests can be for: a name such as beret.example, or an address, without a port", error.Message);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/models")]
    [InlineData("/metrics")]
    [InlineData("/livez")]
    [InlineData("/v1/models/tiny")]
    [InlineData("/nothing")]
    public async Task AnotherNameIsRefusedWithWhatToDo(string path)
    {
        await using var server = await RunningServer.StartAsync();
        var refused = await As("evil.example:8501", server, HttpMethod.Get, path);
        refused.Fails(HttpStatusCode.MisdirectedRequest, "this server does not answer as 'evil.example': ask it as localhost, or start it with --allow-host evil.example where that is its name");
        Assert.NotEqual(HttpStatusCode.MisdirectedRequest, (await As("localhost", server, HttpMethod.Get, path)).Status);
    }

    [Fact]
    public async Task EveryAddressOfTheDocumentSaysSo()
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var (path, operations) in (await server.Get("/openapi.json")).Ok()["paths"]!.AsObject())
        {
            foreach (var (method, operation) in operations!.AsObject())
            {
                Assert.Equal(HttpStatusCode.MisdirectedRequest, (await As("evil.example", server, HttpMethod.Parse(method), path)).Status);
                Assert.NotNull(operation!["responses"]!["421"]);
            }
        }
    }

    [Fact]
    public async Task ATextIsClassifiedForTheNamesAlone()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { AllowedHosts = ["beret.example"] });
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await As("evil.example", server, HttpMethod.Post, "/v1/classify")).Status);
        (await As("beret.example", server, HttpMethod.Post, "/v1/classify")).Ok();
        (await As("[::1]:1", server, HttpMethod.Post, "/v1/classify")).Ok();
        Assert.Contains("reason=\"misdirected\"", (await server.Get("/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANameIsNeededBeforeAKeyAndNotInsteadOfOne()
    {
        using var folder = new TemporaryFolder();
        var (key, line) = BeretServer.CreateApiKey("shop");
        var file = folder.Write("keys.txt", line);
        await using var server = await RunningServer.StartAsync(settings => settings with { ApiKeys = file });
        Assert.Equal(HttpStatusCode.Unauthorized, (await As("localhost", server, HttpMethod.Post, "/v1/classify")).Status);
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", key);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await As("evil.example", server, HttpMethod.Post, "/v1/classify")).Status);
        (await As("localhost", server, HttpMethod.Post, "/v1/classify")).Ok();
    }

    [Fact]
    public async Task AServerThatOthersReachIsProbedByItsAddress()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { Host = "0.0.0.0", AllowedHosts = ["beret.example"] });
        foreach (var path in (string[])["/livez", "/readyz", "/health", "/v2/health/live", "/v2/health/ready"])
        {
            Assert.Equal(HttpStatusCode.OK, (await As("10.1.2.3:8501", server, HttpMethod.Get, path)).Status);
        }

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await As("10.1.2.3:8501", server, HttpMethod.Post, "/v1/classify")).Status);
        (await As("beret.example", server, HttpMethod.Post, "/v1/classify")).Ok();
    }

    [Fact]
    public async Task CallsOfGrpcAreHeldToTheirAuthority()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { GrpcPort = 0 });
        var error = await Assert.ThrowsAsync<RpcException>(() => Live("evil.example"));
        Assert.Equal(StatusCode.PermissionDenied, error.StatusCode);
        Assert.StartsWith("this server does not answer as 'evil.example'", error.Status.Detail, StringComparison.Ordinal);
        Assert.True((await Live("localhost:8500")).Live);

        async Task<ServerLiveResponse> Live(string authority)
        {
            using var channel = GrpcChannel.ForAddress(server.Server.GrpcAddress!, new GrpcChannelOptions { HttpHandler = new CalledAs(authority), DisposeHttpClient = true });
            return await new GRPCInferenceService.GRPCInferenceServiceClient(channel).ServerLiveAsync(new ServerLiveRequest(), cancellationToken: Stop);
        }
    }

    private static async Task<RunningServer.Answer> As(string host, RunningServer server, HttpMethod method, string path)
    {
        using var message = new HttpRequestMessage(method, new UriBuilder(server.Server.Address) { Host = "127.0.0.1", Path = path }.Uri) { Headers = { Host = host } };
        message.Content = method == HttpMethod.Post ? new StringContent("""{"text": "a movie"}""", Encoding.UTF8, "application/json") : null;
        return await RunningServer.Answer.Of(await server.Client.SendAsync(message, Stop));
    }

    /// <summary>Sends requests on as if they were for another host.</summary>
    private sealed class CalledAs(string host) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Host = host;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
