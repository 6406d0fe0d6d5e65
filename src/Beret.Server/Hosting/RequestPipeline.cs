using Beret.Server.Operations;
using Beret.Server.Protocols;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Hosting;

/// <summary>What every request goes through before its protocol: a name, a line in the log, a look at whom it is for, a key.</summary>
internal sealed class RequestPipeline(AllowedHosts hosts, ApiKeys? keys, int mostRequests, TimeProvider clock, ILogger log, WebProtocol errors, GrpcCalls calls)
{
    /// <summary>Paths that tell nothing but whether the server lives; probes have no keys, and would fill the log.</summary>
    private static readonly HashSet<string> Probes = new(StringComparer.OrdinalIgnoreCase) { "/livez", "/readyz", "/health", "/v2/health/live", "/v2/health/ready" };

    private int requests;

    public void AddTo(IApplicationBuilder application) => application.Use(async (context, next) =>
    {
        RequestId.Set(context);
        if (Probes.Contains(context.Request.Path.Value ?? "") && hosts.AllowProbe(context.Request.Host))
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        var began = clock.GetTimestamp();
        try
        {
            var now = Interlocked.Increment(ref requests);
            await (Refusal(context, now) is { } refusal ? FailAsync(context, refusal) : next(context)).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref requests);
            log.Answered(
                context.Request.Method, context.Request.Path.ToUriComponent(), context.Response.StatusCode, clock.GetElapsedTime(began).TotalMilliseconds, ClientName.Of(context), RequestId.Of(context));
        }
    });

    /// <summary>Paths that tell nothing of the models, and for which a browser has no key yet.</summary>
    private static bool IsOpen(string? path) => PlaygroundProtocol.Files.ContainsKey(path ?? "");

    private Task FailAsync(HttpContext context, ServingException error) => GrpcCalls.IsCall(context) ? calls.FailAsync(context, error) : errors.FailAsync(context, error);

    /// <summary>Why a request goes no further; null where it does.</summary>
    private ServingException? Refusal(HttpContext context, int now)
    {
        if (!hosts.Allow(context.Request.Host))
        {
            return AllowedHosts.Refusal(context.Request.Host);
        }

        if (keys is not null && !IsOpen(context.Request.Path.Value))
        {
            if (keys.Find(context) is not { } name)
            {
                context.Response.Headers.WWWAuthenticate = "Bearer";
                return new ServingException(
                    ServingError.Unauthenticated, "this server needs an API key, and the request has none that it knows: send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'");
            }

            ClientName.Set(context, name);
        }

        return now <= mostRequests ? null : new ServingException(ServingError.Overloaded, $"the server is overloaded: it answers {mostRequests} requests at once; ask again later")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };
    }
}
