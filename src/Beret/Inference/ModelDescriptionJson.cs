using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Checkpoints;
using Beret.Hub;
using Beret.Numerics;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Inference;

/// <summary>beret.json: reading with every value checked, and writing.</summary>
internal static class ModelDescriptionJson
{
    private const long LongestFile = 16 << 20;
    private const int MostTokens = 1 << 20;
    private const int MostLabels = 1 << 20;

    // [CLS], [SEP] and, for a pair, another [SEP].
    private const int FewestTokens = 3;

    public static ModelDescription? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            if (new FileInfo(path).Length > LongestFile)
            {
                throw new InferenceException($"{path} is larger than {LongestFile >> 20} MiB, so it is no model description");
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(new Fields(document.RootElement, path, ""));
        }
        catch (JsonException error)
        {
            throw new InferenceException($"{path} is not valid JSON: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InferenceException($"{path} cannot be read: {error.Message}", error);
        }
    }

    public static void Write(Stream stream, ModelDescription description)
    {
        using (var json = new Utf8JsonWriter(
            stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("format_version", ModelDescription.CurrentFormat);
            json.WriteString("beret_version", description.Version);
            json.WriteString("task", description.Task);
            json.WriteStartArray("labels");
            foreach (var label in description.Labels)
            {
                json.WriteStringValue(label);
            }

            json.WriteEndArray();
            json.WriteStartObject("tokenizer");
            json.WriteString("flavour", description.Flavour.Format());
            json.WriteNumber("max_length", description.MaxLength);
            json.WriteString("truncation", description.Truncation.Format());
            if (description.Truncation == Truncation.Windows)
            {
                json.WriteNumber("window_overlap", description.EncodeOptions.Overlap);
                json.WriteString("window_pooling", description.WindowPooling.Format());
            }

            json.WriteString("pair_truncation", description.PairTruncation.Format());
            json.WriteEndObject();
            json.WriteString("precision", description.Precision.Format());
            if (description.BaseModel is not null || description.BaseSource is not null)
            {
                json.WriteStartObject("base_model");
                json.WriteString("name", description.BaseModel);
                json.WriteString("source", description.BaseSource is { } source ? Format(source) : null);
                json.WriteEndObject();
            }

            if (description.Teacher is { } teacher)
            {
                json.WriteString("teacher", teacher);
            }

            if (description.DataOrigin is not null || description.DataFingerprint is not null)
            {
                json.WriteStartObject("data");
                json.WriteString("origin", description.DataOrigin);
                json.WriteString("sha256", description.DataFingerprint);
                json.WriteEndObject();
            }

            if (description.Recipe is { } recipe)
            {
                json.WritePropertyName("recipe");
                recipe.WriteTo(json);
            }

            json.WriteStartObject("sha256");
            foreach (var (file, sum) in description.Checksums.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(file, sum);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private static string Format(ModelSource source) => source == ModelSource.TensorFlow ? "tensorflow" : "hugging_face";

    private static ModelDescription Read(Fields fields)
    {
        // First of all: a file of another version may mean something else by every other name.
        var format = fields.Whole("format_version", 0, int.MaxValue);
        if (format != ModelDescription.CurrentFormat)
        {
            throw fields.Error(
                $"format_version is {format}, and this program reads {ModelDescription.CurrentFormat}: use the version of beret that wrote the folder"
                + $" ({CheckpointException.Quote(fields.OptionalText("beret_version") ?? "not named")}), or a later one");
        }

        var task = fields.Text("task");
        var labels = fields.Labels();
        RequireTask(fields, task, labels);

        var tokenizer = fields.Object("tokenizer");
        var length = tokenizer.Whole("max_length", FewestTokens, MostTokens);
        var truncation = tokenizer.Named("truncation", Truncations.Parse);
        var baseModel = fields.OptionalObject("base_model");
        var data = fields.OptionalObject("data");
        return new ModelDescription
        {
            Version = fields.OptionalText("beret_version") ?? "not named",
            Task = task,
            Labels = labels,
            Flavour = tokenizer.Named("flavour", TokenizerFlavours.Parse),
            MaxLength = length,
            Truncation = truncation,
            WindowOverlap = truncation == Truncation.Windows ? tokenizer.Whole("window_overlap", 0, EncodeOptions.LargestOverlap(length)) : null,
            WindowPooling = truncation == Truncation.Windows ? tokenizer.Named("window_pooling", WindowPoolings.Parse) : WindowPooling.Mean,
            PairTruncation = tokenizer.Has("pair_truncation") ? tokenizer.Named("pair_truncation", PairTruncations.Parse) : PairTruncation.LongestFirst,
            Precision = fields.Has("precision") ? fields.Named("precision", Precisions.Parse) : Precision.Float32,
            BaseModel = baseModel?.OptionalText("name"),
            BaseSource = baseModel?.OptionalText("source") switch
            {
                null => null,
                "hugging_face" => ModelSource.HuggingFace,
                "tensorflow" => ModelSource.TensorFlow,
                var other => throw baseModel.Value.Error($"source is {CheckpointException.Quote(other)}, neither hugging_face nor tensorflow"),
            },
            Teacher = fields.OptionalText("teacher"),
            DataOrigin = data?.OptionalText("origin"),
            DataFingerprint = data?.OptionalText("sha256"),
            Recipe = fields.OptionalObject("recipe")?.Element.Clone(),
            Checksums = fields.Object("sha256").Checksums(),
        };
    }

    private static void RequireTask(Fields fields, string task, string[] labels)
    {
        try
        {
            _ = ClassificationTask.Named(task, labels);
        }
        catch (BeretException error)
        {
            throw fields.Error($"task is {CheckpointException.Quote(task)}: {error.Message}");
        }
    }

    /// <summary>Typed access that names the file and the key in its errors.</summary>
    private readonly struct Fields
    {
        private readonly string path;
        private readonly string within;

        public Fields(JsonElement element, string path, string within)
        {
            this.path = path;
            this.within = within;
            Element = element;
            if (element.ValueKind != JsonValueKind.Object)
            {
                throw new InferenceException($"{path}: {(within.Length == 0 ? "the file" : within.TrimEnd('.'))} is no JSON object");
            }
        }

        public JsonElement Element { get; }

        public InferenceException Error(string message) => new($"{path}: {within}{message}");

        public bool Has(string name) => Element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

        public Fields Object(string name) => new(Get(name), path, $"{within}{name}.");

        public Fields? OptionalObject(string name) => Has(name) ? Object(name) : null;

        public string Text(string name) => TextOf(Get(name), name);

        public string? OptionalText(string name) => Has(name) ? Text(name) : null;

        public int Whole(string name, int least, int most) =>
            Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) && number >= least && number <= most
                ? number
                : throw Error($"{name} is {Shown(Get(name))}, not a whole number from {least} to {most}");

        public T Named<T>(string name, Func<string, T> parse)
        {
            try
            {
                return parse(Text(name));
            }
            catch (BeretException error)
            {
                throw Error($"{name}: {error.Message}");
            }
        }

        public string[] Labels()
        {
            var list = Get("labels");
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MostLabels)
            {
                throw Error("labels is not a list of names");
            }

            var labels = new string[list.GetArrayLength()];
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (var i = 0; i < labels.Length; i++)
            {
                labels[i] = TextOf(list[i], $"labels[{i}]");
                if (!seen.Add(labels[i]))
                {
                    throw Error($"labels names {CheckpointException.Quote(labels[i])} twice");
                }
            }

            return labels;
        }

        public Dictionary<string, string> Checksums()
        {
            var sums = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in Element.EnumerateObject())
            {
                if (!ShardIndex.IsPlainFileName(entry.Name))
                {
                    throw Error($"{CheckpointException.Quote(entry.Name)} is not the name of a file in the model folder");
                }

                var sum = TextOf(entry.Value, CheckpointException.Quote(entry.Name));
                if (sum.Length != 64 || !sum.All(char.IsAsciiHexDigit) || !sums.TryAdd(entry.Name, sum.ToLowerInvariant()))
                {
                    throw Error($"{CheckpointException.Quote(entry.Name)} has no SHA-256 of 64 hexadecimal digits, or more than one");
                }
            }

            return sums;
        }

        private JsonElement Get(string name) => Has(name) ? Element.GetProperty(name) : throw Error($"{name} is missing");

        private string TextOf(JsonElement value, string name)
        {
            try
            {
                return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Error($"{name} is {Shown(value)}, not a string");
            }
            catch (InvalidOperationException error)
            {
                // Half a surrogate pair.
                throw new InferenceException($"{path}: {within}{name} is no Unicode text: {error.Message}", error);
            }
        }

        private static string Shown(JsonElement value) =>
            value.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? $"an {value.ValueKind.ToString().ToLowerInvariant()}"
            : CheckpointException.Quote(value.GetRawText());
    }
}
