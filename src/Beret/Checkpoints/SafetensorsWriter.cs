using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Beret.Checkpoints;

/// <summary>
/// Writes a safetensors file, byte for byte as the reference implementation does: the tensors sorted by element type (widest first) and name,
/// a header without white space but for the spaces that bring it to a multiple of 8 bytes. The same tensors give the same bytes, in whatever order they are added.
/// </summary>
public sealed class SafetensorsWriter
{
    private readonly List<(TensorInfo Tensor, Action<Stream> Write)> tensors = [];
    private readonly HashSet<string> names = new(StringComparer.Ordinal);

    /// <summary>Text by key for the header's <c>__metadata__</c>; Hugging Face's readers want the <c>format</c> that is there from the start.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>
    /// Adds a tensor whose bytes are written when the file is: <paramref name="write"/> puts exactly as many as type and shape need into the stream
    /// (little-endian, row-major), from native memory or from anywhere else, in as many pieces as it likes.
    /// </summary>
    /// <exception cref="ArgumentException">A tensor of that name was added before, or the name is the reserved <c>__metadata__</c>.</exception>
    /// <exception cref="CheckpointException">The shape is negative or too large.</exception>
    public void Add(string name, TensorType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(write);
        if (name == "__metadata__" || !names.Add(name))
        {
            throw new ArgumentException($"tensor {CheckpointException.Quote(name)} was added before, or its name is reserved", nameof(name));
        }

        tensors.Add((new TensorInfo(name, type, ImmutableArray.Create(shape)), write));
    }

    /// <summary>Adds a tensor whose bytes (little-endian, row-major) are in memory; they are read when the file is written.</summary>
    /// <exception cref="ArgumentException">The number of bytes is not what type and shape need, or the name is taken.</exception>
    /// <exception cref="CheckpointException">The shape is negative or too large.</exception>
    public void Add(string name, TensorType type, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> bytes)
    {
        CheckLength(name, new TensorInfo(name, type, ImmutableArray.Create(shape)).ByteCount, bytes.Length);
        Add(name, type, shape, stream => stream.Write(bytes.Span));
    }

    /// <summary>Adds an fp32 tensor whose values (row-major) are in memory; they are read when the file is written.</summary>
    /// <exception cref="ArgumentException">The number of values is not the product of the shape, or the name is taken.</exception>
    /// <exception cref="CheckpointException">The shape is negative or too large.</exception>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<float> values)
    {
        CheckLength(name, new TensorInfo(name, TensorType.F32, ImmutableArray.Create(shape)).Count, values.Length);
        Add(name, TensorType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));
    }

    /// <summary>Writes the file, replacing an old one only when the new one is complete and on the disk (<see cref="AtomicFile"/>).</summary>
    /// <exception cref="CheckpointException">The file cannot be written, or a tensor's callback wrote another number of bytes than its shape needs.</exception>
    public void Write(string path) => AtomicFile.Write(path, Write);

    /// <summary><see cref="Write(string)"/>, which keeps the old file under another name beside it.</summary>
    internal void Write(string path, string keepAs) => AtomicFile.Write(path, Write, keepAs);

    /// <summary>Writes the file into a stream.</summary>
    /// <exception cref="CheckpointException">A tensor's callback wrote another number of bytes than its shape needs, or the header is longer than readers accept.</exception>
    public void Write(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        tensors.Sort((a, b) => b.Tensor.Type != a.Tensor.Type ? b.Tensor.Type.CompareTo(a.Tensor.Type) : string.CompareOrdinal(a.Tensor.Name, b.Tensor.Name));

        var header = Header();
        var padding = -header.Length & 7;
        if (header.Length + padding > SafetensorsHeader.LongestHeader)
        {
            throw new CheckpointException($"the header would be {header.Length} bytes long; readers accept {SafetensorsHeader.LongestHeader}");
        }

        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthField];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length + padding);
        stream.Write(length);
        stream.Write(header);
        stream.Write("        "u8[..padding]);
        foreach (var (tensor, write) in tensors)
        {
            var bounded = new TensorStream(stream, tensor);
            write(bounded);
            bounded.CheckComplete();
        }
    }

    private ReadOnlySpan<byte> Header()
    {
        var buffer = new ArrayBufferWriter<byte>(tensors.Count * 128 + 256);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (Metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in Metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (var (tensor, _) in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type.SafetensorsName());
                json.WriteStartArray("shape");
                foreach (var dimension in tensor.Shape)
                {
                    json.WriteNumberValue(dimension);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset = checked(offset + tensor.ByteCount));
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan;
    }

    private static void CheckLength(string name, long needed, long given)
    {
        if (needed != given)
        {
            throw new ArgumentException($"tensor {CheckpointException.Quote(name)} needs {needed} and {given} were given");
        }
    }

    // Holds a callback to its tensor's size.
    private sealed class TensorStream(Stream inner, TensorInfo tensor) : WriteOnlyStream(inner)
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (buffer.Length > tensor.ByteCount - Length)
            {
                throw Wrong(Length + buffer.Length);
            }

            base.Write(buffer);
        }

        public void CheckComplete()
        {
            if (Length != tensor.ByteCount)
            {
                throw Wrong(Length);
            }
        }

        private CheckpointException Wrong(long given) => new($"tensor {tensor} needs {tensor.ByteCount} bytes, but {given} were written for it");
    }
}
