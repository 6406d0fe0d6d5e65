namespace Beret.Tests.Text.Vocabularies;

/// <summary>Byte-pair encoding as Sennrich et al. 2016 have it, with WordPiece's marks, in the plainest form: what a better trainer is compared with.</summary>
internal static class BytePairs
{
    public static HashSet<string> Train(IReadOnlyDictionary<string, long> words, int size)
    {
        var cut = words.Select(word => (Pieces: word.Key.Select((c, i) => i == 0 ? $"{c}" : $"##{c}").ToList(), word.Value)).ToList();
        var vocabulary = cut.SelectMany(word => word.Pieces).ToHashSet();
        while (vocabulary.Count < size)
        {
            var pairs = new Dictionary<(string, string), long>();
            foreach (var (pieces, count) in cut)
            {
                for (var i = 1; i < pieces.Count; i++)
                {
                    pairs[(pieces[i - 1], pieces[i])] = pairs.GetValueOrDefault((pieces[i - 1], pieces[i])) + count;
                }
            }

            var (left, right) = pairs.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).First().Key;
            vocabulary.Add(left + right[2..]);
            foreach (var (pieces, _) in cut)
            {
                for (var i = 1; i < pieces.Count; i++)
                {
                    if (pieces[i - 1] == left && pieces[i] == right)
                    {
                        pieces[i - 1] = left + right[2..];
                        pieces.RemoveAt(i);
                    }
                }
            }
        }

        return vocabulary;
    }

    /// <summary>The tokens of a word, the longest piece first; 1 where it cannot be spelt.</summary>
    public static int Tokens(HashSet<string> vocabulary, string word)
    {
        var tokens = 0;
        for (int at = 0, length; at < word.Length; at += length)
        {
            length = word.Length - at;
            while (length > 0 && !vocabulary.Contains((at == 0 ? "" : "##") + word.Substring(at, length)))
            {
                length--;
            }

            if (length == 0)
            {
                return 1;
            }

            tokens++;
        }

        return tokens;
    }
}
