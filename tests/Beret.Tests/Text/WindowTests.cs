using System.Text.Json.Nodes;
using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>Long texts in windows, on vocabularies where every letter is a token.</summary>
public sealed class WindowTests : IDisposable
{
    private readonly SmallVocabulary model = new();

    public void Dispose() => model.Dispose();

    [Theory]

    // Six tokens between [CLS] and [SEP], of which two are the window's before: a step of four.
    [InlineData("a b c d e f", 8, 2, "a b c d e f", 0)]
    [InlineData("a b c d e f g", 8, 2, "a b c d e f | b c d e f g", 0)]
    [InlineData("a b c d e f g h a b", 8, 2, "a b c d e f | e f g h a b", 0)]
    [InlineData("a b c d e f g h a b c", 8, 2, "a b c d e f | e f g h a b | f g h a b c", 0)]

    // Without an overlap, and with the largest.
    [InlineData("a b c d e f g h a b c d e", 8, 0, "a b c d e f | g h a b c d | h a b c d e", 0)]
    [InlineData("a b c d e f g h", 8, 4, "a b c d e f | c d e f g h", 0)]

    // By default a quarter of the window.
    [InlineData("a b c d e f g h a b c", 8, null, "a b c d e f | e f g h a b | f g h a b c", 0)]

    // One token at a time.
    [InlineData("a b c", 3, 1, "a | b | c", 0)]
    [InlineData("", 8, 2, "", 0)]
    public void TheWindowsOfATextByHand(string text, int maxLength, int? overlap, string expected, int cut)
    {
        foreach (var flavour in new[] { TokenizerFlavour.TensorFlow, TokenizerFlavour.HuggingFace, TokenizerFlavour.Google })
        {
            var result = Load(flavour).Encode(text, options: Windows(maxLength, overlap));
            var windows = expected.Split(" | ");
            Assert.Equal(SmallVocabulary.Ids(string.Join(' ', windows.Select(window => $"[CLS] {window} [SEP]"))), result.Ids);
            Assert.Equal((windows.Length, cut), (result.Windows, result.Cut));
            Assert.All(result.Types, type => Assert.Equal(0, type));
        }
    }

    [Fact]
    public void WindowsAreHuggingFacesButForTheLastWhichIsFull()
    {
        var fixture = JsonNode.Parse(File.ReadAllText(Repository.Path("tests", "fixtures", "windows", "windows.json")))!;
        model.Write("vocab.txt", string.Concat(fixture["vocabulary"]!.AsArray().Select(token => $"{token}\n")));
        var tokenizer = Load(TokenizerFlavour.HuggingFace);
        var severals = 0;
        foreach (var one in fixture["cases"]!.AsArray())
        {
            var options = Windows((int)one!["max_length"]!, (int)one["stride"]!) with { PairTruncation = PairTruncations.Parse((string)one["strategy"]!) };
            var result = tokenizer.Encode((string)one["text"]!, (string?)one["pair"], options);
            var theirs = one["windows"]!.AsArray();
            var what = $"{one["text"]} | {one["pair"]} with a stride of {one["stride"]}";
            Assert.True(theirs.Count == result.Windows, what);
            var length = result.Ids.Length / result.Windows;
            for (var window = 0; window < theirs.Count; window++)
            {
                var ids = theirs[window]!["ids"]!.AsArray().GetValues<int>().ToArray();
                var (own, types) = (result.Ids[(window * length)..((window + 1) * length)], result.Types[(window * length)..((window + 1) * length)]);
                var missing = own.Length - ids.Length;
                Assert.True(missing == 0 || (missing > 0 && window == theirs.Count - 1), what);

                // What Hugging Face leaves out is the front of the text that goes on; all else is the same.
                var at = Enumerable.Range(0, ids.Length + 1).First(i => i == ids.Length || own[i] != ids[i]);
                Assert.Equal(ids, own.Where((_, i) => i < at || i >= at + missing));
                Assert.Equal(theirs[window]!["types"]!.AsArray().GetValues<int>(), types.Where((_, i) => i < at || i >= at + missing));
            }

            Assert.Equal(0, result.Cut);
            severals += result.Windows > 2 ? 1 : 0;
        }

        Assert.InRange(severals, 20, int.MaxValue);
    }

    [Fact]
    public void TheFirstWindowIsTheHeadAndTheLastTheTail()
    {
        foreach (var flavour in new[] { TokenizerFlavour.TensorFlow, TokenizerFlavour.HuggingFace, TokenizerFlavour.Google })
        {
            foreach (var pair in new[] { null, "e f", "e f g h a b c d e f" })
            {
                foreach (var text in new[] { "a b c", "a b c d e f g h a b c d e f g h" })
                {
                    var windows = Load(flavour).Encode(text, pair, Windows(12, 3));
                    var head = Load(flavour).Encode(text, pair, new EncodeOptions { MaxLength = 12 });
                    Assert.Equal(head.Ids, windows.Ids[..head.Ids.Length]);
                    Assert.Equal(head.Types, windows.Types[..head.Ids.Length]);
                    Assert.Equal(head.Offsets, windows.Offsets[..head.Ids.Length]);
                    Assert.Equal(head.Words, windows.Words[..head.Ids.Length]);
                    if (pair is null)
                    {
                        var tail = Load(flavour).Encode(text, options: new EncodeOptions { MaxLength = 12, Truncation = Truncation.Tail });
                        Assert.Equal(tail.Ids, windows.Ids[^tail.Ids.Length..]);
                        Assert.Equal(tail.Offsets, windows.Offsets[^tail.Ids.Length..]);
                    }
                }
            }
        }
    }

    [Theory]

