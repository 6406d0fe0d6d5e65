using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Beret.Server.Protocols;

/// <summary>The page at /, on which a person tries the models; and /models, which tells it and others what is served.</summary>
internal sealed class PlaygroundProtocol(ProtocolServices services) : WebProtocol(services)
{
    /// <summary>The page's files, which tell nothing of the models: a browser has no key before the page has asked for it.</summary>
    public static readonly IReadOnlyDictionary<string, string> Files = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["/"] = "index.html", ["/playground.css"] = "playground.css", ["/playground.js"] = "playground.js",
    };

    /// <summary>Nothing from elsewhere, nothing in the page's own text, and nobody's frame.</summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    protected override string Name => "playground";

    public async Task FileAsync(HttpContext context)
    {
        var file = Files[context.Request.Path.Value ?? "/"];
        context.Response.ContentType = Path.GetExtension(file) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => "text/html; charset=utf-8",
        };
        context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-cache";
        await EmbeddedFile.SendAsync(context, $"Playground.{file}").ConfigureAwait(false);
    }

    /// <summary>The models with their latest versions, those that are ready.</summary>
    public Task ModelsAsync(HttpContext context) => WriteAsync(context, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("models");
        foreach (var served in Models.Models)
        {
            if (served.TryAcquire(null, null) is not { } model)
            {
                continue;
            }

            json.WriteStartObject();
            json.WriteString("name", model.Name);
            json.WriteString("version", model.Number.ToString(CultureInfo.InvariantCulture));
            json.WriteString("task", model.Task);
            json.WriteStartArray("labels");
            foreach (var label in model.Labels)
            {
                json.WriteStringValue(label);
            }

            json.WriteEndArray();
            json.WriteNumber("max_length", model.Description.MaxLength);
            json.WriteEndObject();
            model.Release();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
