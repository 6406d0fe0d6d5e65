using Beret.Checkpoints.TensorFlow;

namespace Beret.Checkpoints;

/// <summary>Which reader opens a path: the one place that knows the file names and formats of checkpoints.</summary>
internal static class CheckpointLocator
{
    /// <summary>The usual name of a model's weights in one file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>The usual name of the index of weights in several files.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private static readonly string[] Unsupported = [".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".pb", ".onnx", ".gguf"];

    /// <summary>Whether a path, no folder's, is that of a TensorFlow checkpoint: its index, a data file, or the prefix of its files.</summary>
    public static bool IsTensorFlow(string path) => BundlePath.IndexOf(path) is { } index && File.Exists(index);

    public static Checkpoint Open(string path)
    {
        AtomicFolder.Recover(path);
        if (Directory.Exists(path))
        {
            path = FileIn(path);
        }

        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            return ShardedCheckpoint.OpenIndex(path, SafetensorsCheckpoint.OpenFile);
        }

        if (BundlePath.IndexOf(path) is { } bundle)
        {
            return TensorBundle.OpenIndex(bundle);
        }

        return Unsupported.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)
            ? throw new CheckpointException(
                $"{path}: this kind of checkpoint is not supported; a .safetensors file or a TensorFlow checkpoint (.index) is wanted")
            : SafetensorsCheckpoint.OpenFile(path);
    }

    /// <summary>The file or index by which a folder's weights are opened.</summary>
    /// <exception cref="CheckpointException">There is none, or several.</exception>
    public static string FileIn(string folder)
    {
        foreach (var name in (ReadOnlySpan<string>)[SingleFile, IndexFile])
        {
            if (File.Exists(Path.Combine(folder, name)))
            {
                return Path.Combine(folder, name);
            }
        }

        // Before other names of safetensors: values to compare with often lie beside a TensorFlow checkpoint.
        if (BundlePath.IndexIn(folder) is { } bundle)
        {
            return bundle;
        }

        string[] others;
        try
        {
            others = Directory.GetFiles(folder, "*.safetensors");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{folder} cannot be read: {error.Message}", error);
        }

        return others.Length switch
        {
            1 => others[0],
            0 => throw new CheckpointException(
                $"{folder} holds no weights: neither {SingleFile} nor {IndexFile} nor a TensorFlow checkpoint is there{Other(folder)}"),
            _ => throw new CheckpointException($"{folder} holds {others.Length} .safetensors files and none is called {SingleFile}: name the one you mean"),
        };
    }

    private static string Other(string folder)
    {
        var present = Directory.EnumerateFiles(folder).Select(Path.GetFileName).FirstOrDefault(
            name => Unsupported.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase));
        return present is null ? "" : $" (it holds {CheckpointException.Quote(present)}, a kind of checkpoint that is not supported)";
    }
}
