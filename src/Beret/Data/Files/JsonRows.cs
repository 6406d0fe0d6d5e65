using System.Text.Json;

namespace Beret.Data.Files;

/// <summary>The rows of JSON lines; a list of names or numbers is a cell as it is written. The columns are the keys of all objects, in the order in which they first occur.</summary>
internal static class JsonRows
{
    private const int MostColumns = 10_000;

    /// <summary>All rows, one after the other.</summary>
    /// <param name="file">The file.</param>
    /// <param name="options">The limits.</param>
    /// <param name="columns">Receives the names of the columns as they are met; a row has cells for those known by then.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="DataException">The file cannot be read, is not UTF-8, or has a line that is too long.</exception>
    public static IEnumerable<TableRow> Read(TableFile file, DataOptions options, List<string> columns, CancellationToken cancellation)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        using var bytes = file.OpenBytes();
        long number = 0;
        foreach (var line in TextLines.ReadAsync(bytes, Shown.Path(file.Path), options.MaxTextBytes, cancellation).ToBlockingEnumerable(cancellation))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return Row(line);
            }
        }

        TableRow Row(string line)
        {
            var cells = new string?[columns.Count];
            HashSet<int>? lists = null;
            try
            {
                using var document = JsonDocument.Parse(line);
                if (document.RootElement.ValueKind != JsonValueKind.Object)
                {
                    return new TableRow([], number, "it is no JSON object");
                }

                foreach (var property in document.RootElement.EnumerateObject())
                {
                    if (!places.TryGetValue(property.Name, out var place))
                    {
                        if (columns.Count == MostColumns)
                        {
                            throw new DataException($"{Shown.Path(file.Path)}, line {number}: there are more than {Shown.Count(MostColumns)} different keys. Is it a table?");
                        }

                        places.Add(property.Name, place = columns.Count);
                        columns.Add(property.Name);
                    }

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
                return new TableRow([], number, $"it is not valid JSON: {error.Message}");
            }
            catch (InvalidOperationException)
            {
                return new TableRow([], number, "a string holds half of a surrogate pair, which is no character");
            }

            return new TableRow(cells, number) { Lists = lists };
        }
    }
}
