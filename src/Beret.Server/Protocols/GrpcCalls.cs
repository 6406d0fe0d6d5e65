using System.Globalization;
using Beret.Server.Operations;
using Beret.Server.Servables;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Protocols;

/// <summary>What the protocols over gRPC have in common: exceptions become statuses.</summary>
internal sealed class GrpcCalls(ProtocolServices services)
{
    private const string ContentType = "application/grpc";
    private const string RetryAfter = "retry-after";

    public ProtocolServices Services => services;

    /// <summary>Answers a call.</summary>
    /// <param name="context">The call.</param>
    /// <param name="protocol">What the metrics call it.</param>
    /// <param name="answer">Makes the answer for who asks.</param>
    public async Task<T> AnswerAsync<T>(ServerCallContext context, string protocol, Func<Caller, Task<T>> answer)
    {
        var began = services.Clock.GetTimestamp();
        var http = context.GetHttpContext();
        var status = StatusCode.OK;
        try
        {
            return await answer(new Caller(ClientName.Of(http), context.CancellationToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            status = context.Deadline <= services.Clock.GetUtcNow().UtcDateTime ? StatusCode.DeadlineExceeded : StatusCode.Cancelled;
            throw new RpcException(new Status(status, "the caller does not wait any longer"));
        }
        catch (Exception error)
        {
            var known = Understand(http, error);
            services.Metrics.Rejected(known.Error);
            status = StatusOf(known);
            throw new RpcException(new Status(status, known.Message), TrailersOf(known));
        }
        finally
        {
            services.Metrics.RequestAnswered(protocol, (int)status, services.Clock.GetElapsedTime(began));
        }
    }

    /// <summary>Whether a request is a call.</summary>
    public static bool IsCall(HttpContext context) => context.Request.ContentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Answers a call that comes to no service: with its status alone, among the headers.</summary>
    public Task FailAsync(HttpContext context, ServingException error)
    {
        services.Metrics.Rejected(error.Error);
        var headers = context.Response.Headers;
        headers.ContentType = ContentType;
        headers["grpc-status"] = ((int)StatusOf(error)).ToString(CultureInfo.InvariantCulture);
        headers["grpc-message"] = Uri.EscapeDataString(error.Message);
        foreach (var trailer in TrailersOf(error))
        {
            headers[trailer.Key] = trailer.Value;
        }

        return context.Response.StartAsync(context.RequestAborted);
    }

    private static StatusCode StatusOf(ServingException error) => error.Error switch
    {
        ServingError.InvalidArgument => StatusCode.InvalidArgument,
        ServingError.Unauthenticated => StatusCode.Unauthenticated,
        ServingError.Misdirected => StatusCode.PermissionDenied,
        ServingError.NotFound => StatusCode.NotFound,
        ServingError.TooLarge or ServingError.Overloaded => StatusCode.ResourceExhausted,
        ServingError.Unavailable => StatusCode.Unavailable,
        ServingError.DeadlineExceeded => StatusCode.DeadlineExceeded,
        ServingError.Unimplemented => StatusCode.Unimplemented,
        _ => StatusCode.Internal,
    };

    private static Metadata TrailersOf(ServingException error)
    {
        var trailers = new Metadata();
        if (error.RetryAfter is { } time)
        {
            trailers.Add(RetryAfter, Math.Ceiling(time.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        }

        return trailers;
    }

    private ServingException Understand(HttpContext http, Exception error)
    {
        switch (error)
        {
            case ServingException known:
                return known;
            case BeretException:
                return ServingException.Invalid(error.Message);
            default:
                services.Log.Defect(error, http.Request.Method, http.Request.Path, RequestId.Of(http));
                return new ServingException(ServingError.Internal, $"the server has a defect; its log says more of request {RequestId.Of(http)}");
        }
    }
}
