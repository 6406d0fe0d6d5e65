using Microsoft.AspNetCore.Http;

namespace Beret.Server.Operations;

/// <summary>Who takes turns with others: the name of the API key, or else the address.</summary>
internal static class ClientName
{
    private static readonly object Key = new();

    public static string Of(HttpContext context) => context.Items[Key] as string ?? context.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    public static void Set(HttpContext context, string name) => context.Items[Key] = name;
}
