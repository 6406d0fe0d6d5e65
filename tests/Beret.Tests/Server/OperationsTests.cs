using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Beret.Server;
using Beret.Server.Hosting;
using Beret.Server.Servables;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Server;

/// <summary>What an operator relies on: health, limits, overload, keys, names of requests, a log without texts, an orderly end.</summary>
public sealed class OperationsTests
{
    private const string Text = """{"text": "a movie"}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HealthIsTold()
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Equal((HttpStatusCode.OK, "ok\n"), ((await server.Get("/livez")).Status, (await server.Get("/livez")).Text));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), ((await server.Get("/readyz")).Status, (await server.Get("/readyz")).Text));
        (await server.Get("/nothing")).Fails(HttpStatusCode.NotFound, "there is nothing at GET /nothing: /openapi.json says what there is");
        (await server.Get("/v1/classify")).Fails(HttpStatusCode.NotFound, "there is nothing at GET /v1/classify: /openapi.json says what there is");
    }

    [Fact]
    public async Task ARequestHasTheNameThatItsClientGaveIt()
    {
        await using var server = await RunningServer.StartAsync();
        using var message = new HttpRequestMessage(HttpMethod.Get, "/info") { Headers = { { "X-Request-Id", "abc-1" } } };
        using var answer = await server.Client.SendAsync(message, Stop);
        Assert.Equal(["abc-1"], answer.Headers.GetValues("X-Request-Id"));
        using var odd = new HttpRequestMessage(HttpMethod.Get, "/info");
        odd.Headers.TryAddWithoutValidation("X-Request-Id", "a b\tc");
        using var named = await server.Client.SendAsync(odd, Stop);
        Assert.Matches("^[0-9a-f]{32}$", named.Headers.GetValues("X-Request-Id").Single());
        Assert.Contains("request abc-1", server.Log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TheLogHasNoTextOfARequest(bool isJson)
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { IsLogJson = isJson });
        await server.Post("/v1/classify", """{"text": "confidential"}""");
        await server.Post("/v1/classify", """{"text": "confidential", "confidential": 1}""");
        await server.Post("/v1/models/tiny:predict", """{"instances": [["confidential", "confidential"]]}""");
        await server.Post("/predict", """{"inputs": ["confidential"]}""");
        await server.Post("/predict?confidential", """confidential""");
        var log = server.Log.ToString();
        Assert.Contains("/v1/models/tiny:predict", log, StringComparison.Ordinal);
        Assert.DoesNotContain("confidential", log, StringComparison.Ordinal);
        if (isJson)
        {
            var last = JsonNode.Parse(log.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
            Assert.Equal(("Answered", "/predict", 422L), ((string)last["event"]!, (string)last["path"]!, (long)last["status"]!));
        }
    }

    [Fact]
    public async Task WhatIsTooLargeIsRefused()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { MostBytes = 1000, MostTexts = 3, MostCharacters = 50 });
        (await server.Post("/v1/classify", $$"""{"text": "{{new string('a', 1000)}}"}""")).Fails(HttpStatusCode.RequestEntityTooLarge, "the body is larger than the 1000 bytes that the server takes");
        (await server.Post("/v1/models/tiny:predict", $$"""{"instances": ["{{new string('a', 1000)}}"]}""")).Fails(HttpStatusCode.RequestEntityTooLarge, "the body is larger than the 1000 bytes that the server takes");
        (await server.Post("/v1/classify", """{"texts": ["a", "b", "c", "d"]}""")).Fails(HttpStatusCode.RequestEntityTooLarge, "the request has 4 texts; the server takes 3 at once");
        (await server.Post("/v1/classify", $$"""{"texts": ["a", "{{new string('a', 51)}}"]}""")).Fails(HttpStatusCode.RequestEntityTooLarge, "text 1 has 51 characters; the server takes 50");
        (await server.Post("/v1/classify", Text)).Ok();
    }

    [Fact]
    public async Task ABombOfCompressedBytesIsRefusedLikeThePlainBytes()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { MostBytes = 10_000 });
        using var buffer = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(buffer, System.IO.Compression.CompressionLevel.Optimal, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes($$"""{"text": "{{new string('a', 1_000_000)}}"}"""), Stop);
        }

        Assert.True(buffer.Length < 10_000);
        using var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentEncoding.Add("gzip");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await server.Post("/v1/classify", content)).Status);
    }

    [Fact]
    public async Task AFullQueueSaysWhenToAskAgain()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { QueueTokens = 10 }, isStepped: true);
        var waiting = server.Post("/v1/classify", """{"text": "this is such an amazing movie"}""");
        await Until(() => server.Server.Scheduler.Waiting.Texts == 1);
        foreach (var (path, body) in new[] { ("/v1/classify", Text), ("/v1/models/tiny:predict", """{"instances": ["a movie"]}"""), ("/predict", """{"inputs": "a movie"}""") })
        {
            var refused = await server.Post(path, body);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
            Assert.Equal("1", refused.Message.Headers.GetValues("Retry-After").Single());
            Assert.StartsWith("the server is overloaded: 1 texts of 8 tokens wait", refused.Error, StringComparison.Ordinal);
        }

        server.Server.Scheduler.RunNext();
        (await waiting).Ok();
    }

    [Fact]
    public async Task RequestsBeyondThoseThatAreAnsweredAtOnceAreToldToComeAgain()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { MostRequests = 2 }, isStepped: true);
        Task<RunningServer.Answer>[] waiting = [server.Post("/v1/classify", Text), server.Post("/v1/classify", Text)];
        await Until(() => server.Server.Scheduler.Waiting.Texts == 2);
        var refused = await server.Post("/v1/classify", Text);
        refused.Fails(HttpStatusCode.TooManyRequests, "the server is overloaded: it answers 2 requests at once; ask again later");
        Assert.Equal("1", refused.Message.Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.OK, (await server.Get("/readyz")).Status);
        server.Server.Scheduler.RunNext();
        Assert.All(await Task.WhenAll(waiting), answer => answer.Ok());
    }

    [Fact]
    public async Task AnAnswerThatTakesTooLongIsGivenUpAndLeavesTheQueue()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { Timeout = TimeSpan.FromMilliseconds(50) }, isStepped: true);
        var late = await server.Post("/v1/classify", Text);
        Assert.Equal((HttpStatusCode.GatewayTimeout, "deadline_exceeded"), (late.Status, (string)late.Json["code"]!));
        Assert.Equal((0, 0), server.Server.Scheduler.Waiting);
    }

    [Fact]
    public async Task AClientThatHasGoneLeavesTheQueue()
    {
        await using var server = await RunningServer.StartAsync(isStepped: true);
        using (var gone = CancellationTokenSource.CreateLinkedTokenSource(Stop))
        {
            using var content = new StringContent(Text);
            var asking = server.Client.PostAsync(new Uri("/v1/classify", UriKind.Relative), content, gone.Token);
            await Until(() => server.Server.Scheduler.Waiting.Texts == 1);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        }

        await Until(() => server.Server.Scheduler.Waiting.Texts == 0);
    }

    [Fact]
    public async Task WhatWasAcceptedIsAnsweredWhenTheServerStops()
    {
        await using var server = await RunningServer.StartAsync(isStepped: true);
        var accepted = Enumerable.Range(0, 20).Select(_ => server.Post("/v1/classify", Text)).ToList();
        await Until(() => server.Server.Scheduler.Waiting.Texts == 20);
        var stopping = server.Server.DisposeAsync().AsTask();
        Assert.False(stopping.IsCompleted);
        while (server.Server.Scheduler.RunNext())
        {
        }

        foreach (var answer in await Task.WhenAll(accepted))
        {
            answer.Ok();
        }

        await stopping.WaitAsync(Stop);
        Assert.EndsWith(" info stopped\n", server.Log.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => server.Post("/v1/classify", Text));
    }

    [Fact]
    public async Task WithKeysOnlyTheyOpenTheServer()
    {
        var (key, line) = BeretServer.CreateApiKey("shop");
        var folder = Directory.CreateTempSubdirectory("beret-keys-");
        var file = Path.Combine(folder.FullName, "keys.txt");
        await File.WriteAllTextAsync(file, $"# who may ask\n\n{line}\n", Stop);
        await using var server = await RunningServer.StartAsync(settings => settings with { ApiKeys = file });
        folder.Delete(recursive: true);

        Assert.DoesNotContain(key, line, StringComparison.Ordinal);
        foreach (var path in (string[])["/v1/classify", "/predict", "/v1/models/tiny:predict", "/metrics", "/openapi.json"])
        {
            var refused = await server.Post(path, Text);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.Status);
            Assert.Equal("Bearer", refused.Message.Headers.WwwAuthenticate.Single().Scheme);
        }

        Assert.All(await Task.WhenAll(((string[])["/livez", "/readyz", "/health", "/v2/health/ready"]).Select(server.Get)), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", key[..^1] + (key[^1] == '0' ? '1' : '0'));
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Post("/v1/classify", Text)).Status);
        server.Client.DefaultRequestHeaders.Remove("X-Api-Key");
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", key);
        (await server.Post("/v1/classify", Text)).Ok();
        server.Client.DefaultRequestHeaders.Remove("X-Api-Key");
        server.Client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        (await server.Post("/v1/classify", Text)).Ok();
        Assert.Contains("client shop", server.Log.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(key, server.Log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shop", "keys.txt, line 1: a line is a name, a space and the SHA-256 of the key")]
    [InlineData("shop 00ff", "keys.txt, line 1: a line is a name, a space and the SHA-256 of the key")]
    [InlineData("# nothing", "keys.txt holds no API key")]
    public async Task AFileOfKeysThatHoldsSomethingElseIsRefused(string content, string error)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("keys.txt", content);
        var refused = await Assert.ThrowsAsync<ServingException>(() => BeretServer.StartAsync(new ServerSettings { Models = [new ModelLocation("m", folder.Path)], ApiKeys = file, Port = 0 }, Stop));
        Assert.Contains(error, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 404")]
    [InlineData("\u0001\u0002 garbage\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400")]
    public async Task RawGarbageHasTheRightErrorAndDoesNotHurtTheServer(string bytes, string answer)
    {
        await using var server = await RunningServer.StartAsync();
        using (var socket = await Send(server, bytes))
        {
            using var reader = new StreamReader(socket.GetStream(), Encoding.Latin1);
            Assert.StartsWith(answer, await reader.ReadToEndAsync(Stop), StringComparison.Ordinal);
        }

        (await server.Post("/v1/classify", Text)).Ok();
    }

    [Theory]
    [InlineData("POST /v1/cla")]
    [InlineData("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{")]
    public async Task AClientThatHangsUpInTheMiddleDoesNotHurtTheServer(string bytes)
    {
        await using var server = await RunningServer.StartAsync();
        (await Send(server, bytes)).Dispose();
        (await server.Post("/v1/classify", Text)).Ok();
        Assert.DoesNotContain("defect", server.Log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/classify")]
    [InlineData("/v1/models/tiny:predict")]
    [InlineData("/v2/models/tiny/infer")]
    [InlineData("/predict")]
    public async Task OddBodiesHaveTheRightErrorAndNeverADefect(string path)
    {
        await using var server = await RunningServer.StartAsync();
        var random = new Random(7);
        var bodies = new List<byte[]>
        {
            Encoding.UTF8.GetBytes(new string('[', 100_000)),
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"text\":", 5000))),
            new byte[] { (byte)'"', 0xFF, 0xFE, (byte)'"' },
            Encoding.UTF8.GetBytes("{\"text\": \"\\ud800\"}"),
            Encoding.UTF8.GetBytes("null"),
            Array.Empty<byte>(),
        };
        bodies.AddRange(Enumerable.Range(0, 50).Select(_ =>
        {
            var bytes = Encoding.UTF8.GetBytes("""{"text": "a", "instances": [{"text": "b"}], "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}]}""");
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            return bytes[..random.Next(1, bytes.Length)];
        }));
        foreach (var body in bodies)
        {
            using var content = new ByteArrayContent(body);
            var answer = await server.Post(path, content);
            Assert.InRange((int)answer.Status, 200, 499);
        }

        Assert.DoesNotContain("defect", server.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task APortThatIsTakenIsSaid()
    {
        await using var server = await RunningServer.StartAsync();
        var taken = server.Server.Address.Port;
        var error = await Assert.ThrowsAsync<ServingException>(() => BeretServer.StartAsync(new ServerSettings { Models = [new ModelLocation("m", "nowhere")], Port = taken }, Stop));
        Assert.StartsWith($"port {taken} of 127.0.0.1 cannot be listened on", error.Message, StringComparison.Ordinal);
    }

    private static async Task<TcpClient> Send(RunningServer server, string bytes)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Server.Address.Port, Stop);
        await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(bytes), Stop);
        return socket;
    }

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, Stop);
        }
    }
}
