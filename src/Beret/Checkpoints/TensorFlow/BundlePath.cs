using System.Globalization;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>The file names of tensor bundles: <c>PREFIX.index</c> with <c>PREFIX.data-00000-of-00001</c> and so on beside it.</summary>
internal static class BundlePath
{
    public const string IndexExtension = ".index";

    /// <summary>The text file in which a saver notes what it wrote, the newest first.</summary>
    private const string StateFile = "checkpoint";

    private const int LongestState = 1 << 20;
    private static readonly string VariablesIndex = "variables" + IndexExtension;

    /// <summary>
    /// The index that a path means which is no folder: the index itself, its prefix (<c>bert_model.ckpt</c>), one of its data files, or a
    /// <c>saved_model.pb</c>, whose variables lie beside it. Null where the path means no bundle.
    /// </summary>
    public static string? IndexOf(string path)
    {
        if (path.EndsWith(IndexExtension, StringComparison.OrdinalIgnoreCase))
        {
            return path;
        }

        if (Path.GetFileName(path) == SavedModel.FileName)
        {
            return Path.Combine(Path.GetDirectoryName(path) ?? "", "variables", VariablesIndex);
        }

        var data = path.LastIndexOf(".data-", StringComparison.Ordinal);
        return data > 0 && File.Exists(path[..data] + IndexExtension) ? path[..data] + IndexExtension
            : !File.Exists(path) && File.Exists(path + IndexExtension) ? path + IndexExtension
            : null;
    }

    /// <summary>
    /// The index in a folder: that of a SavedModel (the folder itself, or <c>saved_model</c> in it), or the only one there is, or of several the one that the file
    /// <c>checkpoint</c> calls the newest. Null where there is none.
    /// </summary>
    /// <exception cref="CheckpointException">There are several, and nothing says which.</exception>
    public static string? IndexIn(string folder)
    {
        foreach (var savedModel in (ReadOnlySpan<string>)[folder, Path.Combine(folder, "saved_model")])
        {
            if (File.Exists(Path.Combine(savedModel, "variables", VariablesIndex)))
            {
                return Path.Combine(savedModel, "variables", VariablesIndex);
            }
        }

        string[] found;
        try
        {
            found = Directory.GetFiles(folder, "*" + IndexExtension);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{folder} cannot be read: {error.Message}", error);
        }

        return found.Length switch
        {
            0 => null,
            1 => found[0],
            _ => Newest(folder) ?? throw new CheckpointException(
                $"{folder} holds {found.Length} TensorFlow checkpoints: name the one you mean, such as "
                + found.Order(StringComparer.Ordinal).First()[..^IndexExtension.Length]),
        };
    }

    /// <summary>The <c>saved_model.pb</c> that goes with an index of variables; null where there is none.</summary>
    public static string? GraphBeside(string index)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(index));
        var graph = folder is null ? null : Path.Combine(Path.GetDirectoryName(folder) ?? "", SavedModel.FileName);
        return Path.GetFileName(index) == VariablesIndex && File.Exists(graph) ? graph : null;
    }

    /// <summary>The data file of a shard.</summary>
    public static string DataFile(string index, int shard, int shards) =>
        string.Create(CultureInfo.InvariantCulture, $"{index.AsSpan(0, index.Length - IndexExtension.Length)}.data-{shard:D5}-of-{shards:D5}");

    // CheckpointState, as text: model_checkpoint_path: "bert_model.ckpt". The path may be another machine's, so only its last part counts.
    private static string? Newest(string folder)
    {
        var state = new FileInfo(Path.Combine(folder, StateFile));
        if (!state.Exists || state.Length > LongestState)
        {
            return null;
        }

        try
        {
            const string Field = "model_checkpoint_path:";
            var line = File.ReadLines(state.FullName).FirstOrDefault(text => text.StartsWith(Field, StringComparison.Ordinal));
            var prefix = line?[Field.Length..].Trim().Trim('"');
            var index = prefix is null ? null : Path.Combine(folder, prefix[(prefix.LastIndexOfAny(['/', '\\']) + 1)..] + IndexExtension);
            return File.Exists(index) ? index : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{state.FullName} cannot be read: {error.Message}", error);
        }
    }
}
