using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Operations;

/// <summary>A log of one line for each event: a sentence with its time, or a JSON object with each of its values by name.</summary>
internal sealed class LineLog(TextWriter writer, bool isJson, TimeProvider clock) : ILoggerProvider, ILogger
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock gate = new();

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        var time = clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        var message = formatter(state, exception);
        var line = isJson
            ? Json(time, logLevel, eventId, state as IReadOnlyList<KeyValuePair<string, object?>>, message, exception)
            : $"{time} {Level(logLevel)} {OneLine(message)}{(exception is null ? "" : $": {OneLine(exception.ToString())}")}";
        lock (gate)
        {
            writer.WriteLine(line);
        }
    }

    public void Dispose()
    {
        // The writer is the caller's.
    }

    private static string Json(string time, LogLevel level, EventId id, IReadOnlyList<KeyValuePair<string, object?>>? values, string message, Exception? exception)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteString("time", time);
            json.WriteString("level", Level(level));
            json.WriteString("event", id.Name);
            json.WriteString("message", message);
            foreach (var (name, value) in values ?? [])
            {
                if (name != "{OriginalFormat}")
                {
                    json.WritePropertyName(JsonNamingPolicy.SnakeCaseLower.ConvertName(name));
                    Write(json, value);
                }
            }

            if (exception is not null)
            {
                json.WriteString("exception", exception.ToString());
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Warning => "warning",
        LogLevel.Error or LogLevel.Critical => "error",
        _ => "info",
    };

    /// <summary>What a client chose (a path, an id) stays on its line.</summary>
    private static string OneLine(string text) => text.AsSpan().ContainsAnyInRange('\0', '\u001f')
        ? string.Concat(text.Select(c => c < ' ' ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString()))
        : text;
}
