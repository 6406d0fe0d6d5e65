using System.Buffers;
using System.Text;
using System.Text.Json;
using Beret.Text;

namespace Beret.Cli;

/// <summary>Writes tokens as a line of JSON each: ids, types, offsets, and the mask where texts are padded.</summary>
/// <param name="output">Where to.</param>
/// <param name="padding">The id that fills up.</param>
/// <param name="length">The length to fill up to; null: no padding and no mask.</param>
internal sealed class TokenLines(TextWriter output, int padding, int? length) : IDisposable
{
    private readonly ArrayBufferWriter<byte> buffer = new();
    private readonly Utf8JsonWriter json = new(Stream.Null, new JsonWriterOptions { SkipValidation = true });

    /// <summary>Writes a line for each window of a text.</summary>
    public void Write(TokenBuffer tokens)
    {
        var size = tokens.Count / tokens.Windows;
        for (var window = 0; window < tokens.Windows; window++)
        {
            Write(tokens, window * size, size);
        }
    }

    public void Dispose() => json.Dispose();

    private void Write(TokenBuffer tokens, int start, int count)
    {
        buffer.ResetWrittenCount();
        json.Reset(buffer);
        var fill = Math.Max(0, (length ?? 0) - count);
        json.WriteStartObject();
        WriteNumbers("ids", tokens.Ids.Slice(start, count), padding, fill);
        WriteNumbers("types", tokens.Types.Slice(start, count), 0, fill);
        if (length is not null)
        {
            json.WriteStartArray("mask");
            for (var i = 0; i < count + fill; i++)
            {
                json.WriteNumberValue(i < count ? 1 : 0);
            }

            json.WriteEndArray();
        }

        json.WriteStartArray("offsets");
        for (var i = 0; i < count + fill; i++)
        {
            json.WriteStartArray();
            json.WriteNumberValue(i < count ? tokens.Starts[start + i] : 0);
            json.WriteNumberValue(i < count ? tokens.Ends[start + i] : 0);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.WriteLine(Encoding.ASCII.GetString(buffer.WrittenSpan));
        output.Flush();
    }

    private void WriteNumbers(string name, ReadOnlySpan<int> values, int filler, int fill)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteNumberValue(value);
        }

        for (var i = 0; i < fill; i++)
        {
            json.WriteNumberValue(filler);
        }

        json.WriteEndArray();
    }
}
