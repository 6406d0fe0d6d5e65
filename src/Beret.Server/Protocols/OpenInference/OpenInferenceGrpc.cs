using System.Globalization;
using Beret.Inference;
using Beret.Server.Protocols.OpenInference.Wire;
using Beret.Server.Servables;
using Google.Protobuf;
using Grpc.Core;

namespace Beret.Server.Protocols.OpenInference;

/// <summary>The Open Inference Protocol over gRPC. Outputs are raw where inputs are, as Triton's clients have it.</summary>
internal sealed class OpenInferenceGrpc(GrpcCalls calls) : GRPCInferenceService.GRPCInferenceServiceBase
{
    private const string Protocol = "open-inference-grpc";

    private ModelStore Models => calls.Services.Models;

    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) =>
        calls.AnswerAsync(context, Protocol, caller => Task.FromResult(new ServerLiveResponse { Live = true }));

    public override Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context) =>
        calls.AnswerAsync(context, Protocol, caller => Task.FromResult(new ServerReadyResponse { Ready = Models.IsReady }));

    public override Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context) => calls.AnswerAsync(context, Protocol, caller =>
    {
        var spec = OpenInferenceVersion.Spec(request.Name, request.Version);
        var model = Models.Find(spec.Name) ?? throw ServingException.NotFound($"there is no model '{spec.Name}'");
        var version = model.TryAcquire(spec.Version, spec.Label);
        version?.Release();
        return Task.FromResult(new ModelReadyResponse { Ready = version is not null });
    });

    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context) =>
        calls.AnswerAsync(context, Protocol, caller => Task.FromResult(new ServerMetadataResponse { Name = "beret", Version = calls.Services.Server.Version }));

    public override Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context) => calls.AnswerAsync(context, Protocol, caller =>
    {
        var model = Models.Acquire(OpenInferenceVersion.Spec(request.Name, request.Version));
        try
        {
            var response = new ModelMetadataResponse { Name = model.Name, Platform = OpenInferenceProtocol.Platform };
            response.Versions.AddRange(Models.Find(model.Name)!.Statuses
                .Where(status => status.State == VersionState.Available)
                .Select(status => status.Number.ToString(CultureInfo.InvariantCulture)));
            response.Inputs.Add(new ModelMetadataResponse.Types.TensorMetadata { Name = InputTensor.Text, Datatype = OutputTensor.Bytes, Shape = { -1 } });
            response.Outputs.AddRange(OutputTensor.Of(model).Select(output => new ModelMetadataResponse.Types.TensorMetadata { Name = output.Name, Datatype = output.Datatype, Shape = { output.Shape } }));
            return Task.FromResult(response);
        }
        finally
        {
            model.Release();
        }
    });

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) => calls.AnswerAsync(context, Protocol, async caller =>
    {
        var texts = InputTensor.Join(Inputs(request));
        var model = Models.Acquire(OpenInferenceVersion.Spec(request.ModelName, request.ModelVersion));
        try
        {
            var wanted = OutputTensor.Choose(model, request.Outputs.Count == 0 ? null : [.. request.Outputs.Select(output => output.Name)]);
            var outcomes = await calls.Services.Classification.ClassifyAsync(model, texts, caller).ConfigureAwait(false);
            return Answer(request, model, wanted, [.. outcomes.Select(outcome => outcome.Value)]);
        }
        finally
        {
            model.Release();
        }
    });

    private static List<InputTensor> Inputs(ModelInferRequest request)
    {
        var isRaw = request.RawInputContents.Count > 0;
        if (isRaw && request.RawInputContents.Count != request.Inputs.Count)
        {
            throw ServingException.Invalid($"there are {request.Inputs.Count} inputs and {request.RawInputContents.Count} raw contents");
        }

        var inputs = new List<InputTensor>();
        for (var i = 0; i < request.Inputs.Count; i++)
        {
            var input = request.Inputs[i];
            var count = InputTensor.Check(input.Name, input.Datatype, input.Shape);
            if (isRaw)
            {
                inputs.Add(new InputTensor(input.Name, InputTensor.ReadRaw(input.Name, request.RawInputContents[i].Span, count)));
                continue;
            }

            var texts = input.Contents?.BytesContents.Select(bytes => InputTensor.Decode(input.Name, bytes.Span)).ToList() ?? [];
            InputTensor.CheckCount(input.Name, texts.Count, count);
            inputs.Add(new InputTensor(input.Name, texts));
        }

        return inputs;
    }

    private static ModelInferResponse Answer(ModelInferRequest request, ModelVersion model, IReadOnlyList<string> wanted, IReadOnlyList<Prediction> predictions)
    {
        var response = new ModelInferResponse { ModelName = model.Name, ModelVersion = model.Number.ToString(CultureInfo.InvariantCulture), Id = request.Id };
        var outputs = OutputTensor.Of(model, predictions);
        foreach (var output in wanted.Select(name => outputs.First(output => output.Name == name)))
        {
            var tensor = new ModelInferResponse.Types.InferOutputTensor { Name = output.Name, Datatype = output.Datatype, Shape = { output.Shape } };
            response.Outputs.Add(tensor);
            if (request.RawInputContents.Count > 0)
            {
                response.RawOutputContents.Add(UnsafeByteOperations.UnsafeWrap(output.ToRaw()));
                continue;
            }

            tensor.Contents = new InferTensorContents { Fp32Contents = { output.Floats } };
            tensor.Contents.BytesContents.AddRange(output.Strings.Select(ByteString.CopyFromUtf8));
        }

        return response;
    }
}
