using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Beret.Server.Hosting;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Server;

/// <summary>The page at /, as far as it can be told without a browser; tests/Beret.Playground.Tests uses it in one.</summary>
public sealed partial class PlaygroundTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly string[] Files = ["/", "/playground.css", "/playground.js"];

    private readonly RunningServer server = fixture.Running;

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/playground.css", "text/css")]
    [InlineData("/playground.js", "text/javascript")]
    public async Task ItsFilesAreThereUnderAPolicyThatLetsNothingElseIn(string path, string type)
    {
        var file = await server.Get(path);
        Assert.Equal(HttpStatusCode.OK, file.Status);
        Assert.Equal(type, file.Message.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", file.Message.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", file.Message.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.DoesNotMatch(Outside(), file.Text);
    }

    [Fact]
    public async Task ThePageHasAnElementForEachThatItsScriptLooksFor()
    {
        var (page, script) = ((await server.Get("/")).Text, (await server.Get("/playground.js")).Text);
        var wanted = Wanted().Matches(script).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.True(wanted.Count > 10);
        Assert.All([.. wanted, "model", "text", "pair", "key"], id => Assert.Contains($"id=\"{id}\"", page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheModelsAreListed() => Assert.Equal(
        """{"models":[{"name":"tiny","version":"1","task":"binary","labels":["neg","pos"],"max_length":16},{"name":"colours","version":"1","task":"multi-class","labels":["red","green","blue"],"max_length":16}]}""",
        (await server.Get("/models")).Ok().ToJsonString());

    [Fact]
    public async Task WithKeysThePageIsOpenAndTheModelsAreNot()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("keys.txt", BeretServer.CreateApiKey("shop").Line);
        await using var closed = await RunningServer.StartAsync(settings => settings with { ApiKeys = file });
        Assert.All(await Task.WhenAll(Files.Select(closed.Get)), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal(HttpStatusCode.Unauthorized, (await closed.Get("/models")).Status);
    }

    [Fact]
    public async Task TheDocumentOfTheAddressesNamesOnlyWhatIsThere()
    {
        var document = (await server.Get("/openapi.json")).Ok();
        Assert.StartsWith("3.1", (string)document["openapi"]!, StringComparison.Ordinal);
        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            var address = path.Replace("{model}", "tiny", StringComparison.Ordinal).Replace("{version}", "1", StringComparison.Ordinal);
            foreach (var (method, operation) in operations!.AsObject())
            {
                var answer = method == "get" ? await server.Get(address) : await server.Post(address, Example(operation!));
                var expected = path.Contains("{label}", StringComparison.Ordinal) || path.EndsWith(":regress", StringComparison.Ordinal) ? HttpStatusCode.BadRequest : HttpStatusCode.OK;
                Assert.True(answer.Status == expected, $"{method} {address}: {answer.Status} {answer.Text}");
                Assert.Contains($"{(int)answer.Status}", operation!["responses"]!.AsObject().Select(response => response.Key));
            }
        }

        foreach (Match reference in Reference().Matches(document.ToJsonString()))
        {
            Assert.NotNull(document["components"]![reference.Groups[1].Value]![reference.Groups[2].Value]);
        }

        static string Example(JsonNode operation) => operation["requestBody"]!["content"]!["application/json"]!["example"]!.ToJsonString();
    }

    [GeneratedRegex(@"(src|href|url|@import)\s*[=(]?\s*[""']?(https?:)?//", RegexOptions.IgnoreCase)]
    private static partial Regex Outside();

    [GeneratedRegex(@"find\('([\w-]+)'\)")]
    private static partial Regex Wanted();

    [GeneratedRegex(@"#/components/(\w+)/(\w+)")]
    private static partial Regex Reference();
}
