namespace Beret.Hub;

/// <summary>The models that are known by name, beside any <c>owner/name</c> of Hugging Face.</summary>
public static class ModelCatalogue
{
    /// <summary>All of them: what the library carries in itself, the tutorial's, then those of Hugging Face.</summary>
    public static IReadOnlyList<ModelEntry> Entries { get; } = [.. EmbeddedModels.Entries, .. TensorFlowModels.Entries, .. HuggingFaceModels.Entries];

    private static Dictionary<string, ModelEntry> ByKey { get; } = IndexEntries();

    /// <summary>
    /// The model of this name in whatever case, or null. A repository's name is known without its owner too, and a model of the tutorial by its address on
    /// TensorFlow Hub (<c>https://tfhub.dev/tensorflow/NAME/VERSION</c>) and on Kaggle, with and without version.
    /// </summary>
    public static ModelEntry? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ByKey.GetValueOrDefault(ModelAddress.KeyOf(name));
    }

    /// <summary>The known names that are most like a mistyped one, the nearest first.</summary>
    public static IReadOnlyList<string> Nearest(string name, int count = 3)
    {
        ArgumentNullException.ThrowIfNull(name);
        return NearestNames.Of(ModelAddress.KeyOf(name), [.. Entries.Select(entry => entry.ShortName).Distinct()], count);
    }

    /// <summary>Those whose name or family holds a text, in whatever case.</summary>
    public static IReadOnlyList<ModelEntry> Search(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. Entries.Where(entry => Holds(entry.Name) || Holds(entry.Family))];

        bool Holds(string name) => name.Contains(text, StringComparison.OrdinalIgnoreCase);
    }

    // What comes first keeps its key: a full name before a short one, and the tutorial's names before others.
    private static Dictionary<string, ModelEntry> IndexEntries()
    {
        var index = new Dictionary<string, ModelEntry>(StringComparer.Ordinal);
        foreach (var keys in (ReadOnlySpan<Func<ModelEntry, string?>>)
            [
                entry => entry.Name,
                entry => entry.TensorFlowHub,
                entry => entry.Kaggle is null ? null : ModelAddress.KaggleKeyOf(entry.Kaggle),
                entry => entry.IsEmbedded ? null : WithoutFirst(entry.Name),
                entry => WithoutFirst(entry.TensorFlowHub),
            ])
        {
            foreach (var entry in Entries)
            {
                if (keys(entry) is { } key)
                {
                    index.TryAdd(key.ToLowerInvariant(), entry);
                }
            }
        }

        return index;
    }

    private static string? WithoutFirst(string? path) => path?[(path.IndexOf('/') + 1)..];
}
