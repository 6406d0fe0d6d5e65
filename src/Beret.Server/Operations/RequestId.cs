using Microsoft.AspNetCore.Http;

namespace Beret.Server.Operations;

/// <summary>The name by which a request is found in the log: the client's own, or one that the server gives; it is in the answer's head.</summary>
internal static class RequestId
{
    public const string Header = "X-Request-Id";

    private const int Longest = 128;

    public static string Of(HttpContext context) => context.TraceIdentifier;

    /// <summary>Gives the request its name.</summary>
    public static void Set(HttpContext context)
    {
        if (context.Request.Headers.TryGetValue(Header, out var given) && given is [{ Length: > 0 and <= Longest } id] && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':'))
        {
            context.TraceIdentifier = id;
        }
        else
        {
            context.TraceIdentifier = Guid.NewGuid().ToString("N");
        }

        context.Response.Headers[Header] = context.TraceIdentifier;
    }
}
