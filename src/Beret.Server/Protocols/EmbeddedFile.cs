using Microsoft.AspNetCore.Http;

namespace Beret.Server.Protocols;

/// <summary>Files that the server carries in itself.</summary>
internal static class EmbeddedFile
{
    /// <summary>Sends a file; what kind it is stands in the head already.</summary>
    public static async Task SendAsync(HttpContext context, string name)
    {
        await using var file = typeof(EmbeddedFile).Assembly.GetManifestResourceStream($"Beret.Server.{name}")!;
        context.Response.ContentLength = file.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await file.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
