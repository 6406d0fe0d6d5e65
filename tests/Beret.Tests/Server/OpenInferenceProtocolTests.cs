using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Beret.Tests.Server;

/// <summary>The Open Inference Protocol over HTTP (inference_rest.md), and Triton's binary tensors, which its clients use by default.</summary>
public sealed class OpenInferenceProtocolTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Infer = "/v2/models/colours/infer";

    private readonly RunningServer server = fixture.Running;

    [Theory]
    [InlineData("""{"id": "42", "inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a movie", "great"]}]}""")]
    [InlineData("""{"id": "42", "inputs": [{"name": "text", "shape": [2, 1], "datatype": "BYTES", "data": [["a movie"], ["great"]]}]}""")]
    public async Task TextsAreInferred(string body)
    {
        var answer = (await server.Post(Infer, body)).Ok();
        var (one, two) = (server.Predict("colours", "a movie"), server.Predict("colours", "great"));
        Assert.Equal(("colours", "1", "42"), ((string)answer["model_name"]!, (string)answer["model_version"]!, (string)answer["id"]!));
        var logits = Output(answer, "logits");
        Assert.Equal("[2,3]", logits["shape"]!.ToJsonString());
        Assert.Equal("FP32", (string)logits["datatype"]!);
        Assert.Equal([.. one.Logits, .. two.Logits], logits["data"]!.AsArray().Select(value => (float)value!));
        Assert.Equal(one.Probabilities.Concat(two.Probabilities).Select(p => (float)p), Output(answer, "probabilities")["data"]!.AsArray().Select(value => (float)value!));
        Assert.Equal([one.Label, two.Label], Output(answer, "label")["data"]!.AsArray().Select(value => (string)value!));
    }

    [Fact]
    public async Task OnlyTheOutputsThatAreWantedAreGiven()
    {
        var answer = (await server.Post(Infer, """{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a movie"]}], "outputs": [{"name": "label"}]}""")).Ok();
        Assert.Equal("label", (string)answer["outputs"]!.AsArray().Single()!["name"]!);
        Assert.Null(answer["id"]);
    }

    [Fact]
    public async Task PairsAreTwoInputs()
    {
        var answer = (await server.Post(Infer, """
            {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a movie"]}, {"name": "pair", "shape": [1], "datatype": "BYTES", "data": ["the movie"]}]}
            """)).Ok();
        Assert.Equal(server.Predict("colours", "a movie", "the movie").Logits, Output(answer, "logits")["data"]!.AsArray().Select(value => (float)value!));
    }

    [Fact]
    public async Task TensorsMayBeBytesBehindTheJson()
    {
        byte[][] texts = [Encoding.UTF8.GetBytes("a movie"), Encoding.UTF8.GetBytes("thé grëat")];
        var raw = texts.SelectMany(text => (byte[])[(byte)text.Length, 0, 0, 0, .. text]).ToArray();
        var header = Encoding.UTF8.GetBytes($$"""
            {"inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": {{raw.Length}} } }],
             "outputs": [{"name": "logits", "parameters": {"binary_data": true} }, {"name": "label", "parameters": {"binary_data": true} }, {"name": "probabilities", "parameters": {"binary_data": false} }] }
            """);
        using var content = new ByteArrayContent([.. header, .. raw]);
        content.Headers.Add("Inference-Header-Content-Length", $"{header.Length}");
        using var message = await server.Client.PostAsync(new Uri(Infer, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, message.StatusCode);
        var body = await message.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var length = int.Parse(message.Headers.GetValues("Inference-Header-Content-Length").Single());
        var json = JsonNode.Parse(body.AsSpan(0, length))!;
        var sizes = json["outputs"]!.AsArray().Take(2).Select(output => (int)output!["parameters"]!["binary_data_size"]!).ToList();
        Assert.Equal(body.Length, length + sizes.Sum());
        var (one, two) = (server.Predict("colours", "a movie"), server.Predict("colours", "thé grëat"));
        var floats = Enumerable.Range(0, 6).Select(i => BinaryPrimitives.ReadSingleLittleEndian(body.AsSpan(length + 4 * i)));
        Assert.Equal([.. one.Logits, .. two.Logits], floats);
        byte[] labels = [(byte)one.Label.Length, 0, 0, 0, .. Encoding.UTF8.GetBytes(one.Label), (byte)two.Label.Length, 0, 0, 0, .. Encoding.UTF8.GetBytes(two.Label)];
        Assert.Equal(labels, body[(length + sizes[0])..]);
        Assert.Equal(6, json["outputs"]![2]!["data"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("""{}""", "inputs is not a list of tensors")]
    [InlineData("""{"inputs": []}""", "there is no input 'text'")]
    [InlineData("""{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["a"]}]}""", "there is no input 'x': the model takes 'text', and beside it 'pair' for pairs")]
    [InlineData("""{"inputs": [{"name": "text", "shape": [1], "datatype": "INT32", "data": [1]}]}""", "input 'text' is of datatype INT32: texts are BYTES")]
    [InlineData("""{"inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a"]}]}""", "input 'text' has 1 texts, and its shape says 2")]
    [InlineData("""{"inputs": [{"name": "text", "shape": [0], "datatype": "BYTES", "data": []}]}""", "input 'text' has the shape [0]: it is [texts] or [texts, 1], with at least one text")]
    [InlineData("""{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [5]}]}""", "the data of input 'text' has 5, which is not a string")]
    [InlineData("""{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 9}}]}""", "input 'text' has a binary_data_size of 9, and 0 bytes are left for it")]
    [InlineData("""{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}], "outputs": [{"name": "x"}]}""", "there is no output 'x': there are logits, probabilities, label")]
    public async Task WhatIsWrongIsSaid(string body, string error) => (await server.Post(Infer, body)).Fails(HttpStatusCode.BadRequest, error);

    [Fact]
    public async Task ModelsThatAreNotThereAreNamedBesideThoseThatAre()
    {
        (await server.Get("/v2/models/x")).Fails(HttpStatusCode.NotFound, "there is no model 'x': served are tiny, colours");
        (await server.Get("/v2/models/tiny/versions/5")).Fails(HttpStatusCode.NotFound, "model 'tiny', version 5 is not served: there are version 1 (available)");
    }

    [Fact]
    public async Task TheModelIsDescribed() => Assert.Equal(
        """
        {"name":"tiny","versions":["1"],"platform":"beret_classifier","inputs":[{"name":"text","datatype":"BYTES","shape":[-1]}],"outputs":[{"name":"logits","datatype":"FP32","shape":[-1,1]},{"name":"probabilities","datatype":"FP32","shape":[-1,2]},{"name":"label","datatype":"BYTES","shape":[-1]}]}
        """,
        (await server.Get("/v2/models/tiny/versions/1")).Ok().ToJsonString());

    [Fact]
    public async Task HealthIsTold()
    {
        Assert.Equal("""{"live":true}""", (await server.Get("/v2/health/live")).Ok().ToJsonString());
        Assert.Equal("""{"live":true}""", (await server.Get("/v2/health/ready")).Ok().ToJsonString());
        Assert.Equal("""{"name":"tiny","ready":true}""", (await server.Get("/v2/models/tiny/ready")).Ok().ToJsonString());
        Assert.Equal("""["binary_tensor_data"]""", (await server.Get("/v2")).Ok()["extensions"]!.ToJsonString());
        var missing = await server.Get("/v2/models/tiny/versions/9/ready");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, false), (missing.Status, (bool)missing.Json["ready"]!));
    }

    private static JsonNode Output(JsonNode answer, string name) => answer["outputs"]!.AsArray().Single(output => (string)output!["name"]! == name)!;
}
