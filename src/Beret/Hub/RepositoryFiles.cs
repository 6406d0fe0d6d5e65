using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>The files of a Hugging Face repository that make a model.</summary>
internal static class RepositoryFiles
{
    public const string Config = "config.json";

    /// <summary>A model has at least one of these.</summary>
    public static readonly string[] Vocabularies = ["vocab.txt", "tokenizer.json", "spiece.model", "spm.model", "sentencepiece.bpe.model", "vocab.json"];

    /// <summary>All that a tokenizer may need, the vocabularies included.</summary>
    public static readonly string[] Tokenizer = [.. Vocabularies, "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    /// <summary>Where weights may be, the best first: in one file, or in several that an index names.</summary>
    public static readonly WeightFile[] Weights =
    [
        new(CheckpointLocator.SingleFile, IsIndex: false),
        new(CheckpointLocator.IndexFile, IsIndex: true),
        new(CheckpointLocator.PickleFile, IsIndex: false),
        new(CheckpointLocator.PickleIndexFile, IsIndex: true),
    ];

    /// <summary>Whether a folder holds all that a model needs.</summary>
    public static bool AreComplete(string folder) => Has(folder, Config) && HasVocabulary(folder) && Weights.Any(weights => HasAll(folder, weights));

    public static bool HasVocabulary(string folder) => Vocabularies.Any(file => Has(folder, file));

    private static bool HasAll(string folder, WeightFile weights)
    {
        if (!Has(folder, weights.Name) || !weights.IsIndex)
        {
            return Has(folder, weights.Name);
        }

        try
        {
            return ShardIndex.Read(Path.Combine(folder, weights.Name)).Shards.All(shard => Has(folder, shard));
        }
        catch (CheckpointException)
        {
            // Whoever needs the model reads the index again, and gets this error.
            return false;
        }
    }

    private static bool Has(string folder, string file) => File.Exists(Path.Combine(folder, file));
}

/// <summary>A file with weights, or with the names of such files.</summary>
internal readonly record struct WeightFile(string Name, bool IsIndex);
