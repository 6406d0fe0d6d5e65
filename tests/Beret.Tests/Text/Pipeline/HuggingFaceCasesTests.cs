using System.Text.Json;
using Beret.Text;

namespace Beret.Tests.Text.Pipeline;

/// <summary>The small tokenizers of tests/fixtures/tokenizers, one of each kind, must do what Hugging Face tokenizers 0.23.2 did with them.</summary>
public sealed class HuggingFaceCasesTests : IDisposable
{
    private static readonly string Fixtures = Repository.Path("tests", "fixtures", "tokenizers");

    private readonly string folder = Directory.CreateTempSubdirectory("beret-json-").FullName;

    public static TheoryData<string> Names() => [.. Directory.GetFiles(Fixtures, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order()];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void Ids_types_offsets_and_words_are_those_recorded(string name)
    {
        using var fixture = JsonDocument.Parse(File.ReadAllText(Path.Combine(Fixtures, name + ".json")));
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), fixture.RootElement.GetProperty("tokenizer").GetRawText());
        var tokenizer = Tokenizer.Load(folder);
        foreach (var line in fixture.RootElement.GetProperty("cases").EnumerateArray())
        {
            var text = line.GetProperty("text").GetString()!;
            var actual = tokenizer.Encode(text, line.TryGetProperty("pair", out var pair) ? pair.GetString() : null);
            Equal("ids", actual.Ids);
            Equal("types", actual.Types);
            Equal("offsets", actual.Offsets.SelectMany(o => (int[])[o.Start, o.End]));
            Equal("words", actual.Words);

            void Equal(string what, IEnumerable<int> values) => Assert.True(
                line.GetProperty(what).Ints().SequenceEqual(values),
                $"{what} of {JsonSerializer.Serialize(text)}:\nexpected {line.GetProperty(what).GetRawText()}\nactual   [{string.Join(',', values)}]");
        }
    }

    [Theory]
    [InlineData("roberta")]
    [InlineData("albert")]
    [InlineData("mpnet")]
    public void Saving_writes_the_file_that_was_read(string name)
    {
        using var fixture = JsonDocument.Parse(File.ReadAllText(Path.Combine(Fixtures, name + ".json")));
        var path = Path.Combine(folder, "tokenizer.json");
        File.WriteAllText(path, fixture.RootElement.GetProperty("tokenizer").GetRawText());
        var tokenizer = Tokenizer.Load(folder);
        var saved = Path.Combine(folder, "saved");
        tokenizer.Save(saved);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Path.Combine(saved, "tokenizer.json")));
        var again = Tokenizer.Load(saved);
        Assert.Equal((tokenizer.Kind, tokenizer.PaddingId, tokenizer.MaskId), (again.Kind, again.PaddingId, again.MaskId));
        Assert.Equivalent(tokenizer.Encode("The movie is great", "<mask> x"), again.Encode("The movie is great", "<mask> x"), strict: true);
    }

    [Fact]
    public void The_roles_of_special_tokens_are_found_where_no_file_names_them()
    {
        using var fixture = JsonDocument.Parse(File.ReadAllText(Path.Combine(Fixtures, "roberta.json")));
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), fixture.RootElement.GetProperty("tokenizer").GetRawText());
        var tokenizer = Tokenizer.Load(folder);
        Assert.True(tokenizer.TryGetId("<mask>", out var mask));
        Assert.Equal((0, 1, 2, mask), (tokenizer.ClassificationId, tokenizer.PaddingId, tokenizer.SeparatorId, tokenizer.MaskId));
        Assert.Equal("BPE", tokenizer.Kind);
        Assert.False(tokenizer.LowerCase);
    }
}
