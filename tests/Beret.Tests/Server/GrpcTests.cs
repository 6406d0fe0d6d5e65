using System.Text;
using Beret.Server.Hosting;
using Beret.Server.Protocols.OpenInference.Wire;
using Beret.Server.Protocols.TensorFlow.Wire;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Beret.Tests.Server;

/// <summary>TensorFlow Serving's services and the Open Inference Protocol over gRPC, asked by clients that are generated from their definitions.</summary>
public sealed class GrpcTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TensorFlowPredicts()
    {
        await using var server = await Start();
        using var channel = Channel(server);
        var client = new PredictionService.PredictionServiceClient(channel);
        var response = await client.PredictAsync(Predict("tiny", "a movie", "the movie was great!"), cancellationToken: Stop);
        var logits = response.Outputs["classifier"];
        Assert.Equal(DataType.DtFloat, logits.Dtype);
        Assert.Equal([2, 1], logits.TensorShape.Dim.Select(dim => dim.Size));
        Assert.Equal([server.Predict("tiny", "a movie").Logits[0], server.Predict("tiny", "the movie was great!").Logits[0]], logits.FloatVal);
        Assert.Equal(("tiny", 1L, "serving_default"), (response.ModelSpec.Name, response.ModelSpec.Version, response.ModelSpec.SignatureName));

        var pairs = Predict("colours", "a movie");
        pairs.ModelSpec.SignatureName = "serving_pairs";
        pairs.Inputs["pair"] = Tensor("the movie");
        Assert.Equal(server.Predict("colours", "a movie", "the movie").Logits, (await client.PredictAsync(pairs, cancellationToken: Stop)).Outputs["classifier"].FloatVal);
    }

    [Fact]
    public async Task TensorFlowPredictsFromStringsThatArePacked()
    {
        await using var server = await Start();
        using var channel = Channel(server);
        var client = new PredictionService.PredictionServiceClient(channel);
        var request = Predict("tiny", "a movie", "great");
        request.Inputs["text"].StringVal.Clear();
        request.Inputs["text"].TensorContent = ByteString.CopyFrom([7, 5, .. "a movie"u8, .. "great"u8]);
        var response = await client.PredictAsync(request, cancellationToken: Stop);
        Assert.Equal([server.Predict("tiny", "a movie").Logits[0], server.Predict("tiny", "great").Logits[0]], response.Outputs["classifier"].FloatVal);

        request.Inputs["text"].TensorContent = ByteString.CopyFrom([7, 200, .. "a movie"u8]);
        await Fails(StatusCode.InvalidArgument, "tensor parsing error: tensor_content does not hold the 2 strings", () => client.PredictAsync(request, cancellationToken: Stop).ResponseAsync);
    }

    [Fact]
    public async Task TensorFlowClassifies()
    {
        await using var server = await Start();
        using var channel = Channel(server);
        var client = new PredictionService.PredictionServiceClient(channel);
        var input = new Input { ExampleListWithContext = new ExampleListWithContext { Context = Example("text", "a movie"), Examples = { Example("pair", "the movie"), new Example() } } };
        var response = await client.ClassifyAsync(new ClassificationRequest { ModelSpec = new ModelSpec { Name = "colours" }, Input = input }, cancellationToken: Stop);
        Assert.Equal(["red", "green", "blue"], response.Result.Classifications[0].Classes.Select(one => one.Label));
        Assert.Equal(server.Predict("colours", "a movie", "the movie").Probabilities.Select(p => (float)p), response.Result.Classifications[0].Classes.Select(one => one.Score));
        Assert.Equal(server.Predict("colours", "a movie").Probabilities.Select(p => (float)p), response.Result.Classifications[1].Classes.Select(one => one.Score));

        var several = await client.MultiInferenceAsync(
            new MultiInferenceRequest { Input = input, Tasks = { new InferenceTask { ModelSpec = new ModelSpec { Name = "colours" }, MethodName = "tensorflow/serving/classify" } } },
            cancellationToken: Stop);
        Assert.Equal(response.Result, several.Results.Single().ClassificationResult);
    }

    [Fact]
    public async Task TensorFlowDescribesItsModels()
    {
        await using var server = await Start();
        using var channel = Channel(server);
        var metadata = await new PredictionService.PredictionServiceClient(channel).GetModelMetadataAsync(
            new GetModelMetadataRequest { ModelSpec = new ModelSpec { Name = "tiny" }, MetadataField = { "signature_def" } }, cancellationToken: Stop);
        var any = metadata.Metadata["signature_def"];
        Assert.Equal("type.googleapis.com/tensorflow.serving.SignatureDefMap", any.TypeUrl);
        var signature = any.Unpack<SignatureDefMap>().SignatureDef["serving_default"];
        Assert.Equal(DataType.DtString, signature.Inputs["text"].Dtype);
        Assert.Equal([-1, 1], signature.Outputs["classifier"].TensorShape.Dim.Select(dim => dim.Size));

        var models = new ModelService.ModelServiceClient(channel);
        var status = await models.GetModelStatusAsync(new GetModelStatusRequest { ModelSpec = new ModelSpec { Name = "tiny" } }, cancellationToken: Stop);
        Assert.Equal((1L, ModelVersionStatus.Types.State.Available), (status.ModelVersionStatus.Single().Version, status.ModelVersionStatus.Single().State));
        await Fails(StatusCode.Unimplemented, "what is served", () => models.HandleReloadConfigRequestAsync(new ReloadConfigRequest(), cancellationToken: Stop).ResponseAsync);
    }

    [Fact]
    public async Task TensorFlowSaysWhatIsWrong()
    {
        await using var server = await Start();
        using var channel = Channel(server);
        var client = new PredictionService.PredictionServiceClient(channel);
        await Refuse(StatusCode.NotFound, "Servable not found for request: Latest(x)", Predict("x", "a"));
        await Refuse(StatusCode.InvalidArgument, "Missing ModelSpec", new PredictRequest());
        await Refuse(StatusCode.InvalidArgument, "input size does not match signature", new PredictRequest { ModelSpec = new ModelSpec { Name = "tiny" } });
        var numbers = Predict("tiny", "a");
        numbers.Inputs["text"] = new TensorProto { Dtype = DataType.DtFloat, FloatVal = { 1 } };
        await Refuse(StatusCode.InvalidArgument, "Expects arg[0] to be string but float is provided", numbers);
        var filtered = Predict("tiny", "a");
        filtered.OutputFilter.Add("x");
        await Refuse(StatusCode.InvalidArgument, "output tensor alias not found in signature: x", filtered);
        var labelled = Predict("tiny", "a");
        labelled.ModelSpec.VersionLabel = "stable";
        await Refuse(StatusCode.InvalidArgument, "Unrecognized servable version label: stable", labelled);
        var shaped = Predict("tiny", "a", "b");
        shaped.Inputs["text"].TensorShape.Dim[0].Size = 3;
        await Refuse(StatusCode.InvalidArgument, "a tensor of shape [3] has 2 strings", shaped);

        Task Refuse(StatusCode code, string message, PredictRequest request) => Fails(code, message, () => client.PredictAsync(request, cancellationToken: Stop).ResponseAsync);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OpenInferenceInfers(bool isRaw)
    {
        await using var server = await Start();
        using var channel = Channel(server);
        var client = new GRPCInferenceService.GRPCInferenceServiceClient(channel);
        var request = new ModelInferRequest { ModelName = "colours", Id = "42", Outputs = { new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "logits" }, new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "label" } } };
        var input = new ModelInferRequest.Types.InferInputTensor { Name = "text", Datatype = "BYTES", Shape = { 2 } };
        request.Inputs.Add(input);
        string[] texts = ["a movie", "grëat"];
        if (isRaw)
        {
            request.RawInputContents.Add(ByteString.CopyFrom([.. texts.SelectMany(text => (byte[])[(byte)Encoding.UTF8.GetByteCount(text), 0, 0, 0, .. Encoding.UTF8.GetBytes(text)])]));
        }
        else
        {
            input.Contents = new InferTensorContents { BytesContents = { texts.Select(ByteString.CopyFromUtf8) } };
        }

        var response = await client.ModelInferAsync(request, cancellationToken: Stop);
        var expected = texts.Select(text => server.Predict("colours", text)).ToList();
        Assert.Equal(("colours", "1", "42"), (response.ModelName, response.ModelVersion, response.Id));
        Assert.Equal([2, 3], response.Outputs[0].Shape);
        if (isRaw)
        {
            Assert.Equal(expected.SelectMany(one => one.Logits), response.RawOutputContents[0].ToByteArray().Chunk(4).Select(bytes => BitConverter.ToSingle(bytes)));
            Assert.Equal((byte)expected[0].Label.Length, response.RawOutputContents[1][0]);
        }
        else
        {
            Assert.Equal(expected.SelectMany(one => one.Logits), response.Outputs[0].Contents.Fp32Contents);
            Assert.Equal(expected.Select(one => one.Label), response.Outputs[1].Contents.BytesContents.Select(bytes => bytes.ToStringUtf8()));
        }
    }

    [Fact]
    public async Task OpenInferenceTellsOfItself()
    {
        await using var server = await Start();
        using var channel = Channel(server);
        var client = new GRPCInferenceService.GRPCInferenceServiceClient(channel);
        Assert.True((await client.ServerLiveAsync(new ServerLiveRequest(), cancellationToken: Stop)).Live);
        Assert.True((await client.ServerReadyAsync(new ServerReadyRequest(), cancellationToken: Stop)).Ready);
        Assert.True((await client.ModelReadyAsync(new ModelReadyRequest { Name = "tiny" }, cancellationToken: Stop)).Ready);
        Assert.False((await client.ModelReadyAsync(new ModelReadyRequest { Name = "tiny", Version = "9" }, cancellationToken: Stop)).Ready);
        Assert.Equal("beret", (await client.ServerMetadataAsync(new ServerMetadataRequest(), cancellationToken: Stop)).Name);
        var metadata = await client.ModelMetadataAsync(new ModelMetadataRequest { Name = "tiny" }, cancellationToken: Stop);
        Assert.Equal(["logits", "probabilities", "label"], metadata.Outputs.Select(output => output.Name));
        await Fails(StatusCode.InvalidArgument, "there is no input 'text'", () => client.ModelInferAsync(new ModelInferRequest { ModelName = "tiny" }, cancellationToken: Stop).ResponseAsync);
        await Fails(StatusCode.NotFound, "there is no model 'x'", () => client.ModelMetadataAsync(new ModelMetadataRequest { Name = "x" }, cancellationToken: Stop).ResponseAsync);
    }

    [Fact]
    public async Task ADeadlineThatPassesTakesTheTextsOutOfTheQueue()
    {
        await using var server = await RunningServer.StartAsync(settings => settings with { GrpcPort = 0 }, isStepped: true);
        using var channel = Channel(server);
        var client = new PredictionService.PredictionServiceClient(channel);
        await Fails(StatusCode.DeadlineExceeded, "", () => client.PredictAsync(Predict("tiny", "a"), deadline: DateTime.UtcNow.AddMilliseconds(300), cancellationToken: Stop).ResponseAsync);
        while (server.Server.Scheduler.Waiting.Texts > 0)
        {
            await Task.Delay(5, Stop);
        }
    }

    [Fact]
    public async Task KeysAreNeededHereToo()
    {
        var (key, line) = BeretServer.CreateApiKey("shop");
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, line, Stop);
        await using var server = await RunningServer.StartAsync(settings => settings with { GrpcPort = 0, ApiKeys = file });
        File.Delete(file);
        using var channel = Channel(server);
        var client = new PredictionService.PredictionServiceClient(channel);
        await Fails(StatusCode.Unauthenticated, "this server needs an API key", () => client.PredictAsync(Predict("tiny", "a"), cancellationToken: Stop).ResponseAsync);
        await client.PredictAsync(Predict("tiny", "a"), new Metadata { { "authorization", $"Bearer {key}" } }, cancellationToken: Stop);
    }

    [Fact]
    public async Task GarbageIsRefusedAndTheServerGoesOn()
    {
        await using var server = await Start();
        using var client = new HttpClient { BaseAddress = server.Server.GrpcAddress };
        var random = new Random(3);
        for (var i = 0; i < 30; i++)
        {
            var bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            bytes[0] = 0;
            using var message = new HttpRequestMessage(HttpMethod.Post, "/tensorflow.serving.PredictionService/Predict")
            {
                Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(bytes) { Headers = { { "Content-Type", "application/grpc" } } },
            };
            using var answer = await client.SendAsync(message, Stop);
            await answer.Content.ReadAsByteArrayAsync(Stop);
            var status = answer.Headers.Concat(answer.TrailingHeaders).Single(header => header.Key == "grpc-status").Value.Single();
            Assert.NotEqual("0", status);
        }

        using var channel = Channel(server);
        await new PredictionService.PredictionServiceClient(channel).PredictAsync(Predict("tiny", "a"), cancellationToken: Stop);
    }

    private static Task<RunningServer> Start() => RunningServer.StartAsync(settings => settings with { GrpcPort = 0 });

    private static GrpcChannel Channel(RunningServer server) => GrpcChannel.ForAddress(server.Server.GrpcAddress!);

    private static PredictRequest Predict(string model, params string[] texts) => new() { ModelSpec = new ModelSpec { Name = model }, Inputs = { ["text"] = Tensor(texts) } };

    private static TensorProto Tensor(params string[] texts) => new()
    {
        Dtype = DataType.DtString,
        TensorShape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dim { Size = texts.Length } } },
        StringVal = { texts.Select(ByteString.CopyFromUtf8) },
    };

    private static Example Example(string name, string text) => new()
    {
        Features = new Features { Feature = { [name] = new Feature { BytesList = new BytesList { Value = { ByteString.CopyFromUtf8(text) } } } } },
    };

    private static async Task Fails(StatusCode code, string message, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, error.StatusCode);
        Assert.Contains(message, error.Status.Detail, StringComparison.Ordinal);
    }
}
