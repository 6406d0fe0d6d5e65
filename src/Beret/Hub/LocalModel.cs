namespace Beret.Hub;

/// <summary>What a folder that somebody has holds.</summary>
internal static class LocalModel
{
    // What only TensorFlow's formats have.
    private static readonly string[] TensorFlowFiles =
        ["saved_model.pb", Path.Combine("saved_model", "saved_model.pb"), "bert_config.json", "albert_config.json"];

    /// <summary>Whose definition the folder's model goes by.</summary>
    public static ModelSource SourceOf(string folder) =>
        TensorFlowFiles.Any(name => File.Exists(Path.Combine(folder, name))) || (!HasConfig(folder) && HasBundle(folder))
            ? ModelSource.TensorFlow
            : ModelSource.HuggingFace;

    /// <summary>Whether there is a sign of a model.</summary>
    public static bool IsIn(string folder) => HasConfig(folder) || SourceOf(folder) == ModelSource.TensorFlow;

    private static bool HasConfig(string folder) => File.Exists(Path.Combine(folder, RepositoryFiles.Config));

    // The index of a TensorFlow checkpoint, whatever its name. Whoever opens a folder that cannot be listed says so.
    private static bool HasBundle(string folder) => Directory.EnumerateFiles(folder, "*.index", new EnumerationOptions { IgnoreInaccessible = true }).Any();
}
