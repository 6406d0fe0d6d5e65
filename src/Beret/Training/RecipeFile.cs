using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Hub;

namespace Beret.Training;

/// <summary>Recipes as JSON: comments and trailing commas are allowed, an unknown key is an error with a suggestion.</summary>
public static class RecipeFile
{
    private const long LongestFile = 1 << 20;

    private static readonly JsonDocumentOptions Relaxed = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads a recipe file; what it leaves out stays as in <paramref name="start"/>, or as in the tutorial.</summary>
    /// <exception cref="TrainingException">The file is missing, is not JSON, or has an unknown key or a wrong value.</exception>
    public static TrainingRecipe Read(string path, TrainingRecipe? start = null)
    {
        if (!File.Exists(path))
        {
            throw new TrainingException($"there is no recipe file {path}");
        }

        if (new FileInfo(path).Length > LongestFile)
        {
            throw new TrainingException($"{path} is larger than a mebibyte, so it is no recipe");
        }

        return Parse(File.ReadAllText(path), path, start);
    }

    /// <summary>Reads a recipe from JSON text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="where">What error messages call it.</param>
    /// <param name="start">What it changes; null: the tutorial's recipe.</param>
    /// <exception cref="TrainingException">The text is not JSON, or has an unknown key or a wrong value.</exception>
    public static TrainingRecipe Parse(string json, string where, TrainingRecipe? start = null)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Relaxed);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new TrainingException($"{where} holds no JSON object");
            }

            var recipe = start ?? new TrainingRecipe();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var entry in document.RootElement.EnumerateObject())
            {
                if (entry.Name == "$schema")
                {
                    continue;
                }

                var option = RecipeOption.All.FirstOrDefault(o => o.Key == entry.Name || o.Alias?.Replace('-', '_') == entry.Name)
                    ?? throw new TrainingException($"{where}: there is no setting \"{entry.Name}\"; did you mean \"{Nearest(entry.Name)}\"?");
                if (!seen.Add(option.Key))
                {
                    throw new TrainingException($"{where}: {entry.Name} is given twice");
                }

                recipe = option.Set(recipe, entry.Value, where);
            }

            return recipe;
        }
        catch (JsonException error)
        {
            throw new TrainingException($"{where} is not valid JSON: {error.Message}", error);
        }
        catch (InvalidOperationException error)
        {
            // JsonElement's answer to half a surrogate pair written as an escape.
            throw new TrainingException($"{where}: a key or a word in it is no Unicode text: {error.Message}", error);
        }
    }

    /// <summary>The whole recipe with a comment above each setting.</summary>
    public static string Commented(TrainingRecipe recipe)
    {
        var text = new StringBuilder("{\n");
        foreach (var option in RecipeOption.All)
        {
            var value = option.Get(recipe);
            text.Append("  // ").Append(option.Description);
            if (option.Choices.Count > 0)
            {
                text.Append(" One of: ").AppendJoin(", ", option.Other is { } other ? [.. option.Choices, other] : option.Choices).Append('.');
            }

            text.Append("\n  \"").Append(option.Key).Append("\": ")
                .Append(option.JsonType == "string" || value == option.Keyword ? Quoted(value) : value.Length == 0 ? "null" : value).Append(",\n");
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>The JSON schema of recipe files (draft 2020-12).</summary>
    public static string Schema()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            writer.WriteString("title", "Beret training recipe");
            writer.WriteString("type", "object");
            writer.WriteBoolean("additionalProperties", false);
            writer.WriteStartObject("properties");
            writer.WriteStartObject("$schema");
            writer.WriteString("type", "string");
            writer.WriteEndObject();
            var defaults = new TrainingRecipe();
            foreach (var option in RecipeOption.All)
            {
                writer.WriteStartObject(option.Key);
                writer.WriteString("description", option.Description);
                var isOptional = option.JsonType != "string" && option.Get(defaults).Length == 0;
                if (isOptional || option.Keyword is not null)
                {
                    writer.WriteStartArray("type");
                    writer.WriteStringValue(option.JsonType);
                    writer.WriteStringValue(isOptional ? "null" : "string");
                    writer.WriteEndArray();
                }
                else
                {
                    writer.WriteString("type", option.JsonType);
                }

                if (option is { Choices.Count: > 0, Other: null })
                {
                    writer.WriteStartArray("enum");
                    foreach (var choice in option.Choices)
                    {
                        writer.WriteStringValue(choice);
                    }

                    writer.WriteEndArray();
                }

                if (option.Other is not null)
                {
                    writer.WriteStartArray("examples");
                    foreach (var choice in option.Choices)
                    {
                        writer.WriteStringValue(choice);
                    }

                    writer.WriteEndArray();
                }

                var (least, most) = option.Bounds;
                if (least is { } minimum)
                {
                    writer.WriteNumber("minimum", minimum);
                }

                if (most is { } maximum)
                {
                    writer.WriteNumber("maximum", maximum);
                }

                if (option.Keyword is { } word)
                {
                    writer.WriteString("pattern", $"^{word}$");
                }

                writer.WritePropertyName("default");
                var value = option.Get(defaults);
                if (option.JsonType == "string")
                {
                    writer.WriteStringValue(value);
                }
                else
                {
                    writer.WriteRawValue(value.Length == 0 ? "null" : value);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>Writes all settings as an object.</summary>
    internal static void Write(Utf8JsonWriter writer, TrainingRecipe recipe) => Write(writer, recipe, RecipeOption.All);

    /// <summary>Writes some settings as an object.</summary>
    internal static void Write(Utf8JsonWriter writer, TrainingRecipe recipe, IEnumerable<RecipeOption> options)
    {
        writer.WriteStartObject();
        foreach (var option in options)
        {
            option.Write(writer, recipe);
        }

        writer.WriteEndObject();
    }

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private static string Nearest(string key) => RecipeOption.All.MinBy(option => NearestNames.Distance(option.Key, key))!.Key;
}
