using Beret.Server.Protocols.TensorFlow.Wire;
using Beret.Server.Servables;
using Grpc.Core;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>TensorFlow Serving's ModelService over gRPC. What is served is what the command line says and the folders hold: it is not changed from afar.</summary>
internal sealed class TensorFlowModelGrpc(GrpcCalls calls) : ModelService.ModelServiceBase
{
    private const int InvalidArgument = 3;

    public override Task<GetModelStatusResponse> GetModelStatus(GetModelStatusRequest request, ServerCallContext context) => calls.AnswerAsync(context, TensorFlowGrpc.Protocol, caller =>
    {
        var response = new GetModelStatusResponse();
        response.ModelVersionStatus.AddRange(TensorFlowModels.Statuses(calls.Services.Models, TensorFlowGrpc.Read(request.ModelSpec)).Select(status => new ModelVersionStatus
        {
            Version = status.Number,
            State = StateOf(status.State),
            Status = new StatusProto { ErrorCode = status.Error is null ? 0 : InvalidArgument, ErrorMessage = status.Error ?? "" },
        }));
        return Task.FromResult(response);
    });

    public override Task<ReloadConfigResponse> HandleReloadConfigRequest(ReloadConfigRequest request, ServerCallContext context) =>
        calls.AnswerAsync<ReloadConfigResponse>(context, TensorFlowGrpc.Protocol, caller => throw new ServingException(
            ServingError.Unimplemented, "what is served is what the server was started with: put a new version beside the old, as a folder named by a higher number"));

    private static ModelVersionStatus.Types.State StateOf(VersionState state) => state switch
    {
        VersionState.Start => ModelVersionStatus.Types.State.Start,
        VersionState.Loading => ModelVersionStatus.Types.State.Loading,
        VersionState.Available => ModelVersionStatus.Types.State.Available,
        VersionState.Unloading => ModelVersionStatus.Types.State.Unloading,
        _ => ModelVersionStatus.Types.State.End,
    };
}
