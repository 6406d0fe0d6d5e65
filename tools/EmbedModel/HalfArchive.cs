using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beret;
using Beret.Checkpoints;

namespace EmbedModel;

/// <summary>What rounding to half precision did.</summary>
/// <param name="Parameters">The number of weights.</param>
/// <param name="Largest">The largest change of a weight.</param>
/// <param name="Relative">The root mean square of all changes, as a share of that of the weights.</param>
internal sealed record Rounding(long Parameters, double Largest, double Relative);

/// <summary>
/// A Hugging Face folder with weights in half precision, as an archive: config.json, model.safetensors, the tokenizer's files, and the model card as README.md. Nothing is
/// compressed (weights hardly can be), so that the files can be compared with the archive quickly. The same folder gives the same bytes.
/// </summary>
/// <remarks>
/// Pre-training knows no pooler. A BERT without one gets the identity, as ELECTRA does where it is given one: its pooled output is the tanh of the first token's vector.
/// </remarks>
internal static class HalfArchive
{
    /// <summary>The most bytes that the library may carry.</summary>
    public const int MostBytes = 12_000_000;

    private static readonly string[] Tokenizer = ["tokenizer_config.json", "vocab.txt"];

    private static readonly DateTimeOffset Earliest = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes the archive.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="card">The file with its model card.</param>
    /// <param name="path">The archive.</param>
    /// <exception cref="BeretException">The folder lacks something, a weight is beyond what half precision holds, or the archive is too large to be carried.</exception>
    public static Rounding Write(string folder, string card, string path)
    {
        using var weights = Checkpoint.Open(folder);
        var (tensors, rounding) = Round(weights);
        using var archive = new MemoryStream();
        using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "README.md", File.ReadAllBytes(card));
            Add(zip, "config.json", Config(Path.Combine(folder, "config.json")));
            Add(zip, "model.safetensors", tensors);
            foreach (var name in Tokenizer)
            {
                Add(zip, name, ReadAll(Path.Combine(folder, name)));
            }
        }

        if (archive.Length > MostBytes)
        {
            throw new BeretException($"{folder} would take {archive.Length:N0} bytes, more than the {MostBytes:N0} that the library may carry");
        }

        AtomicFile.Write(path, archive.WriteTo);
        return rounding;
    }

    private static (byte[] File, Rounding Rounding) Round(Checkpoint weights)
    {
        var writer = new SafetensorsWriter();
        var (count, largest, changes, squares) = (0L, 0.0, 0.0, 0.0);
        AddPooler(writer, weights);
        foreach (var tensor in weights.Tensors)
        {
            var values = weights.Read(tensor.Name);
            var halves = Array.ConvertAll(values, value => (Half)value);
            if (!Array.TrueForAll(halves, Half.IsFinite))
            {
                throw new BeretException($"{weights.Path}: {tensor.Name} holds a weight that half precision does not ({values.MaxBy(MathF.Abs)})");
            }

            count += values.Length;
            foreach (var (value, half) in values.Zip(halves))
            {
                var change = value - (double)half;
                largest = Math.Max(largest, Math.Abs(change));
                changes += change * change;
                squares += (double)value * value;
            }

            writer.Add(tensor.Name, TensorType.F16, [.. tensor.Shape], MemoryMarshal.AsBytes(halves.AsSpan()).ToArray());
        }

        using var stream = new MemoryStream();
        writer.Write(stream);
        return (stream.ToArray(), new Rounding(count, largest, Math.Sqrt(changes / squares)));
    }

    private static void AddPooler(SafetensorsWriter writer, Checkpoint weights)
    {
        const string Sibling = "encoder.layer.0.attention.self.query.weight";
        if (weights.Tensors.Any(tensor => tensor.Name.EndsWith("pooler.dense.weight", StringComparison.Ordinal))
            || weights.Tensors.FirstOrDefault(tensor => tensor.Name.EndsWith(Sibling, StringComparison.Ordinal)) is not { } query)
        {
            return;
        }

        var (prefix, size) = (query.Name[..^Sibling.Length], (int)query.Shape[0]);
        var identity = new Half[size * size];
        for (var i = 0; i < size; i++)
        {
            identity[(i * size) + i] = Half.One;
        }

        writer.Add($"{prefix}pooler.dense.weight", TensorType.F16, [size, size], MemoryMarshal.AsBytes(identity.AsSpan()).ToArray());
        writer.Add($"{prefix}pooler.dense.bias", TensorType.F16, [size], new byte[size * sizeof(ushort)]);
    }

    private static byte[] Config(string path)
    {
        try
        {
            var config = JsonNode.Parse(ReadAll(path))!.AsObject();
            config["torch_dtype"] = "float16";
            return Encoding.UTF8.GetBytes(config.ToJsonString(new JsonSerializerOptions { WriteIndented = true, NewLine = "\n" }) + "\n");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new BeretException($"{path} is no configuration: {error.Message}", error);
        }
    }

    private static byte[] ReadAll(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BeretException($"{path} cannot be read: {error.Message}", error);
        }
    }

    private static void Add(ZipArchive zip, string name, byte[] bytes)
    {
        var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
        entry.LastWriteTime = Earliest;
        using var stream = entry.Open();
        stream.Write(bytes);
    }
}
