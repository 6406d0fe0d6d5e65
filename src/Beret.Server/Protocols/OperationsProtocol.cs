using Microsoft.AspNetCore.Http;

namespace Beret.Server.Protocols;

/// <summary>What operators and their programs ask: whether the server lives, whether it is ready; and what nobody knows.</summary>
/// <param name="services">The server's parts.</param>
/// <param name="isStopping">Whether the server has been told to stop.</param>
internal sealed class OperationsProtocol(ProtocolServices services, Func<bool> isStopping) : WebProtocol(services)
{
    protected override string Name => "operations";

    /// <summary>The process answers.</summary>
    public Task LiveAsync(HttpContext context) => WriteTextAsync(context, "ok");

    /// <summary>Every model answers, and the server is to be sent requests.</summary>
    public Task ReadyAsync(HttpContext context) => isStopping()
        ? throw new ServingException(ServingError.Unavailable, "the server is stopping")
        : Models.Models.FirstOrDefault(model => !model.IsReady) is { } model
            ? throw new ServingException(ServingError.Unavailable, $"model '{model.Name}' is still being loaded")
            : WriteTextAsync(context, "ok");

    /// <summary>The description of the addresses for programs.</summary>
    public Task OpenApiAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        return EmbeddedFile.SendAsync(context, "openapi.json");
    }

    public Task UnknownAsync(HttpContext context) => throw ServingException.NotFound(
        $"there is nothing at {context.Request.Method} {context.Request.Path.ToUriComponent()}: /openapi.json says what there is");

    private static Task WriteTextAsync(HttpContext context, string text)
    {
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
