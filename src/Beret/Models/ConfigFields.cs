using System.Text.Json;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>The keys of a config.json: typed access that names the file and the key in its errors.</summary>
internal sealed class ConfigFields
{
    public const int LargestSize = 1 << 20;

    private readonly JsonElement root;
    private readonly string path;

    public ConfigFields(JsonElement root, string path)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new ModelException($"{path} holds no JSON object");
        }

        this.root = root;
        this.path = path;
    }

    public bool Has(string name) => root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    public string? Text(string name) => !Has(name) ? null
        : root.GetProperty(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()
        : throw Wrong(name, "a string");

    public bool IsText(string name) => Has(name) && root.GetProperty(name).ValueKind == JsonValueKind.String;

    public double? Number(string name) => !Has(name) ? null
        : root.GetProperty(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
        : throw Wrong(name, "a number");

    public double? Rate(string name) => Number(name) switch
    {
        null => null,
        >= 0 and < 1 and var rate => rate,
        _ => throw Wrong(name, "a number in [0, 1)"),
    };

    public int Size(string name, int smallest = 1) => Number(name) switch
    {
        null => throw new ModelException($"{path}: {name} is missing"),
        <= LargestSize and var size when size >= smallest && size == Math.Floor(size) => (int)size,
        _ => throw Wrong(name, $"a whole number from {smallest} to {LargestSize}"),
    };

    /// <summary>A size that need not be there; what is not positive means that there is none.</summary>
    public int? OptionalSize(string name) => Number(name) is null or <= 0 ? null : Size(name);

    /// <summary>true or false.</summary>
    public bool Flag(string name, bool otherwise) => !Has(name) ? otherwise : root.GetProperty(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "true or false"),
    };

    /// <summary>Whether the key is there and says null.</summary>
    public bool IsNull(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>The keys of an object within, or null.</summary>
    public ConfigFields? Section(string name) => !Has(name) ? null
        : root.GetProperty(name) is { ValueKind: JsonValueKind.Object } section ? new ConfigFields(section, $"{path}: {name}")
        : throw Wrong(name, "an object");

    /// <summary>A list of strings, or null.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        var list = root.GetProperty(name);
        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
            : throw Wrong(name, "a list of names");
    }

    /// <summary>The number of attention heads, which divides the hidden size.</summary>
    public int Heads(string name, string hiddenSize)
    {
        var (heads, hidden) = (Size(name), Size(hiddenSize));
        return hidden % heads == 0 ? heads : throw Error($"{hiddenSize} {hidden} is not a multiple of {name} {heads}");
    }

    /// <summary>What the family has where config.json does not say, −1 where it says null.</summary>
    public int PaddingId(int otherwise = 0) => Number("pad_token_id") switch
    {
        null => IsNull("pad_token_id") ? -1 : otherwise,
        >= -1 and <= int.MaxValue and var id when id == Math.Floor(id) => (int)id,
        _ => throw Wrong("pad_token_id", "the number of a token"),
    };

    /// <summary>Writes what <see cref="PaddingId"/> reads.</summary>
    public static void WritePaddingId(Utf8JsonWriter json, int id)
    {
        if (id >= 0)
        {
            json.WriteNumber("pad_token_id", id);
        }
        else
        {
            json.WriteNull("pad_token_id");
        }
    }

    /// <summary>An activation by its name in Hugging Face's configurations.</summary>
    public Activation Activation(string name, string otherwise = "gelu") => (Text(name) ?? otherwise) switch
    {
        "gelu" => Numerics.Activation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Numerics.Activation.GeluTanh,
        "relu" => Numerics.Activation.Relu,
        "tanh" => Numerics.Activation.Tanh,
        var other => throw Error($"{name} is \"{other}\"; supported are gelu, gelu_new, gelu_pytorch_tanh, relu and tanh"),
    };

    /// <summary>The name of an activation in Hugging Face's configurations.</summary>
    public static string NameOf(Activation activation) => activation switch
    {
        Numerics.Activation.Gelu => "gelu",
        Numerics.Activation.GeluTanh => "gelu_new",
        Numerics.Activation.Relu => "relu",
        Numerics.Activation.Tanh => "tanh",
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "a configuration has no name for this activation"),
    };

    /// <summary>An error that names the file.</summary>
    public ModelException Error(string what) => new($"{path}: {what}");

    /// <summary>For a setting that may only have one value.</summary>
    public void Require(string name, string value)
    {
        if (Text(name) is { } other && other != value)
        {
            throw Error($"{name} is \"{other}\"; only \"{value}\" is supported");
        }
    }

    public void Refuse(string name, string what)
    {
        if (Has(name) && root.GetProperty(name).ValueKind == JsonValueKind.True)
        {
            throw new ModelException($"{path}: {name} is true; {what} is not supported");
        }
    }

    /// <summary>For an object of settings that is not supported at all.</summary>
    public void RefuseObject(string name, string what)
    {
        if (Has(name))
        {
            throw Error($"{name} is set; {what} is not supported");
        }
    }

    public string? FirstOf(string name) =>
        Has(name) && root.GetProperty(name) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0
        && list[0].ValueKind == JsonValueKind.String ? list[0].GetString() : null;

    /// <summary>id2label, in the order of its numbers.</summary>
    public IReadOnlyList<string>? Labels()
    {
        if (!Has("id2label"))
        {
            return Has("num_labels") ? [.. Enumerable.Range(0, Size("num_labels")).Select(i => $"LABEL_{i}")] : null;
        }

        var map = root.GetProperty("id2label");
        if (map.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("id2label", "an object");
        }

        var labels = new SortedDictionary<int, string>();
        foreach (var entry in map.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, out var id) || entry.Value.ValueKind != JsonValueKind.String || !labels.TryAdd(id, entry.Value.GetString()!))
            {
                throw Wrong("id2label", "an object from the numbers 0, 1, 2, … to names");
            }
        }

        if (labels.Count == 0 || labels.Keys.First() != 0 || labels.Keys.Last() != labels.Count - 1)
        {
            throw Wrong("id2label", "an object from the numbers 0, 1, 2, … to names");
        }

        return [.. labels.Values];
    }

    private ModelException Wrong(string name, string wanted) => new($"{path}: {name} is {root.GetProperty(name).GetRawText()}, not {wanted}");
}
