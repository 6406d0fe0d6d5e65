using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Beret.Cli;

/// <summary>JSON as text for standard output. It is no part of a page: letters of all scripts stay as they are.</summary>
internal static class JsonText
{
    /// <summary>A value over several lines, without a line feed at the end.</summary>
    public static string Indented(Action<Utf8JsonWriter> write) => Of(write, isIndented: true);

    /// <summary>A value on one line, without its line feed.</summary>
    public static string Line(Action<Utf8JsonWriter> write) => Of(write, isIndented: false);

    private static string Of(Action<Utf8JsonWriter> write, bool isIndented)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = isIndented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
