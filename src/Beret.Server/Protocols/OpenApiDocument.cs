using Microsoft.AspNetCore.Http;

namespace Beret.Server.Protocols;

/// <summary>The description of the addresses for programs, /openapi.json.</summary>
internal static class OpenApiDocument
{
    private const string Resource = "Beret.Server.openapi.json";

    private static readonly byte[] Document = Read();

    public static async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Document.Length;
        await context.Response.Body.WriteAsync(Document, context.RequestAborted).ConfigureAwait(false);
    }

    private static byte[] Read()
    {
        using var stream = typeof(OpenApiDocument).Assembly.GetManifestResourceStream(Resource)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
