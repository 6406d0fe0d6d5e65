using System.Text.Json;
using Beret.Text.SentencePiece;

namespace Beret.Text.Pipeline;

/// <summary>Reads the "normalizer" of a tokenizer.json.</summary>
internal static class NormalizerJson
{
    private const string Block = "normalizer";

    /// <exception cref="TokenizerException">It is not supported; the message names it.</exception>
    public static TextNormalizer? Read(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var block = new JsonBlock(value, path, Block);
        TextNormalizer normalizer = block.Type switch
        {
            "Sequence" => new NormalizerSequence(
                [.. Json.Array(block.Required("normalizers"), path, "normalizers").Select(step => Read(step, path)).OfType<TextNormalizer>()]),
            "BertNormalizer" => Bert(block),
            "NFC" => new UnicodeForm(compatibility: false, compose: true),
            "NFD" => new UnicodeForm(compatibility: false, compose: false),
            "NFKC" => new UnicodeForm(compatibility: true, compose: true),
            "NFKD" => new UnicodeForm(compatibility: true, compose: false),
            "Lowercase" => ScalarMapping.Lowercase,
            "StripAccents" => ScalarMapping.StripAccents,
            "Nmt" => ScalarMapping.Nmt,
            "Strip" => new StripNormalizer(block.Boolean("strip_left", true), block.Boolean("strip_right", true)),
            "Prepend" => new PrependNormalizer(block.String("prepend")),
            "Replace" => new ReplaceNormalizer(PatternJson.Read(block.Required("pattern"), path, "normalizer Replace"), block.String("content")),
            "Precompiled" => new PrecompiledNormalizer(Rules(block, path)),
            var other => throw new TokenizerException($"{path}: normalizer {other} is not supported"),
        };
        block.End();
        return normalizer;
    }

    /// <summary>A sequence of one is that one.</summary>
    public static JsonElement Only(JsonElement value, string list) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out var type) && type.ValueEquals("Sequence")
        && value.TryGetProperty(list, out var items) && items.ValueKind == JsonValueKind.Array && items.GetArrayLength() == 1
            ? items[0]
            : value;

    /// <summary>Whether it is BERT's alone, whose settings tokenizer_config.json may change; if so they are read.</summary>
    public static bool TryReadBert(JsonElement value, string path, TokenizerSettings settings)
    {
        value = Only(value, "normalizers");
        if (value.ValueKind == JsonValueKind.Null)
        {
            return false;
        }

        var block = new JsonBlock(value, path, Block);
        if (block.Type != "BertNormalizer")
        {
            return false;
        }

        (settings.CleanText, settings.SpaceChinese, settings.StripAccents, settings.LowerCase) = BertSettings(block);
        block.End();
        return true;
    }

    private static TextNormalizer Bert(JsonBlock block)
    {
        var (cleanText, spaceChinese, stripAccents, lowerCase) = BertSettings(block);
        return ScalarMapping.Bert(cleanText, spaceChinese, stripAccents ?? lowerCase, lowerCase);
    }

    private static (bool CleanText, bool SpaceChinese, bool? StripAccents, bool LowerCase) BertSettings(JsonBlock block) => (
        block.Boolean("clean_text", true), block.Boolean("handle_chinese_chars", true), block.OptionalBoolean("strip_accents"),
        block.Boolean("lowercase", true));

    private static PrecompiledCharsMap Rules(JsonBlock block, string path)
    {
        // An empty map is left out of some files, and changes nothing; no published file has one.
        var text = block.String("precompiled_charsmap");
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length)
            ? PrecompiledCharsMap.Parse(bytes.AsSpan(0, length), path)
            : throw new TokenizerException($"{path}: precompiled_charsmap is not base64");
    }
}

/// <summary>Reads what a step looks for: {"String": …} or {"Regex": …}.</summary>
internal static class PatternJson
{
    public static TextPattern Read(JsonElement value, string path, string where)
    {
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("String", out var text))
        {
            return new TextPattern.Literal(Json.String(text, path, "String"));
        }

        var regex = Json.String(Json.Property(value, "Regex", path), path, "Regex");
        return TextPattern.OfRegex(regex)
            ?? throw new TokenizerException($"{path}: the regular expression {Json.Quote(regex)} of {where} is not supported");
    }
}
