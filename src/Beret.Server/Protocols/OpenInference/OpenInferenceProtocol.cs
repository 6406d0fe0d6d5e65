using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Inference;
using Beret.Server.Json;
using Beret.Server.Scheduling;
using Beret.Server.Servables;
using Microsoft.AspNetCore.Http;

namespace Beret.Server.Protocols.OpenInference;

/// <summary>
/// The Open Inference Protocol over HTTP (github.com/kserve/open-inference-protocol, inference_rest.md), which KServe, Triton and others speak, with Triton's extension for tensors as
/// bytes, which its clients use unless told otherwise.
/// </summary>
internal sealed class OpenInferenceProtocol(ProtocolServices services) : WebProtocol(services)
{
    public const string Extension = "binary_tensor_data";
    public const string Platform = "beret_classifier";

    private const string HeaderLength = "Inference-Header-Content-Length";

    protected override string Name => "open-inference";

    public Task LiveAsync(HttpContext context) => WriteAsync(context, json => WriteFlag(json, "live", true));

    public Task ReadyAsync(HttpContext context) => WriteAsync(
        context, json => WriteFlag(json, "live", Models.IsReady), Models.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);

    public Task ServerAsync(HttpContext context) => WriteAsync(context, json =>
    {
        json.WriteStartObject();
        json.WriteString("name", "beret");
        json.WriteString("version", Server.Version);
        json.WriteStartArray("extensions");
        json.WriteStringValue(Extension);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    public Task ModelReadyAsync(HttpContext context)
    {
        var spec = Spec(context);
        var model = Models.Find(spec.Name) ?? throw ServingException.NotFound($"there is no model '{spec.Name}'");
        var version = model.TryAcquire(spec.Version, spec.Label);
        version?.Release();
        return WriteAsync(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("name", model.Name);
                json.WriteBoolean("ready", version is not null);
                json.WriteEndObject();
            },
            version is not null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    public async Task ModelAsync(HttpContext context)
    {
        var model = Models.Acquire(Spec(context));
        try
        {
            var versions = Models.Find(model.Name)!.Statuses.Where(status => status.State == VersionState.Available);
            await WriteAsync(context, json =>
            {
                json.WriteStartObject();
                json.WriteString("name", model.Name);
                json.WriteStartArray("versions");
                foreach (var version in versions)
                {
                    json.WriteStringValue(version.Number.ToString(CultureInfo.InvariantCulture));
                }

                json.WriteEndArray();
                json.WriteString("platform", Platform);
                json.WriteStartArray("inputs");
                WriteTensor(json, InputTensor.Text, OutputTensor.Bytes, [-1]);
                json.WriteEndArray();
                json.WriteStartArray("outputs");
                foreach (var output in OutputTensor.Of(model))
                {
                    WriteTensor(json, output.Name, output.Datatype, output.Shape);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }).ConfigureAwait(false);
        }
        finally
        {
            model.Release();
        }
    }

    public async Task InferAsync(HttpContext context)
    {
        var body = await ReadAsync(context).ConfigureAwait(false);
        var split = body.Length;
        if (context.Request.Headers[HeaderLength] is [{ } length])
        {
            split = int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size <= body.Length
                ? size
                : throw ServingException.Invalid($"{HeaderLength} is '{length}', and the body has {body.Length} bytes");
        }

        var json = JsonReader.Parse(body.Span[..split]);
        var request = InferRequest.Read(json, body[split..]);
        var model = Models.Acquire(Spec(context));
        try
        {
            _ = OutputTensor.Choose(model, request.Outputs?.Select(output => output.Name).ToList());
            var outcomes = await Service.ClassifyAsync(model, request.Texts, CallerOf(context)).ConfigureAwait(false);
            var outputs = OutputTensor.Of(model, [.. outcomes.Select(outcome => outcome.Value)]);
            await AnswerAsync(context, model, request, request.Outputs is { } wanted
                ? [.. wanted.Select(one => (outputs.First(output => output.Name == one.Name), one.IsBinary || request.IsBinary))]
                : [.. outputs.Select(output => (output, request.IsBinary))]).ConfigureAwait(false);
        }
        finally
        {
            model.Release();
        }
    }

    private static async Task AnswerAsync(HttpContext context, ModelVersion model, InferRequest request, IReadOnlyList<(OutputTensor Tensor, bool IsBinary)> outputs)
    {
        var raw = outputs.Select(output => output.IsBinary ? output.Tensor.ToRaw() : null).ToList();
        if (raw.All(bytes => bytes is null))
        {
            await WriteAsync(context, Write).ConfigureAwait(false);
            return;
        }

        using var body = new MemoryStream();
        await using (var json = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(json);
        }

        context.Response.Headers[HeaderLength] = body.Length.ToString(CultureInfo.InvariantCulture);
        foreach (var bytes in raw)
        {
            body.Write(bytes ?? []);
        }

        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted).ConfigureAwait(false);

        void Write(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("model_name", model.Name);
            json.WriteString("model_version", model.Number.ToString(CultureInfo.InvariantCulture));
            if (request.Id is { } id)
            {
                json.WriteString("id", id);
            }

            json.WriteStartArray("outputs");
            for (var i = 0; i < outputs.Count; i++)
            {
                WriteOutput(json, outputs[i].Tensor, raw[i]?.Length);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static void WriteOutput(Utf8JsonWriter json, OutputTensor output, int? rawBytes)
    {
        json.WriteStartObject();
        WriteTensorMembers(json, output.Name, output.Datatype, output.Shape);
        if (rawBytes is { } size)
        {
            json.WriteStartObject("parameters");
            json.WriteNumber("binary_data_size", size);
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartArray("data");
            foreach (var value in output.Floats)
            {
                json.WriteNumberValue(value);
            }

            foreach (var text in output.Strings)
            {
                json.WriteStringValue(text);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteTensor(Utf8JsonWriter json, string name, string datatype, IReadOnlyList<long> shape)
    {
        json.WriteStartObject();
        WriteTensorMembers(json, name, datatype, shape);
        json.WriteEndObject();
    }

    private static void WriteTensorMembers(Utf8JsonWriter json, string name, string datatype, IReadOnlyList<long> shape)
    {
        json.WriteString("name", name);
        json.WriteString("datatype", datatype);
        json.WriteStartArray("shape");
        foreach (var size in shape)
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
    }

    private static void WriteFlag(Utf8JsonWriter json, string name, bool value)
    {
        json.WriteStartObject();
        json.WriteBoolean(name, value);
        json.WriteEndObject();
    }

    private static ModelSpec Spec(HttpContext context)
    {
        var name = (string?)context.Request.RouteValues["model"];
        return OpenInferenceVersion.Spec(name, (string?)context.Request.RouteValues["version"]);
    }
}
