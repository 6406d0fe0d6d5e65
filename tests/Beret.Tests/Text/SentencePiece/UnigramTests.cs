using Beret.Text.SentencePiece;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>The best cut, against all cuts; and the trie that finds the pieces.</summary>
public class UnigramTests
{
    [Theory]
    [InlineData(1, nameof(ScorePrecision.Single))]
    [InlineData(2, nameof(ScorePrecision.Single))]
    [InlineData(3, nameof(ScorePrecision.StoredSingle))]
    [InlineData(4, nameof(ScorePrecision.StoredSingle))]
    public void TheCutHasTheLargestSum(int seed, string precision)
    {
        var random = new Random(seed);
        var texts = new HashSet<string>();
        while (texts.Count < 40)
        {
            texts.Add(Text(random, random.Next(1, 5)));
        }

        var pieces = texts.Select((text, id) => (text, id)).ToList();

        // Their sums are exact in every precision.
        double[] scores = [.. pieces.Select(_ => -random.Next(1, 1000) / 64.0), 0];
        var unigram = new Unigram(pieces, scores, -30, 40, Enum.Parse<ScorePrecision>(precision));
        var paths = new UnigramPaths();
        for (var round = 0; round < 200; round++)
        {
            var text = Text(random, random.Next(0, 12));
            var best = new double[text.Length + 1];
            for (var end = 1; end <= text.Length; end++)
            {
                best[end] = double.NegativeInfinity;
                for (var start = 0; start < end; start++)
                {
                    var id = pieces.FindIndex(piece => piece.text == text[start..end]);
                    var score = id >= 0 ? scores[id] : end - start == 1 ? -30 : double.NegativeInfinity;
                    best[end] = Math.Max(best[end], best[start] + score);
                }
            }

            var cut = unigram.Cut(text, paths).ToArray();
            Assert.Equal(text, string.Concat(cut.Select(segment => text[segment.Start..segment.End])));
            Assert.All(cut, segment => Assert.True(segment.Id == 40 || pieces[segment.Id].text == text[segment.Start..segment.End]));
            Assert.Equal(best[^1], cut.Sum(segment => segment.Id == 40 ? -30 : scores[segment.Id]), 9);
        }

        static string Text(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(3))));
    }

    [Fact]
    public void TheTrieFindsWhatIsThereAndNothingElse()
    {
        // Far more characters than have a label of their own, and a full set of children.
        var random = new Random(5);
        var texts = new HashSet<string>();
        for (var c = 0; c < 0xD000; c += 7)
        {
            texts.Add($"{(char)(c + 1)}");
            texts.Add($"x{(char)(c + 1)}{(char)('a' + random.Next(26))}");
        }

        var trie = new PieceTrie([.. texts.Select((text, id) => (text, id))]);
        var all = texts.ToHashSet();
        for (var round = 0; round < 20_000; round++)
        {
            var text = random.Next(2) == 0 ? $"x{(char)random.Next(1, 0xD000)}{(char)('a' + random.Next(26))}q" : $"{(char)random.Next(1, 0xD000)}xy";
            var expected = Enumerable.Range(1, text.Length).Where(length => all.Contains(text[..length])).DefaultIfEmpty().Max();
            Assert.Equal(expected, trie.Longest(text));
        }
    }
}
