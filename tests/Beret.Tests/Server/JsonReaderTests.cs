using System.Text;
using Beret.Server.Json;

namespace Beret.Tests.Server;

/// <summary>JSON as TensorFlow Serving reads it (RapidJSON with NaN and infinities): its messages and offsets are part of the protocol.</summary>
public class JsonReaderTests
{
    [Theory]
    [InlineData("""{"a": [1, -2.5e3, "x\u00e9\n\ud83d\ude00", null, true, false], "b": {}}""")]
    [InlineData("  [ ]  ")]
    [InlineData("\uFEFF{}")]
    public void JsonIsRead(string text) => Assert.NotNull(Parse(text));

    [Fact]
    public void ValuesAreWhatWasWritten()
    {
        var value = Parse("""{"text": "a\u00e9\ud83d\ude00\t\/", "n": 12, "x": [NaN, Infinity, -Infinity, 0.5], "text": "second"}""");
        Assert.Equal("aé😀\t/", value["text"]!.Text);
        Assert.True(value["n"]!.TryGetInteger(out var number));
        Assert.Equal(12, number);
        Assert.Equal(["NaN", "Infinity", "-Infinity", "0.5"], value["x"]!.Items.Select(item => item.Text));
        Assert.Null(value["absent"]);
        Assert.False(value["text"]!.TryGetInteger(out _));
    }

    [Theory]
    [InlineData("", "The document is empty.", 0)]
    [InlineData("   ", "The document is empty.", 3)]
    [InlineData("{} x", "The document root must not be followed by other values.", 3)]
    [InlineData("{a: 1}", "Missing a name for object member.", 1)]
    [InlineData("{\"a\" 1}", "Missing a colon after a name of object member.", 5)]
    [InlineData("{\"a\": 1 \"b\"}", "Missing a comma or } after an object member.", 8)]
    [InlineData("{\"a\": 1,}", "Missing a name for object member.", 8)]
    [InlineData("[1 2]", "Missing a comma or ] after an array element.", 3)]
    [InlineData("[1,]", "Invalid value.", 3)]
    [InlineData("[nul]", "Invalid value.", 4)]
    [InlineData("[Nan]", "Invalid value.", 3)]
    [InlineData("[\"\\u12g4\"]", "Incorrect hex digit after \\u escape in string.", 2)]
    [InlineData("[\"\\ud800x\"]", "The surrogate pair in string is invalid.", 2)]
    [InlineData("[\"\\udc00\"]", "The surrogate pair in string is invalid.", 2)]
    [InlineData("[\"ab\\x\"]", "Invalid escape character in string.", 4)]
    [InlineData("[\"abc", "Missing a closing quotation mark in string.", 5)]
    [InlineData("[\"a\nb\"]", "Invalid encoding in string.", 3)]
    [InlineData("[1.]", "Miss fraction part in number.", 3)]
    [InlineData("[1e+]", "Miss exponent in number.", 4)]
    [InlineData("[1e999]", "Number too big to be stored in double.", 1)]
    [InlineData("[-]", "Invalid value.", 2)]
    [InlineData("[01]", "Missing a comma or ] after an array element.", 2)]
    public void WhatIsWrongIsSaidAsRapidJsonSaysIt(string text, string reason, int offset)
    {
        var error = Assert.Throws<JsonSyntaxException>(() => Parse(text));
        Assert.Equal($"JSON Parse error: {reason} at offset: {offset}", error.Message);
    }

    [Fact]
    public void BytesThatAreNotUtf8AreRefused()
    {
        var error = Assert.Throws<JsonSyntaxException>(() => JsonReader.Parse([(byte)'"', (byte)'a', 0xC3, 0x28, (byte)'"']));
        Assert.Equal("JSON Parse error: Invalid encoding in string. at offset: 2", error.Message);
    }

    [Fact]
    public void DeepNestingIsRefusedBeforeItCostsStack()
    {
        Assert.NotNull(Parse(new string('[', JsonReader.MostLevels) + new string(']', JsonReader.MostLevels)));
        var error = Assert.Throws<JsonSyntaxException>(() => Parse(new string('[', 1_000_000)));
        Assert.Contains($"more than {JsonReader.MostLevels} levels", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TooManyValuesAreRefusedBeforeTheyCostMemory()
    {
        var error = Assert.Throws<JsonSyntaxException>(() => Parse($"[{string.Join(',', Enumerable.Repeat("0", JsonReader.MostValues))}]"));
        Assert.Contains("more than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryPrefixOfADocumentIsReadOrRefusedButNeverBreaksTheReader()
    {
        var text = Encoding.UTF8.GetBytes("""{"a": ["é\u00e9\ud83d\ude00\\", -1.5e-3, NaN, {"b": null, "c": [true, false]}], "d": -Infinity}""");
        for (var length = 0; length < text.Length; length++)
        {
            Assert.Throws<JsonSyntaxException>(() => JsonReader.Parse(text.AsSpan(0, length)));
        }

        Assert.NotNull(JsonReader.Parse(text));
    }

    [Fact]
    public void AValueIsShownAsRapidJsonPrintsIt() =>
        Assert.Equal("{\n    \"a\": [\n        1,\n        \"x\\ny\"\n    ],\n    \"b\": {},\n    \"c\": []\n}", Parse("""{"a":[1,"x\ny"],"b":{},"c":[]}""").ToString());

    [Fact]
    public void ALongValueIsShownCut() => Assert.Equal(1001, Parse($"[\"{new string('x', 100_000)}\"]").ToString().Length);

    private static JsonValue Parse(string text) => JsonReader.Parse(Encoding.UTF8.GetBytes(text));
}
