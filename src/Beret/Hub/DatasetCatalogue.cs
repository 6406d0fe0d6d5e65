namespace Beret.Hub;

/// <summary>A data set that is known by name.</summary>
/// <param name="Name">What a user types.</param>
/// <param name="Description">What it is, in a line.</param>
/// <param name="Archive">The archive that holds it.</param>
public sealed record DatasetEntry(string Name, string Description, DownloadSpec Archive);

/// <summary>The data sets that are known by name.</summary>
public static class DatasetCatalogue
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<DatasetEntry> Entries { get; } =
    [
        // Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis".
        new("imdb", "50,000 film reviews, positive or negative, and 50,000 without label",
            new DownloadSpec(
                new Uri("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"),
                "datasets/aclImdb_v1.tar.gz",
                Size: 84_125_825,
                Md5: "7c2ac02c03563afcf9b574c7e56c153a")),
    ];

    /// <summary>The data set of this name, in whatever case, or null.</summary>
    public static DatasetEntry? Find(string name) => Entries.FirstOrDefault(entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
