using System.Globalization;
using System.Text.Json;
using Beret.Server.Servables;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>Models, versions and labels as TensorFlow Serving finds and describes them.</summary>
internal static class TensorFlowModels
{
    public const string StringType = "DT_STRING";

    private const string FloatType = "DT_FLOAT";
    private const string Scores = "scores";

    /// <summary>Takes a lease on what a request wants.</summary>
    /// <exception cref="ServingException">It is not served, or not yet.</exception>
    public static ModelVersion Acquire(ModelStore store, ModelSpec spec)
    {
        var model = store.Find(spec.Name) ?? throw NotServed(spec);
        return ModelStore.Acquire(model, Resolve(model, spec)) ?? throw NotServed(spec);
    }

    /// <summary>How it stands with the versions that a request wants to know of.</summary>
    /// <exception cref="ServingException">There is none.</exception>
    public static IReadOnlyList<VersionStatus> Statuses(ModelStore store, ModelSpec spec)
    {
        var model = store.Find(spec.Name) ?? throw ServingException.NotFound($"Could not find any versions of model {spec.Name}");
        var version = Resolve(model, spec).Version;
        var found = model.Statuses.Where(status => version is null || status.Number == version).ToList();
        return found.Count > 0 ? found : throw ServingException.NotFound(version is null
            ? $"Could not find any versions of model {spec.Name}"
            : $"Could not find version {version} of model {spec.Name}");
    }

    public static string StateOf(VersionStatus status) => status.State.ToString().ToUpperInvariant();

    public static void WriteStatus(Utf8JsonWriter json, IReadOnlyList<VersionStatus> statuses)
    {
        json.WriteStartObject();
        json.WriteStartArray("model_version_status");
        foreach (var status in statuses)
        {
            json.WriteStartObject();
            json.WriteString("version", status.Number.ToString(CultureInfo.InvariantCulture));
            json.WriteString("state", StateOf(status));
            json.WriteStartObject("status");
            json.WriteString("error_code", status.Error is null ? "OK" : "INVALID_ARGUMENT");
            json.WriteString("error_message", status.Error ?? "");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteMetadata(Utf8JsonWriter json, ModelVersion model)
    {
        json.WriteStartObject();
        json.WriteStartObject("model_spec");
        json.WriteString("name", model.Name);
        json.WriteString("signature_name", "");
        json.WriteString("version", model.Number.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteStartObject("metadata");
        json.WriteStartObject("signature_def");
        json.WriteStartObject("signature_def");
        foreach (var signature in TensorFlowSignature.Of(model))
        {
            json.WriteStartObject(signature.Name);
            json.WriteStartObject("inputs");
            foreach (var input in signature.Inputs)
            {
                WriteTensor(json, input, StringType, [-1], TensorName(signature, input));
            }

            json.WriteEndObject();
            json.WriteStartObject("outputs");
            foreach (var (name, type, shape) in Outputs(model, signature))
            {
                WriteTensor(json, name, type, shape, OutputName(name));
            }

            json.WriteEndObject();
            json.WriteString("method_name", signature.Method);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The outputs of a signature: name, type, and shape with −1 for the number of texts.</summary>
    public static IReadOnlyList<(string Name, string Type, long[] Shape)> Outputs(ModelVersion model, TensorFlowSignature signature) => signature.Method switch
    {
        TensorFlowSignature.ClassifyMethod => [("classes", StringType, [-1, model.Labels.Count]), (Scores, FloatType, [-1, model.Labels.Count])],
        TensorFlowSignature.RegressMethod => [("outputs", FloatType, [-1])],
        _ => [(TensorFlowSignature.Output, FloatType, [-1, model.Outputs])],
    };

    /// <summary>The name that an input would have in a graph.</summary>
    public static string TensorName(TensorFlowSignature signature, string input) => $"{signature.Name}_{input}:0";

    /// <summary>The name that an output would have in a graph.</summary>
    public static string OutputName(string output) => $"StatefulPartitionedCall:{(output == Scores ? 1 : 0)}";

    private static ModelSpec Resolve(ServedModel model, ModelSpec spec) => spec.Label is not { } label
        ? spec
        : model.Labels.TryGetValue(label, out var version)
            ? spec with { Version = version, Label = null }
            : throw ServingException.Invalid($"Unrecognized servable version label: {label}");

    private static ServingException NotServed(ModelSpec spec) => ServingException.NotFound(
        $"Servable not found for request: {(spec.Version is { } version ? string.Create(CultureInfo.InvariantCulture, $"Specific({spec.Name}, {version})") : $"Latest({spec.Name})")}");

    private static void WriteTensor(Utf8JsonWriter json, string key, string type, long[] shape, string name)
    {
        json.WriteStartObject(key);
        json.WriteString("dtype", type);
        json.WriteStartObject("tensor_shape");
        json.WriteStartArray("dim");
        foreach (var size in shape)
        {
            json.WriteStartObject();
            json.WriteString("size", size.ToString(CultureInfo.InvariantCulture));
            json.WriteString("name", "");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("unknown_rank", false);
        json.WriteEndObject();
        json.WriteString("name", name);
        json.WriteEndObject();
    }
}
