using System.Globalization;
using System.Text.Json;
using Beret.Inference;
using Beret.Numerics;
using Beret.Server.Json;
using Beret.Server.Servables;
using Beret.Tasks;
using Microsoft.AspNetCore.Http;

namespace Beret.Server.Protocols.TextEmbeddings;

/// <summary>
/// What clients of Hugging Face's Text Embeddings Inference call of a classifier: /predict, /info and /health (github.com/huggingface/text-embeddings-inference, docs/openapi.json). Scores
/// are the probabilities of the task: those of several labels do not add up to one. The model is the first that is served.
/// </summary>
internal sealed class TextEmbeddingsProtocol(ProtocolServices services) : WebProtocol(services)
{
    private const string EmptyBatch = "`inputs` cannot be empty";

    protected override string Name => "text-embeddings";

    public async Task PredictAsync(HttpContext context)
    {
        var request = await ReadObjectAsync(context).ConfigureAwait(false);
        var (texts, isBatch) = Inputs(request["inputs"] ?? throw ServingException.Invalid("missing field `inputs`"));
        var (raw, truncate) = (Flag(request, "raw_scores"), Flag(request, "truncate"));
        if (request["truncation_direction"] is { } direction && direction is not { Kind: JsonKind.String, Text: "right" or "Right" })
        {
            throw ServingException.Invalid("`truncation_direction` is served as right only: how longer texts are read belongs to the model");
        }

        var model = Models.Acquire(new ModelSpec(null));
        try
        {
            var outcomes = await Service.ClassifyAsync(model, texts, CallerOf(context), refuseCut: !truncate).ConfigureAwait(false);
            var predictions = outcomes.Select(outcome => outcome.Value).ToList();
            await WriteAsync(context, json =>
            {
                if (isBatch)
                {
                    json.WriteStartArray();
                }

                foreach (var prediction in predictions)
                {
                    Write(json, model, prediction, raw);
                }

                if (isBatch)
                {
                    json.WriteEndArray();
                }
            }).ConfigureAwait(false);
        }
        finally
        {
            model.Release();
        }
    }

    public async Task InfoAsync(HttpContext context)
    {
        var model = Models.Acquire(new ModelSpec(null));
        try
        {
            await WriteAsync(context, json => WriteInfo(json, model)).ConfigureAwait(false);
        }
        finally
        {
            model.Release();
        }
    }

    public Task HealthAsync(HttpContext context)
    {
        if (!Models.IsReady)
        {
            throw new ServingException(ServingError.Unavailable, "unhealthy");
        }

        context.Response.StatusCode = StatusCodes.Status200OK;
        return Task.CompletedTask;
    }

    protected override int StatusOf(ServingException error) => error.Error switch
    {
        ServingError.InvalidArgument => error is { Message: EmptyBatch } ? StatusCodes.Status400BadRequest : StatusCodes.Status422UnprocessableEntity,
        ServingError.Internal or ServingError.DeadlineExceeded => StatusCodes.Status424FailedDependency,
        _ => base.StatusOf(error),
    };

    protected override void WriteError(Utf8JsonWriter json, ServingException error)
    {
        json.WriteStartObject();
        json.WriteString("error", error.Message);
        json.WriteString("error_type", error.Error switch
        {
            ServingError.Overloaded => "Overloaded",
            ServingError.Unavailable => "Unhealthy",
            ServingError.Internal or ServingError.DeadlineExceeded => "Backend",
            ServingError.InvalidArgument when error.InnerException is BeretException => "Tokenizer",
            _ => "Validation",
        });
        json.WriteEndObject();
    }

    /// <summary>A text; a list of two texts, which is a pair; or a list of lists of one or two texts.</summary>
    private static (List<TextPair> Texts, bool IsBatch) Inputs(JsonValue inputs)
    {
        if (inputs.Kind == JsonKind.String)
        {
            return ([new TextPair(inputs.Text)], false);
        }

        if (inputs.Kind != JsonKind.Array)
        {
            throw ServingException.Invalid("`inputs` is neither a text nor a list");
        }

        if (inputs.Items.Count == 0)
        {
            throw ServingException.Invalid(EmptyBatch);
        }

        return inputs.Items[0].Kind == JsonKind.String
            ? ([PairOf(inputs) ?? throw ServingException.Invalid(
                $"`inputs` is a list of {inputs.Items.Count} texts: a list of two is a pair, and a batch is a list of lists, such as [[\"a\"], [\"b\"]]")], false)
            : ([.. inputs.Items.Select((item, i) => (item.Kind == JsonKind.Array && item.Items is [var only] ? TextOf(only) is { } text ? new TextPair(text) : null : PairOf(item))
                ?? throw ServingException.Invalid($"`inputs`[{i}] is not a list of one or two texts"))], true);
    }

    private static TextPair? PairOf(JsonValue value) =>
        value.Kind == JsonKind.Array && value.Items is [var first, var second] && TextOf(first) is { } text && TextOf(second) is { } pair ? new TextPair(text, pair) : null;

    private static string? TextOf(JsonValue value) => value.Kind == JsonKind.String ? value.Text : null;

    private static bool Flag(JsonValue request, string name) => request[name] switch
    {
        null or { Kind: JsonKind.Null } => false,
        { IsBoolean: true } flag => flag.Kind == JsonKind.True,
        _ => throw ServingException.Invalid($"`{name}` is neither true nor false"),
    };

    /// <summary>The labels, the highest score first. A binary model has one raw score, that of its positive label.</summary>
    private static void Write(Utf8JsonWriter json, ModelVersion model, Prediction prediction, bool raw)
    {
        IEnumerable<(string Label, double Score)> scores = model.Task switch
        {
            TaskNames.Regression => [(model.Labels[0], prediction.Score)],
            TaskNames.Binary when raw => [(model.Labels[1], prediction.Logits[0])],
            _ => model.Labels.Select((label, i) => (Label: label, Score: raw ? prediction.Logits[i] : prediction.Probabilities[i])).OrderByDescending(one => one.Score),
        };
        json.WriteStartArray();
        foreach (var (label, score) in scores)
        {
            json.WriteStartObject();
            json.WriteNumber("score", (float)score);
            json.WriteString("label", label);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteInfo(Utf8JsonWriter json, ModelVersion model)
    {
        json.WriteStartObject();
        json.WriteString("model_id", model.Name);
        json.WriteNull("model_sha");
        json.WriteString("model_dtype", model.Description.Precision.Format());
        json.WriteStartObject("model_type");
        json.WriteStartObject("classifier");
        json.WriteStartObject("id2label");
        for (var i = 0; i < model.Labels.Count; i++)
        {
            json.WriteString(i.ToString(CultureInfo.InvariantCulture), model.Labels[i]);
        }

        json.WriteEndObject();
        json.WriteStartObject("label2id");
        for (var i = 0; i < model.Labels.Count; i++)
        {
            json.WriteNumber(model.Labels[i], i);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteNumber("max_concurrent_requests", Server.MostRequests);
        json.WriteNumber("max_input_length", model.Description.MaxLength);
        json.WriteNumber("max_batch_tokens", Server.BatchTokens);
        json.WriteNull("max_batch_requests");
        json.WriteNumber("max_client_batch_size", Server.MostTexts);
        json.WriteBoolean("auto_truncate", false);
        json.WriteNumber("tokenization_workers", Environment.ProcessorCount);
        json.WriteString("version", Server.Version);
        json.WriteNull("sha");
        json.WriteNull("docker_label");
        json.WriteEndObject();
    }
}
