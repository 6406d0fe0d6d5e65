using System.Text.Json;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Numerics;

namespace Beret.Training;

/// <summary>
/// What an interrupted run goes on from: one safetensors file in its output folder with weights, Adam's moments and, in its metadata, the run's state as JSON;
/// replaced atomically.
/// </summary>
internal static class ResumeFile
{
    public const string Name = ModelFolder.ResumeFile;

    private const int BufferFloats = 1 << 18;

    public static string PathIn(string folder) => Path.Combine(folder, Name);

    /// <param name="folder">The output folder.</param>
    /// <param name="key">Tells one kind of run from another.</param>
    /// <param name="state">Writes the state's JSON value.</param>
    /// <param name="set">The weights and their moments.</param>
    public static void Write(string folder, string key, Action<Utf8JsonWriter> state, ParameterSet set)
    {
        var writer = new SafetensorsWriter();
        writer.Metadata[key] = Serialize(state);
        var buffer = new float[BufferFloats];
        foreach (var parameter in set.All)
        {
            Add("value", parameter.Value);
            if (!parameter.IsFrozen)
            {
                Add("first_moment", parameter.FirstMoment);
                Add("second_moment", parameter.SecondMoment);
            }

            void Add(string kind, Matrix matrix) => writer.Add(
                $"{kind}.{parameter.Name}", TensorType.F32, [.. parameter.Shape.Select(size => (long)size)], stream => Copy(set.Backend, matrix, stream, buffer));
        }

        writer.Write(PathIn(folder));
    }

    /// <summary>The state alone.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="key">The kind of run.</param>
    /// <param name="parse">Reads the state.</param>
    /// <exception cref="TrainingException">There is no resume file, or it is none of such a run.</exception>
    public static T Read<T>(string folder, string key, Func<JsonElement, T> parse)
    {
        using var checkpoint = Open(folder);
        if (!checkpoint.Metadata.TryGetValue(key, out var json))
        {
            throw new TrainingException($"{checkpoint.Path} holds no state of a training run of this kind");
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            return parse(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new TrainingException($"{checkpoint.Path}: its run state is damaged ({error.Message})", error);
        }
    }

    /// <summary>The weights and moments.</summary>
    /// <exception cref="TrainingException">The file belongs to another model.</exception>
    public static void Restore(string folder, ParameterSet set)
    {
        using var checkpoint = Open(folder);
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

    private static Checkpoint Open(string folder)
    {
        var path = PathIn(folder);
        return File.Exists(path)
            ? Checkpoint.Open(path)
            : throw new TrainingException($"{folder} holds no run to go on with (no {Name}): it is finished, or was never started");
    }

    private static void Copy(IBackend backend, Matrix matrix, Stream stream, float[] buffer)
    {
        var flat = matrix.Reshape(1, checked((int)matrix.Length));
        for (var start = 0; start < flat.Columns; start += buffer.Length)
        {
            var part = buffer.AsSpan(0, Math.Min(buffer.Length, flat.Columns - start));
            backend.Read(flat.ColumnRange(start, part.Length), part);
            stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(part));
        }
    }

    private static string Serialize(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            write(writer);
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
