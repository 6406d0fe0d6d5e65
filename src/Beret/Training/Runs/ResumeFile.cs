using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Beret.Checkpoints;
using Beret.Checksums;
using Beret.Inference;
using Beret.Numerics;

namespace Beret.Training.Runs;

/// <summary>
/// What an interrupted run goes on from: one safetensors file in its output folder with weights, Adam's moments and, in its metadata, the run's state as JSON;
/// replaced atomically, and the one before it is kept.
/// </summary>
internal static class ResumeFile
{
    public const string Name = ModelFolder.ResumeFile;

    /// <summary>The one before it, kept for the day when the last is damaged.</summary>
    public const string Before = "resume.before.safetensors";

    private const string ChecksumKey = "beret.crc32c";
    private const int BufferFloats = 1 << 18;

    /// <summary>The last one, and the one before.</summary>
    public static IReadOnlyList<string> Names { get; } = [Name, Before];

    public static string PathIn(string folder) => Path.Combine(folder, Name);

    /// <summary>Writes a file, and keeps the last one as <see cref="Before"/>.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="state">The run's state.</param>
    /// <param name="set">The weights and their moments.</param>
    /// <exception cref="CheckpointException">It cannot be written.</exception>
    public static void Write(string folder, IRunState state, ParameterSet set)
    {
        var writer = new SafetensorsWriter();
        var buffer = new float[BufferFloats];
        var tensors = new List<(string Name, Matrix Values)>();
        foreach (var parameter in set.All)
        {
            Add("value", parameter.Value);
            if (!parameter.IsFrozen)
            {
                Add("first_moment", parameter.FirstMoment);
                Add("second_moment", parameter.SecondMoment);
            }

            void Add(string kind, Matrix matrix)
            {
                var name = $"{kind}.{parameter.Name}";
                tensors.Add((name, matrix));
                writer.Add(name, TensorType.F32, [.. parameter.Shape.Select(size => (long)size)], stream => Copy(set.Backend, matrix, stream.Write, buffer));
            }
        }

        var json = Serialize(state.Write);
        var sum = Crc32C.Of(Encoding.UTF8.GetBytes(json));
        foreach (var (_, values) in tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            Copy(set.Backend, values, bytes => sum = Crc32C.Append(sum, bytes), buffer);
        }

        writer.Metadata[state.Key] = json;
        writer.Metadata[ChecksumKey] = sum.ToString("x8", CultureInfo.InvariantCulture);
        writer.Write(PathIn(folder), keepAs: Before);
    }

    /// <summary>The state alone, of a file that is whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">The kind of run.</param>
    /// <param name="parse">Reads the state.</param>
    /// <exception cref="CheckpointException">The file is damaged.</exception>
    /// <exception cref="TrainingException">It is of another kind of run.</exception>
    public static T Read<T>(string path, string key, Func<JsonElement, T> parse)
    {
        using var checkpoint = Checkpoint.Open(path);
        if (!checkpoint.Metadata.TryGetValue(key, out var json))
        {
            throw new TrainingException($"{checkpoint.Path} holds no state of a training run of this kind");
        }

        Verify(checkpoint, json);
        return Parse(path, () =>
        {
            using var document = JsonDocument.Parse(json);
            return parse(document.RootElement);
        });
    }

    /// <summary>Reads a state that is kept in a file.</summary>
    /// <exception cref="CheckpointException">It is damaged.</exception>
    public static T Parse<T>(string path, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException($"{path}: its run state is damaged ({error.Message})", error);
        }
    }

    /// <summary>The weights and moments.</summary>
    /// <exception cref="TrainingException">The file belongs to another model.</exception>
    public static void Restore(string path, ParameterSet set)
    {
        using var checkpoint = Checkpoint.Open(path);
        var buffer = new float[BufferFloats];
        foreach (var parameter in set.All)
        {
            Load($"value.{parameter.Name}", parameter.Value);
            if (!parameter.IsFrozen)
            {
                Load($"first_moment.{parameter.Name}", parameter.FirstMoment);
                Load($"second_moment.{parameter.Name}", parameter.SecondMoment);
            }
        }

        set.Touch();

        void Load(string name, Matrix matrix)
        {
            if (checkpoint.Find(name) is not { } tensor || tensor.Count != matrix.Length)
            {
                throw new TrainingException($"{checkpoint.Path} has no tensor {name} of {matrix.Length} numbers: it belongs to a run with another model");
            }

            var flat = matrix.Reshape(1, checked((int)matrix.Length));
            for (var start = 0; start < flat.Columns; start += buffer.Length)
            {
                var part = buffer.AsSpan(0, Math.Min(buffer.Length, flat.Columns - start));
                checkpoint.Read(name, start, part);
                set.Backend.Write(part, flat.ColumnRange(start, part.Length));
            }
        }
    }

    /// <summary>Holds the file to its checksum; those of earlier versions have none.</summary>
    private static void Verify(Checkpoint checkpoint, string state)
    {
        if (!checkpoint.Metadata.TryGetValue(ChecksumKey, out var expected))
        {
            return;
        }

        var sum = Crc32C.Of(Encoding.UTF8.GetBytes(state));
        var buffer = new byte[BufferFloats * sizeof(float)];
        foreach (var tensor in checkpoint.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            for (long start = 0; start < tensor.ByteCount; start += buffer.Length)
            {
                var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, tensor.ByteCount - start));
                checkpoint.ReadBytes(tensor.Name, start, part);
                sum = Crc32C.Append(sum, part);
            }
        }

        if (sum.ToString("x8", CultureInfo.InvariantCulture) != expected)
        {
            throw new CheckpointException($"{checkpoint.Path} is damaged: its checksum is not the one that it was written with");
        }
    }

    private static void Copy(IBackend backend, Matrix matrix, ByteSink sink, float[] buffer)
    {
        var flat = matrix.Reshape(1, checked((int)matrix.Length));
        for (var start = 0; start < flat.Columns; start += buffer.Length)
        {
            var part = buffer.AsSpan(0, Math.Min(buffer.Length, flat.Columns - start));
            backend.Read(flat.ColumnRange(start, part.Length), part);
            sink(MemoryMarshal.AsBytes(part));
        }
    }

    private static string Serialize(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private delegate void ByteSink(ReadOnlySpan<byte> bytes);
}
