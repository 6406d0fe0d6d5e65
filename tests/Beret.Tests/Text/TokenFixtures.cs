using System.IO.Compression;
using System.Text.Json;
using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>The recorded tokenizations of fixtures/tokens: one JSON object a line.</summary>
internal static class TokenFixtures
{
    private static readonly Lazy<FixtureText[]> Texts = new(() => [.. Lines("texts.jsonl.gz").Select(line => new FixtureText(
        line.GetProperty("i").GetInt32(),
        line.GetProperty("kind").GetString()!,
        line.GetProperty("name").ToString(),
        line.GetProperty("text").GetString()!))]);

    public static FixtureText[] AllTexts()
    {
        _ = Shared.Path("fixtures", "tokens", "texts.jsonl.gz");
        return Texts.Value;
    }

    public static IEnumerable<JsonElement> Lines(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(Shared.Path("fixtures", "tokens", file)), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            yield return JsonDocument.Parse(line).RootElement;
        }
    }

    public static int[] Ints(this JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    public static string VocabularyPath(string model) => Shared.Path("fixtures", "tokens", "vocabs", model, "vocab.txt");

    public static Tokenizer Uncased(TokenizerFlavour flavour) =>
        Tokenizer.FromVocabulary(VocabularyPath("bert-base-uncased"), lowerCase: true, flavour);

    public static Tokenizer Cased(TokenizerFlavour flavour) => Tokenizer.FromVocabulary(VocabularyPath("bert-base-cased"), lowerCase: false, flavour);

    /// <summary>Asserts equal ids, naming the text where they are not.</summary>
    public static void AssertIds(int[] expected, ReadOnlySpan<int> actual, FixtureText text, string what)
    {
        if (!actual.SequenceEqual(expected))
        {
            var shown = JsonSerializer.Serialize(text.Text[..Math.Min(200, text.Text.Length)]);
            var found = actual[..Math.Min(200, actual.Length)].ToArray();
            Assert.Fail($"{what}, text {text.Index} ({text.Kind} {text.Name}) {shown}:\n"
                + $"expected {string.Join(' ', expected.Take(200))}\nactual   {string.Join(' ', found)}");
        }
    }
}

internal sealed record FixtureText(int Index, string Kind, string Name, string Text);
