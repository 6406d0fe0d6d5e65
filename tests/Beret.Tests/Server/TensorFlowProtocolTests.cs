using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using Beret.Server.Protocols.TensorFlow;
using Beret.Tests.Inference;

namespace Beret.Tests.Server;

/// <summary>TensorFlow Serving's REST API as its documentation has it (g3doc/api_rest.md), for the signature of the model that the tutorial saves.</summary>
public sealed class TensorFlowProtocolTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Model = "/v1/models/tiny";

    private readonly RunningServer server = fixture.Running;

    [Theory]
    [InlineData("""{"instances": ["a movie", "the movie was great!"]}""")]
    [InlineData("""{"instances": [{"text": "a movie"}, {"text": "the movie was great!"}]}""")]
    [InlineData("""{"signature_name": "serving_default", "instances": ["a movie", "the movie was great!"]}""")]
    [InlineData("""{"instances": [{"b64": "YSBtb3ZpZQ=="}, {"b64": "dGhlIG1vdmllIHdhcyBncmVhdCE="}]}""")]
    [InlineData("""{"instances": [{"text": {"b64": "YSBtb3ZpZQ"}}, {"text": "the movie was great!"}]}""")]
    [InlineData("""{"instances": [["a movie"], ["the movie was great!"]]}""")]
    public async Task RowsArePredicted(string body)
    {
        var predictions = (await server.Post($"{Model}:predict", body)).Ok()["predictions"]!;
        Assert.Equal([Logit("a movie"), Logit("the movie was great!")], predictions.AsArray().Select(row => (float)row!.AsArray().Single()!));
    }

    [Theory]
    [InlineData("""{"inputs": ["a movie", "the movie was great!"]}""")]
    [InlineData("""{"inputs": {"text": ["a movie", "the movie was great!"]}}""")]
    [InlineData("""{"signature_name": "serving_default", "inputs": {"text": [["a movie"], [{"b64": "dGhlIG1vdmllIHdhcyBncmVhdCE="}]]}}""")]
    public async Task ColumnsArePredicted(string body)
    {
        var outputs = (await server.Post($"{Model}:predict", body)).Ok()["outputs"]!;
        Assert.Equal([Logit("a movie"), Logit("the movie was great!")], outputs.AsArray().Select(row => (float)row!.AsArray().Single()!));
    }

    [Fact]
    public async Task TheTutorialsSentencesHaveTheLibrarysScores()
    {
        string[] examples = ["this is such an amazing movie!", "The movie was great!", "The movie was meh.", "The movie was okish.", "The movie was terrible..."];
        var body = $$"""{"signature_name": "serving_default", "inputs": {"text": [{{string.Join(", ", examples.Select(text => $"\"{text}\""))}}] } }""";
        var outputs = (await server.Post($"{Model}:predict", body)).Ok()["outputs"]!.AsArray();
        Assert.Equal(examples.Select(Logit), outputs.Select(row => (float)row![0]!));
    }

    [Fact]
    public async Task PairsHaveASignatureOfTheirOwn()
    {
        var answer = await server.Post("/v1/models/colours:predict", """{"signature_name": "serving_pairs", "instances": [{"text": "a movie", "pair": "the movie"}]}""");
        Assert.Equal(server.Predict("colours", "a movie", "the movie").Logits, answer.Ok()["predictions"]![0]!.AsArray().Select(logit => (float)logit!));
    }

    [Theory]
    [InlineData("/V1/MODELS/tiny:PREDICT")]
    [InlineData("/v1/models/tiny/versions/1:predict")]
    [InlineData("/v1/Models/tiny/Versions/1:Predict")]
    public async Task PathsHaveNoCase(string path) => (await server.Post(path, """{"instances": ["a movie"]}""")).Ok();

    [Fact]
    public async Task LabelsAreClassified()
    {
        var results = (await server.Post("/v1/models/colours:classify", """{"examples": [{"text": "a movie"}, {"text": ["great"]}]}""")).Ok()["results"]!;
        var expected = server.Predict("colours", "a movie").Probabilities;
        Assert.Equal(2, results.AsArray().Count);
        Assert.Equal(["red", "green", "blue"], results[0]!.AsArray().Select(pair => (string)pair![0]!));
        Assert.Equal(expected.Select(p => (float)p), results[0]!.AsArray().Select(pair => (float)pair![1]!));
    }

    [Fact]
    public async Task ExamplesMayHaveTheirTextInCommon()
    {
        var results = (await server.Post("/v1/models/colours:classify", """{"signature_name": "tensorflow/serving/classify", "context": {"text": "a movie"}, "examples": [{"pair": "the movie"}, {"n": 1}]}""")).Ok()["results"]!;
        Assert.Equal((float)server.Predict("colours", "a movie", "the movie").Probabilities[0], (float)results[0]![0]![1]!);
        Assert.Equal((float)server.Predict("colours", "a movie").Probabilities[0], (float)results[1]![0]![1]!);
    }

    [Fact]
    public async Task TheStatusIsAsTheDocumentationShowsIt()
    {
        const string Expected = """{"model_version_status":[{"version":"1","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}]}""";
        Assert.Equal(Expected, (await server.Get(Model)).Ok().ToJsonString());
        Assert.Equal(Expected, (await server.Get($"{Model}/versions/1")).Ok().ToJsonString());
    }

    [Fact]
    public async Task TheMetadataHasTheTutorialsSignature()
    {
        var metadata = (await server.Get($"{Model}/metadata")).Ok();
        Assert.Equal("""{"name":"tiny","signature_name":"","version":"1"}""", metadata["model_spec"]!.ToJsonString());
        var signature = metadata["metadata"]!["signature_def"]!["signature_def"]!["serving_default"]!;
        Assert.Equal("tensorflow/serving/predict", (string)signature["method_name"]!);
        Assert.Equal("DT_STRING", (string)signature["inputs"]!["text"]!["dtype"]!);
        Assert.Equal("""{"dim":[{"size":"-1","name":""},{"size":"1","name":""}],"unknown_rank":false}""", signature["outputs"]!["classifier"]!["tensor_shape"]!.ToJsonString());
        Assert.Equal("DT_FLOAT", (string)signature["outputs"]!["classifier"]!["dtype"]!);
    }

    [Theory]
    [InlineData("", "JSON Parse error: The document is empty")]
    [InlineData("{", "JSON Parse error: Missing a name for object member. at offset: 1")]
    [InlineData("[]", "JSON Value: [] Is not object")]
    [InlineData("{}", "Missing 'inputs' or 'instances' key")]
    [InlineData("""{"signature_name": 5, "instances": ["a"]}""", "JSON Value: {\n    \"signature_name\": 5,\n    \"instances\": [\n        \"a\"\n    ]\n} not formatted correctly. 'signature_name' key must be a string value.")]
    [InlineData("""{"signature_name": "x", "instances": ["a"]}""", "Serving signature name: \"x\" not found in signature def")]
    [InlineData("""{"instances": ["a"], "inputs": ["a"]}""", "JSON Value: {\n    \"instances\": [\n        \"a\"\n    ],\n    \"inputs\": [\n        \"a\"\n    ]\n} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ")]
    [InlineData("""{"instances": "a"}""", "JSON Value: {\n    \"instances\": \"a\"\n} Excepting 'instances' to be an list/array")]
    [InlineData("""{"instances": []}""", "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array")]
    [InlineData("""{"instances": [5]}""", "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: 5 Type: Number is not of expected type: string")]
    [InlineData("""{"instances": [NaN]}""", "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: NaN Type: Number is not of expected type: string")]
    [InlineData("""{"instances": ["a", ["b"]]}""", "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting shape [] but got: [1]")]
    [InlineData("""{"instances": ["a", {"text": "b"}]}""", "Expecting value/list but got object at item 1 of input list")]
    [InlineData("""{"instances": [{"text": "b"}, "a"]}""", "Expecting object but got list at item 1 of input list")]
    [InlineData("""{"instances": [{"x": "b"}]}""", "Failed to process element: 0 key: x of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: x")]
    [InlineData("""{"instances": [{}]}""", "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: text")]
    [InlineData("""{"instances": [{"text": {"b64": "*"}}]}""", "Failed to process element: 0 key: text of 'instances' list. Error: INVALID_ARGUMENT: Unable to base64 decode")]
    [InlineData("""{"inputs": {"x": ["a"]}}""", "Missing named input: text in 'inputs' object.")]
    [InlineData("""{"inputs": ["a", ["b"]]}""", "Encountered list at unexpected level: 1 expected < 1")]
    [InlineData("""{"inputs": [["a"], ["b", "c"]]}""", "Encountered list at unexpected size: 2 at level: 1 expected size: 1")]
    [InlineData("""{"inputs": [["a"], "b"]}""", "JSON Value: \"b\" found at incorrect level: 2 in the JSON DOM. Expected at level: 2")]
    [InlineData("""{"inputs": [{"c64": "b"}]}""", "JSON Value: {\n    \"c64\": \"b\"\n} not formatted correctly for base64 data")]
    [InlineData("""{"signature_name": "serving_pairs", "instances": ["a"]}""", "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map")]
    public async Task WhatIsWrongWithPredictIsSaidInItsOwnWords(string body, string error) =>
        (await server.Post($"{Model}:predict", body)).Fails(HttpStatusCode.BadRequest, error);

    [Theory]
    [InlineData("""{"x": 1}""", "JSON Value: {\n    \"x\": 1\n} When method is classify, key 'examples' is expected and was not found")]
    [InlineData("""{"examples": {}}""", "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an list/array")]
    [InlineData("""{"examples": []}""", "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array")]
    [InlineData("""{"examples": ["a"]}""", "Example must be JSON object but got JSON String")]
    [InlineData("""{"examples": [{"text": null}]}""", "Feature: text has element with unexpected JSON type: Null")]
    [InlineData("""{"examples": [{"x": "a"}]}""", "Name: <unknown>, Feature: text (data type: string) is required but could not be found.")]
    [InlineData("""{"examples": [{"text": 5}]}""", "Name: <unknown>, Feature: text.  Data types don't match. Data type: int64 but expected type: string")]
    [InlineData("""{"signature_name": "x", "examples": [{"text": "a"}]}""", "No signature was found with the name: x")]
    [InlineData("""{"signature_name": "serving_default", "examples": [{"text": "a"}]}""", "Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict")]
    public async Task WhatIsWrongWithClassifyIsSaidInItsOwnWords(string body, string error) =>
        (await server.Post($"{Model}:classify", body)).Fails(HttpStatusCode.BadRequest, error);

    [Fact]
    public async Task AClassifierHasNoRegression() => (await server.Post($"{Model}:regress", """{"examples": [{"text": "a"}]}""")).Fails(
        HttpStatusCode.BadRequest, "Expected regression signature method_name to be tensorflow/serving/regress. Was: tensorflow/serving/classify");

    [Theory]
    [InlineData("/v1/models/half:predict", HttpStatusCode.NotFound, "Servable not found for request: Latest(half)")]
    [InlineData("/v1/models/tiny/versions/7:predict", HttpStatusCode.NotFound, "Servable not found for request: Specific(tiny, 7)")]
    [InlineData("/v1/models/tiny/labels/stable:predict", HttpStatusCode.BadRequest, "Unrecognized servable version label: stable")]
    [InlineData("/v1/models/tiny/versions/99999999999999999999:predict", HttpStatusCode.BadRequest, "Failed to convert version: 99999999999999999999 to numeric.")]
    [InlineData("/v1/models/tiny:guess", HttpStatusCode.BadRequest, "Malformed request: POST /v1/models/tiny:guess")]
    [InlineData("/v1/models/tiny", HttpStatusCode.BadRequest, "Malformed request: POST /v1/models/tiny")]
    public async Task WhatIsNotThereIsSaidInItsOwnWords(string path, HttpStatusCode status, string error) =>
        (await server.Post(path, """{"instances": ["a"]}""")).Fails(status, error);

    [Theory]
    [InlineData("/v1/models", HttpStatusCode.BadRequest, "Missing model name in request.")]
    [InlineData("/v1/models/half", HttpStatusCode.NotFound, "Could not find any versions of model half")]
    [InlineData("/v1/models/tiny/versions/7", HttpStatusCode.NotFound, "Could not find version 7 of model tiny")]
    [InlineData("/v1/models/half/metadata", HttpStatusCode.NotFound, "Servable not found for request: Latest(half)")]
    [InlineData("/v1/models/tiny:predict", HttpStatusCode.BadRequest, "Malformed request: GET /v1/models/tiny:predict")]
    public async Task AStatusThatIsNotThereToo(string path, HttpStatusCode status, string error) => (await server.Get(path)).Fails(status, error);

    [Fact]
    public async Task BodiesMayBeCompressed()
    {
        using var buffer = new MemoryStream();
        await using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes("""{"instances": ["a movie"]}"""), TestContext.Current.CancellationToken);
        }

        using var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentEncoding.Add("gzip");
        Assert.Equal(Logit("a movie"), (float)(await server.Post($"{Model}:predict", content)).Ok()["predictions"]![0]![0]!);
    }

    [Fact]
    public async Task ALogitIsTheSameBitsAloneAndAmongMany()
    {
        var texts = Enumerable.Range(0, 300).Select(i => string.Join(' ', Enumerable.Repeat(TinyModel.Sentences[i % 6], 1 + i % 3)).Replace("\"", "", StringComparison.Ordinal)).ToList();
        var answers = await Task.WhenAll(texts.Chunk(7).Select(async chunk =>
            (await server.Post($"{Model}:predict", $$"""{"instances": [{{string.Join(", ", chunk.Select(text => $"\"{text}\""))}}]}""")).Ok()["predictions"]!.AsArray().Select(row => (float)row![0]!)));
        Assert.Equal(texts.Select(Logit), answers.SelectMany(answer => answer));
    }

    [Theory]
    [InlineData(0f, "0.0")]
    [InlineData(-0f, "-0.0")]
    [InlineData(1f, "1.0")]
    [InlineData(3.5f, "3.5")]
    [InlineData(0.2f, "0.2")]
    [InlineData(-1.25f, "-1.25")]
    [InlineData(1f / 3, "0.333333343")]
    [InlineData(9000000f, "9e+06")]
    [InlineData(0.00003f, "3e-05")]
    [InlineData(0.0001f, "0.0001")]
    [InlineData(123456f, "123456.0")]
    [InlineData(1234567f, "1234567.0")]
    [InlineData(16777217f, "16777216.0")]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "Infinity")]
    [InlineData(float.NegativeInfinity, "-Infinity")]
    public void NumbersArePrintedAsTensorFlowServingPrintsThem(float value, string text) => Assert.Equal(text, TensorFlowNumber.Format(value));

    [Fact]
    public void PrintedNumbersAreReadAsTheSameBits()
    {
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var value = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
            if (float.IsFinite(value))
            {
                Assert.Equal(value, float.Parse(TensorFlowNumber.Format(value), CultureInfo.InvariantCulture));
            }
        }
    }

    private float Logit(string text) => server.Predict("tiny", text).Logits[0];
}
