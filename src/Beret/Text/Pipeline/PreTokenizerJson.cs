using System.Text.Json;

namespace Beret.Text.Pipeline;

/// <summary>Reads the "pre_tokenizer" of a tokenizer.json.</summary>
internal static class PreTokenizerJson
{
    private const string Block = "pre_tokenizer";

    /// <param name="value">The step.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="addPrefixSpace">Overrides what a step by itself says about the space before the text, as tokenizer_config.json may.</param>
    /// <exception cref="TokenizerException">It is not supported; the message names it.</exception>
    public static PreTokenizer? Read(JsonElement value, string path, bool? addPrefixSpace = null)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var block = new JsonBlock(value, path, Block);
        var step = block.Type switch
        {
            "Sequence" => new PreTokenizerSequence(
                [.. Json.Array(block.Required("pretokenizers"), path, "pretokenizers").Select(step => Read(step, path)).OfType<PreTokenizer>()]),
            "BertPreTokenizer" => PatternSplit.Bert(),
            "ByteLevel" => ReadByteLevel(block, addPrefixSpace),
            "Metaspace" => ReadMetaspace(block, path, addPrefixSpace),
            "Whitespace" => PatternSplit.WordsAndSymbols(),
            "WhitespaceSplit" => PatternSplit.AtWhiteSpace(),
            "Punctuation" => PatternSplit.OfPunctuation(Behavior(block, path, "Isolated")),
            "Digits" => PatternSplit.OfDigits(block.Boolean("individual_digits", false)),
            "Split" => new PatternSplit(
                PatternJson.Read(block.Required("pattern"), path, "pre_tokenizer Split"), Behavior(block, path, null), block.Boolean("invert", false)),
            var other => throw new TokenizerException($"{path}: pre_tokenizer {other} is not supported"),
        };
        block.End();
        return step;
    }

    /// <summary>Whether it is BERT's alone.</summary>
    public static bool IsBert(JsonElement value, string path)
    {
        value = NormalizerJson.Only(value, "pretokenizers");
        return value.ValueKind != JsonValueKind.Null && new JsonBlock(value, path, Block).Type == "BertPreTokenizer";
    }

    private static ByteLevel ReadByteLevel(JsonBlock block, bool? addPrefixSpace)
    {
        var space = block.Boolean("add_prefix_space", true);
        block.Ignore("trim_offsets");
        return new ByteLevel(addPrefixSpace ?? space, block.Boolean("use_regex", true));
    }

    private static Metaspace ReadMetaspace(JsonBlock block, string path, bool? addPrefixSpace)
    {
        var replacement = block.String("replacement");
        if (replacement.Length != 1)
        {
            throw new TokenizerException($"{path}: the replacement {Json.Quote(replacement)} of pre_tokenizer Metaspace is not supported; one character is");
        }

        // Files before version 0.15 say add_prefix_space alone.
        var space = addPrefixSpace ?? block.OptionalBoolean("add_prefix_space");
        var scheme = block.OptionalString("prepend_scheme") ?? (space == false ? "never" : "always");
        block.Ignore("add_prefix_space", "str_rep");
        var prepend = scheme switch
        {
            "always" => MetaspacePrepend.Always,
            "first" => MetaspacePrepend.First,
            "never" => MetaspacePrepend.Never,
            _ => throw new TokenizerException($"{path}: prepend_scheme {Json.Quote(scheme)} of pre_tokenizer Metaspace is not supported"),
        };
        return new Metaspace(replacement[0], prepend, block.Boolean("split", true));
    }

    private static SplitBehavior Behavior(JsonBlock block, string path, string? otherwise)
    {
        var name = otherwise is null ? block.String("behavior") : block.OptionalString("behavior") ?? otherwise;
        return name switch
        {
            "Removed" => SplitBehavior.Removed,
            "Isolated" => SplitBehavior.Isolated,
            "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
            "MergedWithNext" => SplitBehavior.MergedWithNext,
            "Contiguous" => SplitBehavior.Contiguous,
            _ => throw new TokenizerException($"{path}: behavior {Json.Quote(name)} of pre_tokenizer {block.Type} is not supported"),
        };
    }
}
