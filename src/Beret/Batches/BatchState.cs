using System.Globalization;
using System.Text.Json;
using Beret.Checkpoints;

namespace Beret.Batches;

/// <summary>How far the answers of a file are: <c>OUTPUT.state</c>. It is written after the rows that it tells of are on the disk, so what lies behind <see cref="Bytes"/> in the file is of a chunk that was cut short.</summary>
internal sealed record BatchState
{
    private const int CurrentVersion = 1;

    // Another processor rounds otherwise; another model is further off.
    private const double Tolerance = 1e-2;

    /// <summary>What is being done, by what it is called in messages: the input, the shard, and the like.</summary>
    public required IReadOnlyDictionary<string, string> Work { get; init; }

    /// <summary>The model's logits for one text that is always the same: another model, or other settings, would give others.</summary>
    public required IReadOnlyList<float> Probe { get; init; }

    /// <summary>The number of the last row that was answered; 0: none.</summary>
    public long Row { get; init; }

    /// <summary>Rows that are answered.</summary>
    public long Count { get; init; }

    /// <summary>The length of the file with their answers.</summary>
    public long Bytes { get; init; }

    public static BatchState Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var root = document.RootElement;
            return root.GetProperty("version").GetInt32() is CurrentVersion
                ? new BatchState
                {
                    Work = root.GetProperty("work").EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetString()!, StringComparer.Ordinal),
                    Probe = [.. root.GetProperty("probe").EnumerateArray().Select(logit => logit.GetSingle())],
                    Row = root.GetProperty("row").GetInt64(),
                    Count = root.GetProperty("count").GetInt64(),
                    Bytes = root.GetProperty("bytes").GetInt64(),
                }
                : throw new BatchException($"{path} was written by another version of this program: begin anew (--overwrite)");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new BatchException($"{path} cannot be gone on with ({error.Message}): begin anew (--overwrite)", error);
        }
    }

    public void Write(string path) => AtomicFile.Write(
        path,
        stream =>
        {
            using var writer = new Utf8JsonWriter(stream);
            writer.WriteStartObject();
            writer.WriteNumber("version", CurrentVersion);
            writer.WriteStartObject("work");
            foreach (var (name, value) in Work)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
            writer.WriteStartArray("probe");
            foreach (var logit in Probe)
            {
                writer.WriteNumberValue(logit);
            }

            writer.WriteEndArray();
            writer.WriteNumber("row", Row);
            writer.WriteNumber("count", Count);
            writer.WriteNumber("bytes", Bytes);
            writer.WriteEndObject();
        });

    /// <summary>Refuses to go on with other work.</summary>
    /// <param name="now">What is to be done now.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="BatchException">It is other work.</exception>
    public void Match(BatchState now, string path)
    {
        foreach (var (name, value) in now.Work)
        {
            if (Work.GetValueOrDefault(name) != value)
            {
                throw new BatchException($"{path} is of other work: its {name} is {Work.GetValueOrDefault(name) ?? "none"}, not {value}; go on as it was begun, or begin anew (--overwrite)");
            }
        }

        if (Probe.Count != now.Probe.Count || Probe.Zip(now.Probe).Any(pair => !(Math.Abs(pair.First - pair.Second) <= Tolerance * Math.Max(1, Math.Abs(pair.First)))))
        {
            throw new BatchException(string.Create(
                CultureInfo.InvariantCulture,
                $"{path} was begun with another model or another precision (for a sample text it had the logit {Probe.FirstOrDefault():g6}, and this one has {now.Probe.FirstOrDefault():g6}); go on with the same, or begin anew (--overwrite)"));
        }
    }
}
