namespace Beret.Hub;

/// <summary>A model that is known by name.</summary>
/// <param name="Name">What a user types.</param>
/// <param name="Repository">The Hugging Face repository with its weights, <c>owner/name</c>.</param>
/// <param name="Source">Whose definition the name stands for; it need not be the repository's.</param>
public sealed record ModelEntry(string Name, string Repository, ModelSource Source);

/// <summary>The models that are known by name, beside any <c>owner/name</c> of Hugging Face.</summary>
public static class ModelCatalogue
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModelEntry> Entries { get; } =
    [
        HuggingFace("sentence-transformers/all-MiniLM-L6-v2"),
        HuggingFace("sentence-transformers/all-MiniLM-L12-v2"),
        HuggingFace("google-bert/bert-base-uncased"),
        HuggingFace("google-bert/bert-base-cased"),
        HuggingFace("google-bert/bert-base-chinese"),
        HuggingFace("google-bert/bert-base-multilingual-cased"),
        HuggingFace("google-bert/bert-large-uncased"),
        HuggingFace("google-bert/bert-large-cased"),
        HuggingFace("google-bert/bert-large-uncased-whole-word-masking"),
        HuggingFace("google-bert/bert-large-cased-whole-word-masking"),

        // The names of TensorFlow Hub, by the mirror of the same weights.
        TensorFlow("bert_en_uncased_L-12_H-768_A-12", "google-bert/bert-base-uncased"),
        TensorFlow("bert_en_cased_L-12_H-768_A-12", "google-bert/bert-base-cased"),
        TensorFlow("bert_zh_L-12_H-768_A-12", "google-bert/bert-base-chinese"),
        TensorFlow("bert_multi_cased_L-12_H-768_A-12", "google-bert/bert-base-multilingual-cased"),
        TensorFlow("bert_en_uncased_L-24_H-1024_A-16", "google-bert/bert-large-uncased"),
        TensorFlow("bert_en_cased_L-24_H-1024_A-16", "google-bert/bert-large-cased"),
        TensorFlow("bert_en_wwm_uncased_L-24_H-1024_A-16", "google-bert/bert-large-uncased-whole-word-masking"),
        TensorFlow("bert_en_wwm_cased_L-24_H-1024_A-16", "google-bert/bert-large-cased-whole-word-masking"),
    ];

    /// <summary>
    /// The model of this name in whatever case, or null. A repository's name is known without its owner too, and a TensorFlow Hub name by its address
    /// (<c>https://tfhub.dev/tensorflow/NAME/VERSION</c>).
    /// </summary>
    public static ModelEntry? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        name = WithoutAddress(name);
        return Entries.FirstOrDefault(entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? Entries.FirstOrDefault(entry => ShortName(entry.Name).Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The known names that are most like a mistyped one, the nearest first.</summary>
    public static IReadOnlyList<string> Nearest(string name, int count = 3)
    {
        ArgumentNullException.ThrowIfNull(name);

        // Nobody mistypes a name this long, and the distance takes time by the square.
        var typed = WithoutAddress(name);
        typed = ShortName(typed[..Math.Min(typed.Length, 100)]).ToLowerInvariant();
        return [.. Entries.Select(entry => ShortName(entry.Name)).OrderBy(known => Distance(typed, known.ToLowerInvariant())).Take(count)];
    }

    private static ModelEntry HuggingFace(string repository) => new(repository, repository, ModelSource.HuggingFace);

    private static ModelEntry TensorFlow(string name, string repository) => new(name, repository, ModelSource.TensorFlow);

    private static string ShortName(string name) => name[(name.LastIndexOf('/') + 1)..];

    private static string WithoutAddress(string name)
    {
        const string TensorFlowHub = "https://tfhub.dev/tensorflow/";
        if (!name.StartsWith(TensorFlowHub, StringComparison.OrdinalIgnoreCase))
        {
            return name;
        }

        name = name[TensorFlowHub.Length..].TrimEnd('/');
        var slash = name.LastIndexOf('/');
        return slash >= 0 && name[(slash + 1)..].All(char.IsAsciiDigit) ? name[..slash] : name;
    }

    // Levenshtein's distance: insertions, deletions and changes of one character.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
