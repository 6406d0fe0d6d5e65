using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Server.Json;
using Beret.Server.Operations;
using Beret.Server.Servables;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Protocols;

/// <summary>What the protocols over HTTP have in common: a body of JSON in, JSON out, and errors as <c>{"error": …}</c> with a status of the protocol's.</summary>
internal abstract class WebProtocol(ProtocolServices services)
{
    /// <summary>What nginx calls a client that did not wait for its answer. It is only ever logged: nobody is there to read it.</summary>
    private const int ClientClosedRequest = 499;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What the metrics call it.</summary>
    protected abstract string Name { get; }

    protected ModelStore Models => services.Models;

    protected ClassificationService Service => services.Classification;

    protected ServerInformation Server => services.Server;

    /// <summary>Makes a handler whose exceptions become the protocol's errors.</summary>
    public RequestDelegate Handle(Func<HttpContext, Task> answer) => async context =>
    {
        var began = services.Clock.GetTimestamp();
        try
        {
            await answer(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = ClientClosedRequest;
        }
        catch (Exception error)
        {
            await FailAsync(context, Understand(context, error)).ConfigureAwait(false);
        }

        services.Metrics.RequestAnswered(Name, context.Response.StatusCode, services.Clock.GetElapsedTime(began));
    };

    /// <summary>Answers with an error.</summary>
    public async Task FailAsync(HttpContext context, ServingException error)
    {
        services.Metrics.Rejected(error.Error);
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        if (error.RetryAfter is { } time)
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        await WriteAsync(context, json => WriteError(json, error), StatusOf(error)).ConfigureAwait(false);
    }

    /// <summary>The status of an error.</summary>
    protected virtual int StatusOf(ServingException error) => error.Error switch
    {
        ServingError.InvalidArgument => StatusCodes.Status400BadRequest,
        ServingError.Unauthenticated => StatusCodes.Status401Unauthorized,
        ServingError.Misdirected => StatusCodes.Status421MisdirectedRequest,
        ServingError.NotFound => StatusCodes.Status404NotFound,
        ServingError.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ServingError.Overloaded => StatusCodes.Status429TooManyRequests,
        ServingError.Unimplemented => StatusCodes.Status501NotImplemented,
        ServingError.Unavailable => StatusCodes.Status503ServiceUnavailable,
        ServingError.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Writes the body of an error, an object.</summary>
    protected virtual void WriteError(Utf8JsonWriter json, ServingException error)
    {
        json.WriteStartObject();
        json.WriteString("error", error.Message);
        json.WriteEndObject();
    }

    /// <summary>Reads the body, whose size Kestrel limits.</summary>
    protected static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream(context.Request.ContentLength is > 0 and < 1 << 20 and var length ? (int)length : 0);
        await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    /// <summary>Reads the body as a JSON object.</summary>
    /// <exception cref="JsonSyntaxException">It is not JSON.</exception>
    /// <exception cref="ServingException">It is not an object.</exception>
    protected static async Task<JsonValue> ReadObjectAsync(HttpContext context)
    {
        var body = await ReadAsync(context).ConfigureAwait(false);
        var value = JsonReader.Parse(body.Span);
        return value.Kind == JsonKind.Object ? value : throw ServingException.Invalid($"the body is not a JSON object but {value.Kind.ToString().ToLowerInvariant()}");
    }

    /// <summary>Answers with JSON.</summary>
    protected static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK)
    {
        using var body = new MemoryStream();
        await using (var json = new Utf8JsonWriter(body, Writing))
        {
            write(json);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted).ConfigureAwait(false);
    }

    protected static Caller CallerOf(HttpContext context) => new(ClientName.Of(context), context.RequestAborted);

    private ServingException Understand(HttpContext context, Exception error)
    {
        switch (error)
        {
            case ServingException known:
                return known;
            case JsonSyntaxException:
                return ServingException.Invalid(error.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return new ServingException(ServingError.TooLarge, $"the body is larger than the {services.Server.MostBytes} bytes that the server takes");
            case BadHttpRequestException or InvalidDataException:
                return ServingException.Invalid($"the request cannot be read: {error.Message}");
            case BeretException:
                return ServingException.Invalid(error.Message);
            default:
                services.Log.Defect(error, context.Request.Method, context.Request.Path, RequestId.Of(context));
                return new ServingException(ServingError.Internal, $"the server has a defect; its log says more of request {RequestId.Of(context)}");
        }
    }
}
