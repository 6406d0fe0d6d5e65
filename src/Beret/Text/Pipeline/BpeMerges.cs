namespace Beret.Text.Pipeline;

/// <summary>The merges of a BPE model as files have them: two tokens a line, the first line first.</summary>
internal static class BpeMerges
{
    /// <summary>A line of merges.txt, which older tokenizer.json files repeat; null for the line that says the version.</summary>
    /// <exception cref="TokenizerException">It is not two tokens.</exception>
    public static (string Left, string Right)? Parse(string line, string path)
    {
        if (line.StartsWith("#version", StringComparison.Ordinal))
        {
            return null;
        }

        var space = line.IndexOf(' ');
        return space > 0 && space + 1 < line.Length && line.IndexOf(' ', space + 1) < 0
            ? (line[..space], line[(space + 1)..])
            : throw new TokenizerException($"{path}: the merge {Json.Quote(line)} is not two tokens with a space between");
    }

    /// <summary>Reads merges.txt.</summary>
    public static IEnumerable<(string Left, string Right)> ReadFile(string path)
    {
        foreach (var line in Vocabulary.ReadFile(path).Split('\n'))
        {
            var merge = line.TrimEnd('\r');
            if (merge.Length > 0 && Parse(merge, path) is { } pair)
            {
                yield return pair;
            }
        }
    }

    /// <summary>The ids of the two tokens and of the one they become: their texts joined, the second without the prefix of what continues a word.</summary>
    /// <exception cref="TokenizerException">One of them is not in the vocabulary.</exception>
    public static List<(int Left, int Right, int Result)> Resolve(
        IEnumerable<(string Left, string Right)> pairs, Vocabulary vocabulary, int prefixLength, string path)
    {
        var merges = new List<(int, int, int)>();
        foreach (var (left, right) in pairs)
        {
            var result = string.Concat(left, right.AsSpan(Math.Min(prefixLength, right.Length)));
            merges.Add((Id(left), Id(right), Id(result)));

            int Id(string token) => vocabulary.Ids.TryGetValue(token, out var id) ? id : throw new TokenizerException(
                $"{path}: the merge of {Json.Quote(left)} and {Json.Quote(right)} needs the token {Json.Quote(token)}, which the vocabulary does not have");
        }

        return merges;
    }
}
