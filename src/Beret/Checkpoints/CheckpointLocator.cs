using Beret.Checkpoints.Pickle;
using Beret.Checkpoints.TensorFlow;

namespace Beret.Checkpoints;

/// <summary>Which reader opens a path: the one place that knows the file names and formats of checkpoints.</summary>
internal static class CheckpointLocator
{
    /// <summary>The usual name of a model's weights in one file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>The usual name of the index of weights in several files.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    /// <summary>The usual name of PyTorch weights in one file.</summary>
    public const string PickleFile = "pytorch_model.bin";

    /// <summary>The usual name of the index of PyTorch weights in several files.</summary>
    public const string PickleIndexFile = "pytorch_model.bin.index.json";

    private static readonly string[] PickleExtensions = [".bin", ".pt", ".pth", ".ckpt"];
    private static readonly string[] Unsupported = [".h5", ".msgpack", ".pb", ".onnx", ".gguf"];

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
            return ShardedCheckpoint.OpenIndex(path, OpenFile);
        }

        return BundlePath.IndexOf(path) is { } bundle ? TensorBundle.OpenIndex(bundle) : OpenFile(path);
    }

    private static Checkpoint OpenFile(string path)
    {
        if (HasExtension(path, PickleExtensions))
        {
            return PickleCheckpoint.OpenFile(path);
        }

        return HasExtension(path, Unsupported)
            ? throw new CheckpointException(
                $"{path}: this kind of checkpoint is not supported; a .safetensors file, a PyTorch file (.bin, .pt, .pth, .ckpt) or a TensorFlow checkpoint (.index) is wanted")
            : SafetensorsCheckpoint.OpenFile(path);
    }

    /// <summary>The file or index by which a folder's weights are opened.</summary>
    /// <exception cref="CheckpointException">There is none, or several.</exception>
    public static string FileIn(string folder)
    {
        foreach (var name in (ReadOnlySpan<string>)[SingleFile, IndexFile, PickleFile, PickleIndexFile])
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

        string[] files;
        try
        {
            files = Directory.GetFiles(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{folder} cannot be read: {error.Message}", error);
        }

        return OnlyOne(".safetensors") ?? OnlyOne(PickleExtensions) ?? throw new CheckpointException(
            $"{folder} holds no weights: neither {SingleFile} nor {PickleFile}, nor an index of several ({IndexFile}), nor a TensorFlow checkpoint is there{Other(files)}");

        string? OnlyOne(params string[] extensions)
        {
            var found = files.Where(file => HasExtension(file, extensions)).ToList();
            return found.Count > 1
                ? throw new CheckpointException($"{folder} holds {found.Count} {string.Join("/", extensions)} files and none has the usual name: name the one you mean")
                : found.FirstOrDefault();
        }
    }

    private static string Other(string[] files) =>
        files.FirstOrDefault(file => HasExtension(file, Unsupported)) is { } present
            ? $" (it holds {CheckpointException.Quote(Path.GetFileName(present))}, a kind of checkpoint that is not supported)"
            : "";

    private static bool HasExtension(string path, string[] extensions) => extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
