namespace Beret.Text.Vocabularies;

/// <summary>Ranges of words with about the same number of symbols each.</summary>
internal static class Shards
{
    /// <returns>The first word of each shard, and the number of words.</returns>
    public static int[] Of(WordTable words, int count)
    {
        var bounds = new int[count + 1];
        for (var shard = 1; shard <= count; shard++)
        {
            var place = (int)((long)words.Symbols.Length * shard / count);
            var word = Array.BinarySearch(words.Starts, place);
            bounds[shard] = Math.Min(word < 0 ? ~word : word, words.Counts.Length);
        }

        return bounds;
    }
}
