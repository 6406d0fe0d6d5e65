using System.Net;
using System.Text.Json.Nodes;
using Beret.Inference;
using Beret.Server.Servables;
using Beret.Tasks;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Server;

/// <summary>/v1/classify, Beret's own.</summary>
public sealed class ClassifyProtocolTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly RunningServer server = fixture.Running;

    [Fact]
    public async Task ATextHasItsLabelAndTheProbabilityOfEach()
    {
        var answer = (await server.Post("/v1/classify", """{"text": "The movie was great!"}""")).Ok();
        Assert.Equal(("tiny", "1", "binary"), ((string)answer["model"]!, (string)answer["version"]!, (string)answer["task"]!));
        AssertSame(server.Predict("tiny", "The movie was great!"), answer["results"]!.AsArray().Single()!);
    }

    [Fact]
    public async Task TextsAndPairsHaveTheirResultsInOrder()
    {
        var answer = (await server.Post("/v1/classify", """{"model": "colours", "texts": ["a movie", {"text": "a movie", "pair": "great"}, {"text": "such an amazing movie", "pair": null}]}""")).Ok();
        var results = answer["results"]!;
        Assert.Equal(3, results.AsArray().Count);
        AssertSame(server.Predict("colours", "a movie"), results[0]!);
        AssertSame(server.Predict("colours", "a movie", "great"), results[1]!);
        AssertSame(server.Predict("colours", "such an amazing movie"), results[2]!);
        Assert.Equal(["red", "green", "blue"], results[0]!["probabilities"]!.AsObject().Select(one => one.Key));
    }

    [Fact]
    public async Task WhatIsCutIsTold()
    {
        var result = (await server.Post("/v1/classify", $$"""{"text": "{{string.Join(' ', Enumerable.Repeat("movie", 30))}}"}""")).Ok()["results"]![0]!;
        Assert.Equal((16, 16), ((int)result["tokens"]!, (int)result["tokens_cut"]!));
    }

    [Theory]
    [InlineData("""{"text": "a", "version": 1}""")]
    [InlineData("""{"text": "a", "version": "1", "model": "tiny"}""")]
    [InlineData("""{"text": ""}""")]
    public async Task AVersionMayBeNamed(string body) => (await server.Post("/v1/classify", body)).Ok();

    [Theory]
    [InlineData("""{}""", "there is no text: a request has either \"text\" (and maybe \"pair\") or \"texts\"")]
    [InlineData("""{"text": "a", "texts": ["b"]}""", "a request has either \"text\" (and maybe \"pair\") or \"texts\", not both")]
    [InlineData("""{"texts": []}""", "texts is not a list of at least one text")]
    [InlineData("""{"texts": ["a", 5]}""", "texts[1] is neither a string nor an object with text and pair")]
    [InlineData("""{"texts": ["a", {"txt": "b"}]}""", "texts[1].text is not a string")]
    [InlineData("""{"text": "a", "pair": 5}""", "pair is not a string")]
    [InlineData("""{"text": "a", "modell": "x"}""", "there is no member \"modell\"; a request has model, version, text, pair, texts")]
    [InlineData("""["a"]""", "the body is not a JSON object but array")]
    [InlineData("""{"text": "a" "b"}""", "JSON Parse error: Missing a comma or } after an object member. at offset: 13")]
    public async Task WhatIsWrongIsSaid(string body, string error)
    {
        var answer = await server.Post("/v1/classify", body);
        answer.Fails(HttpStatusCode.BadRequest, error);
        Assert.Equal("invalid_argument", (string)answer.Json["code"]!);
    }

    [Fact]
    public async Task AModelThatIsNotThereIsNamedBesideThoseThatAre() =>
        (await server.Post("/v1/classify", """{"text": "a", "model": "x"}""")).Fails(HttpStatusCode.NotFound, "there is no model 'x': served are tiny, colours");

    [Fact]
    public async Task EachTaskHasItsAnswer()
    {
        var temporary = new TemporaryFolder();
        TinyModel.Write(Path.Combine(temporary.Path, "tags"), TinyModel.MultiClass with { Task = TaskNames.MultiLabel });
        TinyModel.Write(Path.Combine(temporary.Path, "stars"), TinyModel.Binary with { Task = TaskNames.Regression, Labels = ["stars"] });
        await using var other = await RunningServer.StartAsync(temporary, settings => settings with
        {
            Models = [ModelLocation.Parse($"my.tags={Path.Combine(temporary.Path, "tags")}"), ModelLocation.Parse(Path.Combine(temporary.Path, "stars"))],
        });

        var tags = (await other.Post("/v1/classify", """{"text": "a movie"}""")).Ok();
        var expected = other.Predict("tags", "a movie");
        Assert.Equal("my.tags", (string)tags["model"]!);
        Assert.Equal(expected.Labels, tags["results"]![0]!["labels"]!.AsArray().Select(label => (string)label!));
        Assert.Equal(expected.Probabilities, tags["results"]![0]!["probabilities"]!.AsObject().Select(one => (double)one.Value!));

        var stars = (await other.Post("/v1/classify", """{"model": "stars", "text": "a movie"}""")).Ok()["results"]![0]!;
        Assert.Equal(other.Predict("stars", "a movie").Score, (double)stars["value"]!);
        Assert.Null(stars["probabilities"]);

        var regressed = (await other.Post("/v1/models/stars:regress", """{"examples": [{"text": "a movie"}]}""")).Ok();
        Assert.Equal((float)other.Predict("stars", "a movie").Score, (float)regressed["results"]![0]!);
        var scores = (await other.Post("/predict", """{"inputs": "a movie"}""")).Ok().AsArray();
        Assert.Equal(expected.Probabilities.OrderDescending().Select(p => (float)p), scores.Select(score => (float)score!["score"]!));
    }

    private static void AssertSame(Prediction expected, JsonNode result)
    {
        Assert.Equal(expected.Label, (string)result["label"]!);
        Assert.Equal(expected.Score, (double)result["score"]!);
        Assert.Equal(expected.Probabilities, result["probabilities"]!.AsObject().Select(one => (double)one.Value!));
        Assert.Equal(expected.Logits, result["logits"]!.AsArray().Select(logit => (float)logit!));
        Assert.Equal((expected.Tokens, expected.TokensCut), ((int)result["tokens"]!, (int)result["tokens_cut"]!));
    }
}
