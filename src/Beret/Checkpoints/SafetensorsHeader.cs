using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;

namespace Beret.Checkpoints;

/// <summary>
/// The header of a safetensors file: eight bytes of length, then JSON that names every tensor with its type, shape and range of the data behind it.
/// Nothing in it is believed: the ranges must cover the data exactly, without gap or overlap, and agree with type and shape.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The longest header that the reference implementation reads, in bytes.</summary>
    public const int LongestHeader = 100_000_000;

    /// <summary>The size of the field that gives the header's length, in bytes.</summary>
    public const int LengthField = 8;

    private readonly string file;
    private readonly List<Entry> entries = [];
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);
    private bool hasMetadata;

    private SafetensorsHeader(string file) => this.file = file;

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<Entry> Entries => entries;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <summary>One tensor and where its bytes begin, counted from the end of the header.</summary>
    public readonly record struct Entry(TensorInfo Tensor, long Begin, long End);

    /// <summary>The length of the header, checked against the length of the file.</summary>
    public static int ReadLength(ReadOnlySpan<byte> lengthField, long fileLength, string file)
    {
        var length = BinaryPrimitives.ReadUInt64LittleEndian(lengthField);
        if (length > LongestHeader)
        {
            throw new CheckpointException($"{file}: not a safetensors file, or damaged: the header would be {length} bytes long (at most {LongestHeader} are read)");
        }

        if (length > (ulong)(fileLength - LengthField))
        {
            throw new CheckpointException(
                $"{file}: the header should be {length} bytes long, but only {fileLength - LengthField} follow; the file is cut off or not a safetensors file");
        }

        return (int)length;
    }

    /// <summary>Reads and checks the header's JSON.</summary>
    /// <param name="json">The header without its length.</param>
    /// <param name="dataLength">How many bytes of data follow it.</param>
    /// <param name="file">The name for messages.</param>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength, string file)
    {
        var header = new SafetensorsHeader(file);
        try
        {
            header.ReadJson(json);
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{file}: the header is not valid JSON: {error.Message}", error);
        }
        catch (InvalidOperationException error)
        {
            // What Utf8JsonReader throws for half of a surrogate pair in an escaped string.
            throw new CheckpointException($"{file}: the header holds a text that is not valid Unicode", error);
        }

        header.CheckRanges(dataLength);
        return header;
    }

    private void ReadJson(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw Refuse("the header must begin with '{'");
        }

        if (!Utf8.IsValid(json))
        {
            throw Refuse("the header is not valid UTF-8");
        }

        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == "__metadata__")
            {
                ReadMetadata(ref reader);
            }
            else if (names.Add(name))
            {
                entries.Add(ReadEntry(ref reader, name));
            }
            else
            {
                throw Refuse($"tensor {CheckpointException.Quote(name)} occurs twice in the header");
            }
        }

        // One more read: it throws where anything but white space follows the object.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (hasMetadata)
        {
            throw Refuse("__metadata__ occurs twice in the header");
        }

        hasMetadata = true;
        Expect(reader.TokenType == JsonTokenType.StartObject, "__metadata__ must be an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            Expect(reader.TokenType == JsonTokenType.String, $"the value of {CheckpointException.Quote(key)} in __metadata__ must be a string");
            Expect(metadata.TryAdd(key, reader.GetString()!), $"{CheckpointException.Quote(key)} occurs twice in __metadata__");
        }
    }

    private Entry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        var quoted = CheckpointException.Quote(name);
        Expect(reader.TokenType == JsonTokenType.StartObject, $"the entry of tensor {quoted} must be an object");
        TensorType? type = null;
        ImmutableArray<long>? shape = null;
        (long Begin, long End)? range = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dtype"))
            {
                Expect(type is null, $"tensor {quoted} has two dtypes");
                reader.Read();
                type = ReadType(ref reader, quoted);
            }
            else if (reader.ValueTextEquals("shape"))
            {
                Expect(shape is null, $"tensor {quoted} has two shapes");
                reader.Read();
                shape = [.. ReadNumbers(ref reader, TensorInfo.MostDimensions, $"the shape of tensor {quoted}")];
            }
            else if (reader.ValueTextEquals("data_offsets"))
            {
                Expect(range is null, $"tensor {quoted} has two data_offsets");
                reader.Read();
                var numbers = ReadNumbers(ref reader, 2, $"data_offsets of tensor {quoted}");
                Expect(numbers.Count == 2, $"data_offsets of tensor {quoted} must be two numbers");
                range = (numbers[0], numbers[1]);
            }
            else
            {
                // The reference implementation, too, passes over fields that it does not know.
                reader.Read();
                reader.Skip();
            }
        }

        if (type is null || shape is null || range is null)
        {
            throw Refuse($"tensor {quoted} lacks {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        }

        try
        {
            return new Entry(new TensorInfo(name, type.Value, shape.Value), range.Value.Begin, range.Value.End);
        }
        catch (CheckpointException error)
        {
            throw Refuse(error.Message);
        }
    }

    private TensorType ReadType(ref Utf8JsonReader reader, string quoted)
    {
        Expect(reader.TokenType == JsonTokenType.String, $"the dtype of tensor {quoted} must be a string");
        var text = reader.GetString()!;
        return TensorTypes.TryParseSafetensors(text, out var type)
            ? type
            : throw Refuse($"tensor {quoted} has the unknown dtype {CheckpointException.Quote(text)}");
    }

    private List<long> ReadNumbers(ref Utf8JsonReader reader, int most, string what)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, $"{what} must be a list");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(numbers.Count < most, $"{what} has more than {most} entries");
            Expect(
                reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && number >= 0 && !IsNegativeZero(reader),
                $"{what} must hold integers from 0 to 2^63 − 1");
            numbers.Add(reader.GetInt64());
        }

        return numbers;
    }

    private static bool IsNegativeZero(in Utf8JsonReader reader) => reader.ValueSpan[0] == (byte)'-';

    // Sorted by range, each tensor must begin where the one before it ends; an empty tensor sorts before the one that shares its beginning.
    private void CheckRanges(long dataLength)
    {
        entries.Sort(static (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin)
            : a.End != b.End ? a.End.CompareTo(b.End)
            : string.CompareOrdinal(a.Tensor.Name, b.Tensor.Name));
        long covered = 0;
        foreach (var (tensor, begin, end) in entries)
        {
            var quoted = CheckpointException.Quote(tensor.Name);
            if (end < begin)
            {
                throw Refuse($"tensor {quoted} ends at byte {end}, before it begins at {begin}");
            }

            if (end > dataLength)
            {
                throw Refuse($"tensor {quoted} ends at byte {end} of the data, of which there are only {dataLength}; the file is cut off or damaged");
            }

            if (begin != covered)
            {
                throw Refuse(begin < covered
                    ? $"tensor {quoted} begins at byte {begin} and overlaps another, which ends at {covered}"
                    : $"nothing uses the bytes from {covered} to {begin}, before tensor {quoted}");
            }

            if (end - begin != tensor.ByteCount)
            {
                throw Refuse($"tensor {tensor} needs {tensor.ByteCount} bytes but has {end - begin}");
            }

            covered = end;
        }

        if (covered != dataLength)
        {
            throw Refuse($"{dataLength - covered} bytes follow the last tensor");
        }
    }

    private void Expect(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw Refuse(otherwise);
        }
    }

    private CheckpointException Refuse(string what) => new($"{file}: {what}");
}
