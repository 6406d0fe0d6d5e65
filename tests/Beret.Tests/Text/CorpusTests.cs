using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>All 25,000 test reviews of the IMDB data set, read from the archive.</summary>
public class CorpusTests
{
    private static readonly Lazy<KeyValuePair<string, string>[]> Reviews = new(ReadReviews);

    [Theory]
    [InlineData("hf")]
    [InlineData("tf")]
    public void WholeCorpusHasTheRecordedChecksum(string flavour)
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(Shared.Path("fixtures", "tokens", $"corpus-test.{flavour}.json")));
        _ = Shared.Path("data", "aclImdb_v1.tar.gz");
        var tokenizer = TokenFixtures.Uncased(TokenizerFlavours.Parse(flavour));
        var options = new EncodeOptions { AddSpecialTokens = flavour == "hf" };
        var buffer = new TokenBuffer();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tokens = 0;
        var counts = Counts(flavour);
        foreach (var (path, text) in Reviews.Value)
        {
            tokenizer.Encode(text, options, buffer);
            var bytes = MemoryMarshal.AsBytes(buffer.Ids);
            hash.AppendData(bytes);
            tokens += buffer.Count;
            Assert.Equal(counts[path], $"{buffer.Count}\t{Convert.ToHexStringLower(SHA256.HashData(bytes))[..8]}");
        }

        Assert.Equal(25000, Reviews.Value.Length);
        Assert.Equal(expected.RootElement.GetProperty("tokens").GetInt32(), tokens);
        Assert.Equal(expected.RootElement.GetProperty("sha256").GetString(), Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static Dictionary<string, string> Counts(string flavour)
    {
        using var reader = new StreamReader(new GZipStream(
            File.OpenRead(Shared.Path("fixtures", "tokens", $"corpus-test.{flavour}.counts.tsv.gz")), CompressionMode.Decompress));
        var counts = new Dictionary<string, string>();
        while (reader.ReadLine() is { } line)
        {
            var columns = line.Split('\t', 2);
            counts[columns[0]] = columns[1];
        }

        return counts;
    }

    private static KeyValuePair<string, string>[] ReadReviews()
    {
        var reviews = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var tar = new TarReader(new GZipStream(File.OpenRead(Shared.Path("data", "aclImdb_v1.tar.gz")), CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            var at = entry.Name.IndexOf("test/", StringComparison.Ordinal);
            var path = at < 0 ? "" : entry.Name[at..];
            var labelled = path.StartsWith("test/neg/", StringComparison.Ordinal) || path.StartsWith("test/pos/", StringComparison.Ordinal);
            if (labelled && entry.DataStream is { } data)
            {
                using var memory = new MemoryStream();
                data.CopyTo(memory);
                reviews.Add(path, Encoding.UTF8.GetString(memory.GetBuffer(), 0, (int)memory.Length));
            }
        }

        return [.. reviews];
    }
}
