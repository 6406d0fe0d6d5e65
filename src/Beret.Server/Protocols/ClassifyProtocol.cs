using System.Globalization;
using System.Text.Json;
using Beret.Inference;
using Beret.Server.Json;
using Beret.Server.Scheduling;
using Beret.Server.Servables;
using Microsoft.AspNetCore.Http;

namespace Beret.Server.Protocols;

/// <summary>
/// Beret's own: POST /v1/classify with <c>{"text": …}</c>, <c>{"text": …, "pair": …}</c> or <c>{"texts": [text or {"text", "pair"}, …]}</c>, and where several models are served
/// <c>"model"</c>, <c>"version"</c>. The answer says for each text what predict says; a text that cannot be classified has its own error, and the others their answers.
/// </summary>
internal sealed class ClassifyProtocol(ProtocolServices services) : WebProtocol(services)
{
    private static readonly string[] Members = ["model", "version", "text", "pair", "texts"];

    protected override string Name => "classify";

    public async Task ClassifyAsync(HttpContext context)
    {
        var request = await ReadObjectAsync(context).ConfigureAwait(false);
        foreach (var member in request.Members)
        {
            if (!Members.Contains(member.Key))
            {
                throw ServingException.Invalid($"there is no member \"{member.Key}\"; a request has {string.Join(", ", Members)}");
            }
        }

        var texts = Texts(request);
        var model = Models.Acquire(Spec(request));
        try
        {
            var outcomes = await Service.ClassifyAsync(model, texts, CallerOf(context)).ConfigureAwait(false);
            if (request["texts"] is null)
            {
                _ = outcomes[0].Value;
            }

            await WriteAsync(context, json => Write(json, model, outcomes)).ConfigureAwait(false);
        }
        finally
        {
            model.Release();
        }
    }

    /// <summary>Writes what one text is said to be, into an object.</summary>
    public static void WritePrediction(Utf8JsonWriter json, ModelVersion model, Prediction prediction)
    {
        PredictionJson.WriteAnswer(json, prediction, model.Description.ClassificationTask);
        json.WriteNumber("tokens", prediction.Tokens);
        json.WriteNumber("tokens_cut", prediction.TokensCut);
        json.WriteNumber("windows", prediction.Windows);
    }

    protected override void WriteError(Utf8JsonWriter json, ServingException error)
    {
        json.WriteStartObject();
        json.WriteString("error", error.Message);
        json.WriteString("code", Code(error.Error));
        json.WriteEndObject();
    }

    private static string Code(ServingError error) => error switch
    {
        ServingError.InvalidArgument => "invalid_argument",
        ServingError.Unauthenticated => "unauthenticated",
        ServingError.NotFound => "not_found",
        ServingError.TooLarge => "too_large",
        ServingError.Overloaded => "overloaded",
        ServingError.Unavailable => "unavailable",
        ServingError.DeadlineExceeded => "deadline_exceeded",
        ServingError.Unimplemented => "unimplemented",
        _ => "internal",
    };

    private static ModelSpec Spec(JsonValue request)
    {
        var name = request["model"] switch
        {
            null => null,
            { Kind: JsonKind.String } given => given.Text,
            _ => throw ServingException.Invalid("model is not a string"),
        };
        return request["version"] switch
        {
            null => new ModelSpec(name),
            { } number when number.TryGetInteger(out var version) && version >= 0 => new ModelSpec(name, version),
            { Kind: JsonKind.String } label when long.TryParse(label.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) => new ModelSpec(name, version),
            { Kind: JsonKind.String } label => new ModelSpec(name, Label: label.Text),
            _ => throw ServingException.Invalid("version is neither a whole number nor a label"),
        };
    }

    private static List<TextPair> Texts(JsonValue request)
    {
        if (request["texts"] is not { } texts)
        {
            return request["text"] is null
                ? throw ServingException.Invalid("there is no text: a request has either \"text\" (and maybe \"pair\") or \"texts\"")
                : [Pair(request, "")];
        }

        if (request["text"] is not null || request["pair"] is not null)
        {
            throw ServingException.Invalid("a request has either \"text\" (and maybe \"pair\") or \"texts\", not both");
        }

        if (texts.Kind != JsonKind.Array || texts.Items.Count == 0)
        {
            throw ServingException.Invalid("texts is not a list of at least one text");
        }

        return [.. texts.Items.Select((text, i) => text.Kind switch
        {
            JsonKind.String => new TextPair(text.Text),
            JsonKind.Object => Pair(text, $"texts[{i}]."),
            _ => throw ServingException.Invalid($"texts[{i}] is neither a string nor an object with text and pair"),
        })];
    }

    private static TextPair Pair(JsonValue value, string place)
    {
        var text = value["text"] is { Kind: JsonKind.String } first ? first.Text : throw ServingException.Invalid($"{place}text is not a string");
        return value["pair"] switch
        {
            null or { Kind: JsonKind.Null } => new TextPair(text),
            { Kind: JsonKind.String } second => new TextPair(text, second.Text),
            _ => throw ServingException.Invalid($"{place}pair is not a string"),
        };
    }

    private static void Write(Utf8JsonWriter json, ModelVersion model, IReadOnlyList<TextOutcome> outcomes)
    {
        json.WriteStartObject();
        json.WriteString("model", model.Name);
        json.WriteString("version", model.Number.ToString(CultureInfo.InvariantCulture));
        json.WriteString("task", model.Task);
        json.WriteStartArray("results");
        foreach (var outcome in outcomes)
        {
            json.WriteStartObject();
            if (outcome.Prediction is { } prediction)
            {
                WritePrediction(json, model, prediction);
            }
            else
            {
                json.WriteString("error", outcome.Failure.Message);
                json.WriteString("code", Code(outcome.Failure.Error));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
