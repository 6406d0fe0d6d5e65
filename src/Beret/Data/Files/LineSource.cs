using System.Text.Json;

namespace Beret.Data.Files;

/// <summary>A file with a text on each line, read in constant memory.</summary>
internal class LineSource(string path, DataOptions options) : TextSource(path)
{
    public override IEnumerable<string> Read(CancellationToken cancellationToken = default)
    {
        using var file = OpenFile();
        long number = 0;
        foreach (var line in TextLines.ReadAsync(file, Shown.Path(Origin), options.MaxTextBytes, cancellationToken).ToBlockingEnumerable(cancellationToken))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line) && TextOf(line, number) is { } text && !string.IsNullOrWhiteSpace(text))
            {
                yield return text;
            }
        }
    }

    /// <summary>The text of a line that is not blank.</summary>
    protected virtual string TextOf(string line, long number) => line;

    private FileStream OpenFile()
    {
        try
        {
            return new FileStream(Origin, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{Shown.Path(Origin)} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>A file with a JSON object on each line, whose key <c>text</c> holds the text; other keys are left alone.</summary>
internal sealed class JsonLineSource(string path, DataOptions options) : LineSource(path, options)
{
    protected override string TextOf(string line, long number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
                ? text.GetString()!
                : throw Wrong("it is no JSON object with a string \"text\"");
        }
        catch (JsonException error)
        {
            throw Wrong($"it is not valid JSON: {error.Message}");
        }
        catch (InvalidOperationException)
        {
            throw Wrong("the text holds half of a surrogate pair, which is no character");
        }

        DataException Wrong(string what) => new($"{Shown.Path(Origin)}, line {number}: {what}");
    }
}
