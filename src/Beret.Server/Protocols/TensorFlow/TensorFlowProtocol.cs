using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Beret.Inference;
using Beret.Server.Json;
using Beret.Server.Scheduling;
using Beret.Server.Servables;
using Microsoft.AspNetCore.Http;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>
/// TensorFlow Serving's REST API, with its paths, formats, messages and codes (github.com/tensorflow/serving, g3doc/api_rest.md). A model answers as the one that the tutorial saves:
/// <c>text</c> in, the logits <c>classifier</c> out.
/// </summary>
internal sealed partial class TensorFlowProtocol(ProtocolServices services) : WebProtocol(services)
{
    protected override string Name => "tensorflow";

    /// <summary>Answers everything below /v1/models.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value ?? "");
        if (HttpMethods.IsPost(method) && CallPath().Match(path) is { Success: true } call)
        {
            var spec = Spec(call);
            return call.Groups["call"].Value.ToLowerInvariant() switch
            {
                "predict" => PredictAsync(context, spec),
                "classify" => ClassifyAsync(context, spec),
                _ => RegressAsync(context, spec),
            };
        }

        if (HttpMethods.IsGet(method) && StatusPath().Match(path) is { Success: true } status)
        {
            return status.Groups["name"].Success
                ? status.Groups["metadata"].Success ? MetadataAsync(context, Spec(status)) : StatusAsync(context, Spec(status))
                : throw ServingException.Invalid("Missing model name in request.");
        }

        throw ServingException.Invalid($"Malformed request: {method} {path}");
    }

    private async Task PredictAsync(HttpContext context, ModelSpec spec)
    {
        var request = await ReadRequestAsync(context).ConfigureAwait(false);
        var name = PredictRequestReader.SignatureOf(request);
        var model = Acquire(spec);
        try
        {
            var signature = TensorFlowSignature.ForPredict(model, name);
            var read = PredictRequestReader.Read(request, signature);
            var answers = await ClassifyAsync(context, model, read.Texts).ConfigureAwait(false);
            await WriteAsync(context, json => WriteLogits(json, read.IsRow ? "predictions" : "outputs", answers)).ConfigureAwait(false);
        }
        finally
        {
            model.Release();
        }
    }

    private async Task ClassifyAsync(HttpContext context, ModelSpec spec)
    {
        var answers = await AnswerExamplesAsync(context, spec, TensorFlowSignature.Classify).ConfigureAwait(false);
        await WriteAsync(context, json => WriteResults(json, answers.Texts, answer =>
        {
            json.WriteStartArray();
            for (var i = 0; i < answers.Labels.Count; i++)
            {
                json.WriteStartArray();
                json.WriteStringValue(answers.Labels[i]);
                TensorFlowNumber.Write(json, (float)answer.Probabilities[i]);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        })).ConfigureAwait(false);
    }

    private async Task RegressAsync(HttpContext context, ModelSpec spec)
    {
        var answers = await AnswerExamplesAsync(context, spec, TensorFlowSignature.Regress).ConfigureAwait(false);
        await WriteAsync(context, json => WriteResults(json, answers.Texts, answer => TensorFlowNumber.Write(json, (float)answer.Score))).ConfigureAwait(false);
    }

    private async Task<(IReadOnlyList<Prediction> Texts, IReadOnlyList<string> Labels)> AnswerExamplesAsync(HttpContext context, ModelSpec spec, TensorFlowSignature wanted)
    {
        var request = await ReadRequestAsync(context).ConfigureAwait(false);
        var name = PredictRequestReader.SignatureOf(request);
        var texts = ExamplesReader.Read(request);
        var model = Acquire(spec);
        try
        {
            TensorFlowSignature.CheckExamples(model, name, wanted);
            return (await ClassifyAsync(context, model, texts).ConfigureAwait(false), model.Labels);
        }
        finally
        {
            model.Release();
        }
    }

    private async Task<IReadOnlyList<Prediction>> ClassifyAsync(HttpContext context, ModelVersion model, IReadOnlyList<TextPair> texts) =>
        [.. (await Service.ClassifyAsync(model, texts, CallerOf(context)).ConfigureAwait(false)).Select(outcome => outcome.Value)];

    private Task StatusAsync(HttpContext context, ModelSpec spec)
    {
        var statuses = TensorFlowModels.Statuses(Models, spec);
        return WriteAsync(context, json => TensorFlowModels.WriteStatus(json, statuses));
    }

    private async Task MetadataAsync(HttpContext context, ModelSpec spec)
    {
        var model = Acquire(spec);
        try
        {
            await WriteAsync(context, json => TensorFlowModels.WriteMetadata(json, model)).ConfigureAwait(false);
        }
        finally
        {
            model.Release();
        }
    }

    private ModelVersion Acquire(ModelSpec spec) => TensorFlowModels.Acquire(Models, spec);

    /// <summary>The body; unlike other protocols this one says what is no object in its own words.</summary>
    private static async Task<JsonValue> ReadRequestAsync(HttpContext context)
    {
        var body = await ReadAsync(context).ConfigureAwait(false);
        if (body.IsEmpty)
        {
            throw ServingException.Invalid("JSON Parse error: The document is empty");
        }

        var value = JsonReader.Parse(body.Span);
        return value.Kind == JsonKind.Object ? value : throw ServingException.Invalid($"JSON Value: {value} Is not object");
    }

    private static ModelSpec Spec(Match path)
    {
        long? version = null;
        if (path.Groups["version"] is { Success: true } digits)
        {
            version = long.TryParse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw ServingException.Invalid($"Failed to convert version: {digits.Value} to numeric.");
        }

        return new ModelSpec(path.Groups["name"].Value, version, path.Groups["label"] is { Success: true } label ? label.Value : null);
    }

    private static void WriteLogits(Utf8JsonWriter json, string key, IReadOnlyList<Prediction> answers)
    {
        json.WriteStartObject();
        json.WriteStartArray(key);
        foreach (var answer in answers)
        {
            json.WriteStartArray();
            foreach (var logit in answer.Logits)
            {
                TensorFlowNumber.Write(json, logit);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteResults(Utf8JsonWriter json, IReadOnlyList<Prediction> answers, Action<Prediction> write)
    {
        json.WriteStartObject();
        json.WriteStartArray("results");
        foreach (var answer in answers)
        {
            write(answer);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    [GeneratedRegex(@"^/v1/models/(?<name>[^/:]+)(?:/versions/(?<version>[0-9]+)|/labels/(?<label>[^/:]+))?:(?<call>classify|regress|predict)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CallPath();

    [GeneratedRegex(@"^/v1/models(?:/(?<name>[^/:]+))?(?:/versions/(?<version>[0-9]+)|/labels/(?<label>[^/:]+))?(?:/(?<metadata>metadata))?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex StatusPath();
}
