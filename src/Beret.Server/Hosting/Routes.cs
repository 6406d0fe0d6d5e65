using Beret.Server.Protocols;
using Beret.Server.Protocols.OpenInference;
using Beret.Server.Protocols.TensorFlow;
using Beret.Server.Protocols.TextEmbeddings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Beret.Server.Hosting;

/// <summary>Which address is answered by which protocol.</summary>
internal static class Routes
{
    public static void AddTo(IEndpointRouteBuilder routes, ProtocolServices services, OperationsProtocol operations)
    {
        Get(routes, operations, "/livez", operations.LiveAsync);
        Get(routes, operations, "/readyz", operations.ReadyAsync);
        Get(routes, operations, "/openapi.json", operations.OpenApiAsync);

        var playground = new PlaygroundProtocol(services);
        Get(routes, playground, "/models", playground.ModelsAsync);
        foreach (var path in PlaygroundProtocol.Files.Keys)
        {
            Get(routes, playground, path, playground.FileAsync);
        }

        var classify = new ClassifyProtocol(services);
        Post(routes, classify, "/v1/classify", classify.ClassifyAsync);

        var tensorFlow = new TensorFlowProtocol(services);
        routes.Map("/v1/models/{**rest}", tensorFlow.Handle(tensorFlow.AnswerAsync));

        var openInference = new OpenInferenceProtocol(services);
        Get(routes, openInference, "/v2", openInference.ServerAsync);
        Get(routes, openInference, "/v2/health/live", openInference.LiveAsync);
        Get(routes, openInference, "/v2/health/ready", openInference.ReadyAsync);
        foreach (var model in (string[])["/v2/models/{model}", "/v2/models/{model}/versions/{version}"])
        {
            Get(routes, openInference, model, openInference.ModelAsync);
            Get(routes, openInference, $"{model}/ready", openInference.ModelReadyAsync);
            Post(routes, openInference, $"{model}/infer", openInference.InferAsync);
        }

        var textEmbeddings = new TextEmbeddingsProtocol(services);
        Post(routes, textEmbeddings, "/predict", textEmbeddings.PredictAsync);
        Get(routes, textEmbeddings, "/info", textEmbeddings.InfoAsync);
        Get(routes, textEmbeddings, "/health", textEmbeddings.HealthAsync);

        routes.MapGrpcService<TensorFlowGrpc>();
        routes.MapGrpcService<TensorFlowModelGrpc>();
        routes.MapGrpcService<OpenInferenceGrpc>();

        routes.MapFallback("{**path}", operations.Handle(operations.UnknownAsync));
    }

    private static void Get(IEndpointRouteBuilder routes, WebProtocol protocol, string path, Func<HttpContext, Task> answer) =>
        routes.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], protocol.Handle(answer));

    private static void Post(IEndpointRouteBuilder routes, WebProtocol protocol, string path, Func<HttpContext, Task> answer) =>
        routes.MapPost(path, protocol.Handle(answer));
}
