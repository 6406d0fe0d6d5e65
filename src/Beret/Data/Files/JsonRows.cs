using System.Text.Json;

namespace Beret.Data.Files;

/// <summary>
/// The rows of JSON: objects on lines, or in an array, which an object may hold. A list of names or numbers is a cell as it is written. The columns are the keys of all objects,
/// in the order in which they first occur.
/// </summary>
internal sealed class JsonRows
{
    private const int MostColumns = 10_000;
    private const int FirstLook = 64 << 10;

    private readonly TableFile file;
    private readonly DataOptions options;
    private readonly List<string> columns;
    private readonly Dictionary<string, int> places = new(StringComparer.Ordinal);

    private JsonRows(TableFile file, DataOptions options, List<string> columns) => (this.file, this.options, this.columns) = (file, options, columns);

    /// <summary>All rows, one after the other.</summary>
    /// <param name="file">The file.</param>
    /// <param name="options">The limits.</param>
    /// <param name="columns">Receives the names of the columns as they are met; a row has cells for those known by then.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="DataException">The file cannot be read, has a row that is too long, or, of an array, is no JSON.</exception>
    public static IEnumerable<TableRow> Read(TableFile file, DataOptions options, List<string> columns, CancellationToken cancellation)
    {
        var rows = new JsonRows(file, options, columns);
        using var bytes = file.OpenBytes(options, cancellation);
        foreach (var row in file.Format == TableFormat.JsonLines || AreLines(bytes, options.MaxTextBytes) ? rows.OfLines(bytes) : rows.OfArray(bytes))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return row;
        }
    }

    /// <summary>Whether what is called JSON is an object on each line, as often: the first line is a whole one, and another begins behind it.</summary>
    private static bool AreLines(PeekedStream bytes, int longest)
    {
        for (var size = FirstLook; ; size = (int)Math.Min(2L * size, longest))
        {
            var head = bytes.Peek(size);
            var isAll = head.Length < size;
            var text = Trimmed(head is [0xEF, 0xBB, 0xBF, ..] ? head[3..] : head);
            if (text is not [(byte)'{', ..])
            {
                return false;
            }

            var end = text.IndexOf((byte)'\n');
            if (end >= 0 && Trimmed(text[end..]) is [var next, ..])
            {
                return next == '{' && IsValue(text[..end]);
            }

            if (isAll || size == longest)
            {
                return false;
            }
        }

        static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> text) => text.TrimStart(" \t\r\n"u8);

        static bool IsValue(ReadOnlySpan<byte> line)
        {
            var reader = new Utf8JsonReader(line);
            try
            {
                return reader.Read() && reader.TrySkip() && !reader.Read();
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }

    private IEnumerable<TableRow> OfLines(Stream bytes)
    {
        foreach (var (line, number) in ByteLines.Read(bytes, Shown.Path(file.Name), options.MaxTextBytes))
        {
            if (!line.Span.Trim(" \t\r\n"u8).IsEmpty)
            {
                yield return Row(line, number);
            }
        }
    }

    private IEnumerable<TableRow> OfArray(Stream bytes)
    {
        var json = new JsonScanner(bytes, file.Name, options.MaxTextBytes);
        json.SkipMark();
        if (json.Peek() == '[')
        {
            foreach (var row in Elements(json))
            {
                yield return row;
            }
        }
        else
        {
            if (json.Peek() != '{')
            {
                throw new DataException($"{Shown.Path(file.Name)} is neither a JSON array of objects nor an object that holds one. Objects on lines of their own are JSON lines (.jsonl).");
            }

            foreach (var row in OfObject(json))
            {
                yield return row;
            }
        }

        if (json.Peek() >= 0)
        {
            throw json.Wrong("something follows what is the end");
        }
    }

    /// <summary>The elements of the one array of objects that an object holds; what else it holds is passed over.</summary>
    private IEnumerable<TableRow> OfObject(JsonScanner json)
    {
        string? array = null;
        json.Expect('{');
        while (json.Peek() != '}')
        {
            var key = Key(json);
            json.Expect(':');
            if (json.Peek() == '[')
            {
                json.Expect('[');
                if (json.Peek() == '{')
                {
                    array = array is null ? key : throw new DataException(
                        $"{Shown.Path(file.Name)}, line {json.Line}: it holds several arrays of objects, `{Shown.Path(array)}` and `{Shown.Path(key)}`; which of them is the data is not clear. Leave one.");
                    foreach (var row in Rest(json))
                    {
                        yield return row;
                    }
                }
                else
                {
                    while (json.Peek() != ']')
                    {
                        json.Skip();
                        Comma(json, ']');
                    }

                    json.Expect(']');
                }
            }
            else
            {
                json.Skip();
            }

            Comma(json, '}');
        }

        json.Expect('}');
        if (array is null)
        {
            throw new DataException($"{Shown.Path(file.Name)} is a JSON object without an array of objects in it. Objects on lines of their own are JSON lines (.jsonl).");
        }
    }

    private IEnumerable<TableRow> Elements(JsonScanner json)
    {
        json.Expect('[');
        return Rest(json);
    }

    private IEnumerable<TableRow> Rest(JsonScanner json)
    {
        while (json.Peek() != ']')
        {
            var line = json.Line;
            yield return Row(json.Value(), line);
            Comma(json, ']');
        }

        json.Expect(']');
    }

    private static void Comma(JsonScanner json, char last)
    {
        if (json.Peek() != last)
        {
            json.Expect(',');
            if (json.Peek() == last)
            {
                throw json.Wrong("nothing follows a comma");
            }
        }
    }

    private static string Key(JsonScanner json)
    {
        try
        {
            if (json.Peek() == '"')
            {
                using var document = JsonDocument.Parse(json.Value());
                return document.RootElement.GetString()!;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Said below.
        }

        throw json.Wrong("there is no key where one has to be");
    }

    private TableRow Row(ReadOnlyMemory<byte> text, long line)
    {
        var cells = new string?[columns.Count];
        HashSet<int>? lists = null;
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return new TableRow([], line, "it is no JSON object");
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                var place = PlaceOf(property.Name, line);
                if (place >= cells.Length)
                {
                    Array.Resize(ref cells, columns.Count);
                }

                cells[place] = property.Value.ValueKind switch
                {
                    JsonValueKind.String => property.Value.GetString(),
                    JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => property.Value.GetRawText(),
                    JsonValueKind.Array => property.Value.GetRawText(),
                    _ => null,
                };
                if (property.Value.ValueKind == JsonValueKind.Array)
                {
                    (lists ??= []).Add(place);
                }
            }
        }
        catch (JsonException error)
        {
            return new TableRow([], line, $"it is not valid JSON: {error.Message}");
        }
        catch (InvalidOperationException)
        {
            return new TableRow([], line, "a string is not UTF-8, or holds half of a surrogate pair, which is no character");
        }

        return new TableRow(cells, line) { Lists = lists };
    }

    private int PlaceOf(string key, long line)
    {
        if (!places.TryGetValue(key, out var place))
        {
            if (columns.Count == MostColumns)
            {
                throw new DataException($"{Shown.Path(file.Name)}, line {line}: there are more than {Shown.Count(MostColumns)} different keys. Is it a table?");
            }

            places.Add(key, place = columns.Count);
            columns.Add(key);
        }

        return place;
    }
}