    // The room is divided as it always is, and the text that loses more goes on in its share.
    [InlineData("hf", "a b", "c d e f g h a b", "[CLS] a b [SEP] c d e f g [SEP] | [CLS] a b [SEP] f g h a b [SEP]", 0)]
    [InlineData("tf", "c d e f g h a b", "a b", "[CLS] c d e f g [SEP] a b [SEP] | [CLS] f g h a b [SEP] a b [SEP]", 0)]

    // Of two long texts the shorter one keeps the beginning that it keeps elsewhere.
    [InlineData("hf", "a b c d e", "h g f e d c b", "[CLS] a b c [SEP] h g f e [SEP] | [CLS] a b c [SEP] f e d c [SEP] | [CLS] a b c [SEP] e d c b [SEP]", 2)]

    // Both lose as much: the second goes on.
    [InlineData("tf", "a b c d e", "d c b a", "[CLS] a b c d [SEP] d c b [SEP] | [CLS] a b c d [SEP] c b a [SEP]", 1)]
    public void OfAPairTheTextThatLosesMoreGoesOn(string flavour, string text, string pair, string expected, int cut)
    {
        var result = Load(TokenizerFlavours.Parse(flavour)).Encode(text, pair, Windows(10, 2));
        var windows = expected.Split(" | ");
        Assert.Equal(SmallVocabulary.Ids(string.Join(' ', windows)), result.Ids);
        Assert.Equal((windows.Length, cut), (result.Windows, result.Cut));
        var first = windows[0].Split(' ').ToList().IndexOf("[SEP]") + 1;
        Assert.Equal(result.Ids.Select((_, i) => i % (result.Ids.Length / windows.Length) < first ? 0 : 1), result.Types);
    }

    [Theory]
    [InlineData(1, "a b c d e f", 18)]
    [InlineData(2, "a b c d e f | s t u v w x", 12)]
    [InlineData(3, "a b c d e f | m n o p q r | s t u v w x", 6)]
    [InlineData(4, "a b c d e f | i j k l m n | m n o p q r | s t u v w x", 2)]
    [InlineData(5, "a b c d e f | e f g h i j | m n o p q r | q r s t u v | s t u v w x", 2)]
    [InlineData(6, "a b c d e f | e f g h i j | i j k l m n | m n o p q r | q r s t u v | s t u v w x", 0)]
    [InlineData(99, "a b c d e f | e f g h i j | i j k l m n | m n o p q r | q r s t u v | s t u v w x", 0)]
    public void OfMoreWindowsThanAllowedThereAreSoManySpreadEvenly(int most, string expected, int cut)
    {
        string[] letters = [.. Enumerable.Range(0, 26).Select(i => $"{(char)('a' + i)}")];
        model.Write("vocab.txt", string.Concat(((string[])["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. letters]).Select(token => $"{token}\n")));
        var tokenizer = Load(TokenizerFlavour.HuggingFace);
        var result = tokenizer.Encode("a b c d e f g h i j k l m n o p q r s t u v w x", options: Windows(8, 2) with { MostWindows = most });
        Assert.Equal(expected, string.Join(" | ", result.Ids.Select(tokenizer.Token).Chunk(8).Select(window => string.Join(' ', window[1..^1]))));
        Assert.Equal(cut, result.Cut);
    }

    [Fact]
    public void EveryTokenIsReadAndNoneMoreThanTwiceButInTheLastWindow()
    {
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var (length, maxLength) = (random.Next(1, 400), random.Next(3, 40));
            var overlap = random.Next(0, maxLength / 2 + 1);
            var result = Load(TokenizerFlavour.TensorFlow).Encode(string.Join(' ', Enumerable.Repeat("a", length)), options: Windows(maxLength, overlap));
            var size = result.Ids.Length / result.Windows;
            var reads = result.Offsets.Where(offset => offset != (0, 0)).GroupBy(offset => offset.Start).ToDictionary(group => group.Key / 2, group => group.Count());
            Assert.Equal(length, reads.Count);
            Assert.All(reads, read => Assert.InRange(read.Value, 1, read.Key >= length - (size - 2) ? 3 : 2));
            Assert.True(size == maxLength || (result.Windows == 1 && size == length + 2));
        }
    }

    [Theory]
    [InlineData(8, 5)]
    [InlineData(8, -1)]
    [InlineData(3, 2)]
    public void AnOverlapOfMoreThanHalfIsRefused(int maxLength, int overlap)
    {
        var error = Assert.Throws<TokenizerException>(() => Load(TokenizerFlavour.HuggingFace).Encode("a", options: Windows(maxLength, overlap)));
        Assert.Contains($"windows of {maxLength} tokens overlap by 0 to {maxLength / 2} tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATextThatLeavesTheOtherHardlyAnyRoomIsRefused()
    {
        var options = Windows(12, 2) with { PairTruncation = PairTruncation.OnlySecond };
        var error = Assert.Throws<TokenizerException>(() => Load(TokenizerFlavour.HuggingFace).Encode("a b c d e f g", "a b c d e f g", options));
        Assert.Contains("the first text has 7 tokens and leaves room for 2 of the other", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABufferIsReusedForTextsOfOneWindow()
    {
        var (tokenizer, buffer) = (Load(TokenizerFlavour.HuggingFace), new TokenBuffer());
        tokenizer.Encode("a b c d e f g h a b c", Windows(8, 2), buffer);
        Assert.Equal((3, 24), (buffer.Windows, buffer.Count));
        tokenizer.Encode("a b", Windows(8, 2), buffer);
        Assert.Equal((1, 4), (buffer.Windows, buffer.Count));
    }

    private Tokenizer Load(TokenizerFlavour flavour) => Tokenizer.Load(model.Folder, flavour);

    private static EncodeOptions Windows(int maxLength, int? overlap) => new() { MaxLength = maxLength, Truncation = Truncation.Windows, WindowOverlap = overlap };
}
