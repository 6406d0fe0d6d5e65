using System.Text.Json;

namespace Beret.Checkpoints;

/// <summary>
/// The index of a model whose weights are spread over several files (<c>model.safetensors.index.json</c>): which file of the same folder holds which tensor.
/// </summary>
internal sealed class ShardIndex
{
    private readonly string file;
    private readonly Dictionary<string, string> shardOf = new(StringComparer.Ordinal);
    private readonly List<string> shards = [];

    private ShardIndex(string file) => this.file = file;

    /// <summary>The file names of the shards, in the order of their first mention.</summary>
    public IReadOnlyList<string> Shards => shards;

    /// <summary>By tensor name, the file name of its shard.</summary>
    public IReadOnlyDictionary<string, string> ShardOf => shardOf;

    /// <exception cref="CheckpointException">The index is unreadable, is not such an index, or names a file outside its folder.</exception>
    public static ShardIndex Read(string path)
    {
        var index = new ShardIndex(path);
        using var file = MappedFile.Open(path, least: 2);
        if (file.Length > SafetensorsHeader.LongestHeader)
        {
            throw index.Refuse($"the index is {file.Length} bytes long; at most {SafetensorsHeader.LongestHeader} are read");
        }

        try
        {
            index.Parse(file.Slice(0, (int)file.Length));
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{path}: the index is not valid JSON: {error.Message}", error);
        }
        catch (InvalidOperationException error)
        {
            // What Utf8JsonReader throws for text that is not valid UTF-8 or half of a surrogate pair.
            throw new CheckpointException($"{path}: the index holds a text that is not valid Unicode", error);
        }

        return index;
    }

    /// <summary>Whether a name from a file denotes a file of the same folder on every platform: no separator, drive, stream or parent in it.</summary>
    internal static bool IsPlainFileName(string name) =>
        name.Length is > 0 and <= 255 && name.IndexOfAny(['/', '\\', ':', '*', '?', '"', '<', '>', '|']) < 0 && !name.Any(char.IsControl)
            && name.Trim(' ', '.').Length > 0 && name[^1] is not ('.' or ' ');

    private void Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Refuse("the index must be a JSON object");
        }

        var found = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMap = reader.ValueTextEquals("weight_map");
            reader.Read();
            if (!isMap)
            {
                reader.Skip();
                continue;
            }

            if (found)
            {
                throw Refuse("weight_map occurs twice in the index");
            }

            found = true;
            ReadMap(ref reader);
        }

        reader.Read();
        if (shards.Count == 0)
        {
            throw Refuse("the index names no weights (no weight_map, or an empty one)");
        }
    }

    private void ReadMap(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Refuse("weight_map must be an object");
        }

        var known = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var tensor = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Refuse($"weight_map must give a file name for tensor {CheckpointException.Quote(tensor)}");
            }

            var shard = reader.GetString()!;
            if (!IsPlainFileName(shard))
            {
                throw Refuse(
                    $"tensor {CheckpointException.Quote(tensor)} should be in {CheckpointException.Quote(shard)}, which is not the name of a file in the same folder");
            }

            if (!shardOf.TryAdd(tensor, shard))
            {
                throw Refuse($"tensor {CheckpointException.Quote(tensor)} occurs twice in weight_map");
            }

            if (known.Add(shard))
            {
                shards.Add(shard);
            }
        }
    }

    private CheckpointException Refuse(string what) => new($"{file}: {what}");
}
