using Beret.Server.Operations;
using Beret.Server.Protocols;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Hosting;

/// <summary>What every request goes through before its protocol: a name, a line in the log, a key.</summary>
internal sealed class RequestPipeline(ApiKeys? keys, TimeProvider clock, ILogger log, WebProtocol errors)
{
    /// <summary>Paths that tell nothing but whether the server lives; probes have no keys, and would fill the log.</summary>
    private static readonly HashSet<string> Probes = new(StringComparer.OrdinalIgnoreCase) { "/livez", "/readyz", "/health", "/v2/health/live", "/v2/health/ready" };

    public void AddTo(IApplicationBuilder application) => application.Use(async (context, next) =>
    {
        RequestId.Set(context);
        if (Probes.Contains(context.Request.Path.Value ?? ""))
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        var began = clock.GetTimestamp();
        if (IsAllowed(context))
        {
            await next(context).ConfigureAwait(false);
        }
        else
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await errors.FailAsync(context, new ServingException(
                ServingError.Unauthenticated, "this server needs an API key, and the request has none that it knows: send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'")).ConfigureAwait(false);
        }

        log.Answered(
            context.Request.Method, context.Request.Path.ToUriComponent(), context.Response.StatusCode, clock.GetElapsedTime(began).TotalMilliseconds, ClientName.Of(context), RequestId.Of(context));
    });

    private bool IsAllowed(HttpContext context)
    {
        if (keys is null)
        {
            return true;
        }

        if (keys.Find(context) is not { } name)
        {
            return false;
        }

        ClientName.Set(context, name);
        return true;
    }
}
