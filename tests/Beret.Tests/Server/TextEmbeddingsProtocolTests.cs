using System.Net;
using System.Text.Json.Nodes;

namespace Beret.Tests.Server;

/// <summary>Text Embeddings Inference as its openapi.json has it.</summary>
public sealed class TextEmbeddingsProtocolTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private readonly RunningServer server = fixture.Running;

    [Fact]
    public async Task ATextHasOneListOfScoresTheHighestFirst()
    {
        var expected = server.Predict("tiny", "I like this movie");
        var answer = (await server.Post("/predict", """{"inputs": "I like this movie"}""")).Ok();
        Assert.Equal(expected.Label, (string)answer[0]!["label"]!);
        Assert.Equal((float)expected.Probabilities.Max(), (float)answer[0]!["score"]!);
        Assert.Equal((float)expected.Probabilities.Min(), (float)answer[1]!["score"]!);
    }

    [Fact]
    public async Task ABatchHasAListForEachOfItsInputs()
    {
        var answer = (await server.Post("/predict", """{"inputs": [["I like this movie"], ["a terrible movie"], ["the movie", "was great"]]}""")).Ok().AsArray();
        Assert.Equal(
            [Score("I like this movie"), Score("a terrible movie"), Score("the movie", "was great")],
            answer.Select(scores => (float)scores!.AsArray().Single(score => (string)score!["label"]! == "pos")!["score"]!));
    }

    [Fact]
    public async Task TwoTextsAreAPair()
    {
        var answer = (await server.Post("/predict", """{"inputs": ["the movie", "was great"]}""")).Ok().AsArray();
        Assert.Equal(Score("the movie", "was great"), (float)answer.Single(score => (string)score!["label"]! == "pos")!["score"]!);
    }

    [Fact]
    public async Task RawScoresAreLogits()
    {
        var answer = (await server.Post("/predict", """{"inputs": "a movie", "raw_scores": true}""")).Ok();
        Assert.Equal($$"""[{"score":{{server.Predict("tiny", "a movie").Logits[0]:R}},"label":"pos"}]""", answer.ToJsonString());
    }

    [Fact]
    public async Task ATextThatIsTooLongIsRefusedUnlessItMayBeTruncated()
    {
        var text = string.Join(' ', Enumerable.Repeat("movie", 30));
        var refused = await server.Post("/predict", $$"""{"inputs": "{{text}}"}""");
        refused.Fails(HttpStatusCode.RequestEntityTooLarge, "`inputs` must have less than 16 tokens. Given: 32");
        Assert.Equal("Validation", (string)refused.Json["error_type"]!);
        (await server.Post("/predict", $$"""{"inputs": "{{text}}", "truncate": true}""")).Ok();
    }

    [Theory]
    [InlineData("""{"inputs": []}""", HttpStatusCode.BadRequest, "`inputs` cannot be empty")]
    [InlineData("""{}""", HttpStatusCode.UnprocessableEntity, "missing field `inputs`")]
    [InlineData("""{"inputs": 5}""", HttpStatusCode.UnprocessableEntity, "`inputs` is neither a text nor a list")]
    [InlineData("""{"inputs": ["a"]}""", HttpStatusCode.UnprocessableEntity, "`inputs` is a list of 1 texts: a list of two is a pair, and a batch is a list of lists, such as [[\"a\"], [\"b\"]]")]
    [InlineData("""{"inputs": [["a"], []]}""", HttpStatusCode.UnprocessableEntity, "`inputs`[1] is not a list of one or two texts")]
    [InlineData("""{"inputs": "a", "truncate": 1}""", HttpStatusCode.UnprocessableEntity, "`truncate` is neither true nor false")]
    [InlineData("""{"inputs": """, HttpStatusCode.UnprocessableEntity, "JSON Parse error: Invalid value. at offset: 11")]
    public async Task WhatIsWrongIsSaid(string body, HttpStatusCode status, string error) => (await server.Post("/predict", body)).Fails(status, error);

    [Fact]
    public async Task TheModelIsDescribed()
    {
        var info = (await server.Get("/info")).Ok();
        Assert.Equal("tiny", (string)info["model_id"]!);
        Assert.Equal("""{"id2label":{"0":"neg","1":"pos"},"label2id":{"neg":0,"pos":1}}""", info["model_type"]!["classifier"]!.ToJsonString());
        Assert.Equal(16, (int)info["max_input_length"]!);
        Assert.All(
            (string[])["model_id", "model_dtype", "model_type", "max_concurrent_requests", "max_input_length", "max_batch_tokens", "max_client_batch_size", "auto_truncate", "tokenization_workers", "version"],
            required => Assert.NotNull(info[required]));
        Assert.Equal(HttpStatusCode.OK, (await server.Get("/health")).Status);
    }

    private float Score(string text, string? pair = null) => (float)server.Predict("tiny", text, pair).Score;
}
