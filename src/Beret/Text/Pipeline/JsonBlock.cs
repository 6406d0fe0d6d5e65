using System.Text.Json;

namespace Beret.Text.Pipeline;

/// <summary>One step of a tokenizer.json: its settings are asked for by name, and one that nobody asked for is an error.</summary>
internal sealed class JsonBlock
{
    private readonly JsonElement value;
    private readonly string path;
    private readonly string where;
    private readonly HashSet<string> known = new(StringComparer.Ordinal) { "type" };

    /// <param name="value">The step's object.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="where">The key of the file that it belongs to, for messages.</param>
    /// <param name="untyped">What it is when it does not say so, as in older files.</param>
    public JsonBlock(JsonElement value, string path, string where, string? untyped = null)
    {
        this.value = value;
        this.path = path;
        Json.Object(value, path, where);
        Type = untyped is not null && !value.TryGetProperty("type", out _) ? untyped : Json.String(Json.Property(value, "type", path), path, "type");
        this.where = $"{where} {Type}";
    }

    public string Type { get; }

    public JsonElement? Optional(string name)
    {
        known.Add(name);
        return value.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;
    }

    public JsonElement Required(string name) => Optional(name) ?? throw new TokenizerException($"{path}: {name} of the {where} is missing");

    public bool? OptionalBoolean(string name) => Optional(name) is { } found ? Json.Boolean(found, path, name) : null;

    public bool Boolean(string name, bool otherwise) => OptionalBoolean(name) ?? otherwise;

    public string? OptionalString(string name) => Optional(name) is { } found ? Json.String(found, path, name) : null;

    public string String(string name) => Json.String(Required(name), path, name);

    public int? OptionalInt(string name) => Optional(name) is { } found ? Json.Int(found, path, name) : null;

    /// <summary>For settings that say nothing about the ids of a text.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            known.Add(name);
        }
    }

    /// <summary>All that is supported was asked for.</summary>
    /// <exception cref="TokenizerException">There is more; the message names it.</exception>
    public void End()
    {
        foreach (var property in value.EnumerateObject())
        {
            if (!known.Contains(property.Name))
            {
                throw new TokenizerException($"{path}: the setting {property.Name} of the {where} is not supported");
            }
        }
    }
}
