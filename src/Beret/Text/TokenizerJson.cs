using System.Text.Json;

namespace Beret.Text;

/// <summary>Reads the tokenizer.json of Hugging Face tokenizers, where it is BERT's WordPiece; any setting beyond that is refused by name.</summary>
internal static class TokenizerJson
{
    public static Vocabulary Read(string path, TokenizerSettings settings)
    {
        using var document = Json.Parse(path);
        Vocabulary? vocabulary = null;
        var (normalizer, preTokenizer, postProcessor) = (false, false, false);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            var (key, value) = (property.Name, property.Value);
            switch (key)
            {
                case "version" or "decoder":
                    break;
                case "truncation" or "padding":
                    if (value.ValueKind != JsonValueKind.Null)
                    {
                        settings.Notes.Add($"tokenizer.json: {key} {value.GetRawText()} is replaced by the recipe's");
                    }

                    break;
                case "added_tokens":
                    foreach (var token in Json.Array(value, path, key))
                    {
                        TokenizerConfig.Add(Json.Int(Json.Property(token, "id", path), path, "added token's id"), token, path, settings);
                    }

                    break;
                case "normalizer":
                    ReadNormalizer(Only(value, "normalizers"), path, settings);
                    normalizer = true;
                    break;
                case "pre_tokenizer":
                    RequireType(Only(value, "pretokenizers"), path, key, "BertPreTokenizer");
                    preTokenizer = true;
                    break;
                case "post_processor":
                    ReadPostProcessor(value, path, settings);
                    postProcessor = true;
                    break;
                case "model":
                    vocabulary = ReadModel(value, path, settings);
                    break;
                default:
                    throw new TokenizerException($"{path}: the setting {key} is not supported");
            }
        }

        string? missing = vocabulary is null ? "model"
            : !normalizer ? "normalizer"
            : !preTokenizer ? "pre_tokenizer"
            : !postProcessor ? "post_processor" : null;
        return missing is null ? vocabulary! : throw new TokenizerException($"{path}: {missing} is missing; BERT's WordPiece has one");
    }

    /// <summary>A sequence of one is that one.</summary>
    private static JsonElement Only(JsonElement value, string list) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out var type) && type.ValueEquals("Sequence")
        && value.TryGetProperty(list, out var items) && items.ValueKind == JsonValueKind.Array && items.GetArrayLength() == 1
            ? items[0]
            : value;

    private static void RequireType(JsonElement value, string path, string key, string type)
    {
        var actual = Type(value, path, key);
        if (actual != type)
        {
            throw new TokenizerException($"{path}: {key} {actual} is not supported; BERT's WordPiece uses {type}");
        }
    }

    private static string Type(JsonElement value, string path, string key) =>
        value.ValueKind == JsonValueKind.Null ? "null" : Json.String(Json.Property(value, "type", path), path, key);

    private static void ReadNormalizer(JsonElement value, string path, TokenizerSettings settings)
    {
        RequireType(value, path, "normalizer", "BertNormalizer");
        foreach (var property in value.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type":
                    break;
                case "clean_text":
                    settings.CleanText = Json.Boolean(property.Value, path, "clean_text");
                    break;
                case "handle_chinese_chars":
                    settings.SpaceChinese = Json.Boolean(property.Value, path, "handle_chinese_chars");
                    break;
                case "strip_accents":
                    var automatic = property.Value.ValueKind == JsonValueKind.Null;
                    settings.StripAccents = automatic ? null : Json.Boolean(property.Value, path, "strip_accents");
                    break;
                case "lowercase":
                    settings.LowerCase = Json.Boolean(property.Value, path, "lowercase");
                    break;
                default:
                    throw new TokenizerException($"{path}: the setting {property.Name} of the normalizer is not supported");
            }
        }
    }

    private static Vocabulary ReadModel(JsonElement value, string path, TokenizerSettings settings)
    {
        // Files of older versions name no type; what a WordPiece model has shows it.
        var type = value.TryGet("type", out _) ? Type(value, path, "model")
            : value.TryGet("max_input_chars_per_word", out _) ? "WordPiece" : "without a type";
        if (type != "WordPiece")
        {
            throw new TokenizerException($"{path}: model {type} is not supported; WordPiece is");
        }

        Vocabulary? vocabulary = null;
        foreach (var property in Json.Object(value, path, "model"))
        {
            switch (property.Name)
            {
                case "type":
                    break;
                case "unk_token":
                    settings.Unknown = Json.String(property.Value, path, "unk_token");
                    break;
                case "continuing_subword_prefix":
                    settings.ContinuingPrefix = Json.String(property.Value, path, "continuing_subword_prefix");
                    break;
                case "max_input_chars_per_word":
                    settings.WordLimit = Json.Int(property.Value, path, "max_input_chars_per_word");
                    if (settings.WordLimit is < 1 or > TokenizerSettings.LargestWordLimit)
                    {
                        throw new TokenizerException(
                            $"{path}: max_input_chars_per_word {settings.WordLimit} is not between 1 and {TokenizerSettings.LargestWordLimit}");
                    }

                    break;
                case "vocab":
                    vocabulary = ReadVocabulary(property.Value, path);
                    break;
                default:
                    throw new TokenizerException($"{path}: the setting {property.Name} of the model is not supported");
            }
        }

        return vocabulary ?? throw new TokenizerException($"{path}: the model has no vocab");
    }

    private static Vocabulary ReadVocabulary(JsonElement value, string path)
    {
        var entries = new List<(string Token, int Id)>();
        var last = -1;
        foreach (var property in Json.Object(value, path, "vocab"))
        {
            var id = Json.Int(property.Value, path, "id of a token");
            entries.Add((property.Name, id));
            last = Math.Max(last, id);
            if (id < 0)
            {
                throw new TokenizerException($"{path}: token {TokenizerConfig.Quote(property.Name)} has the id {id}");
            }
        }

        if (last < 0 || last > (2L * entries.Count) + 100_000)
        {
            throw new TokenizerException($"{path}: the vocabulary has {entries.Count} tokens and ids up to {last}, which cannot be one vocabulary");
        }

        var tokens = new string?[last + 1];
        foreach (var (token, id) in entries)
        {
            if (tokens[id] is { } other && other != token)
            {
                throw new TokenizerException(
                    $"{path}: tokens {TokenizerConfig.Quote(other)} and {TokenizerConfig.Quote(token)} have the same id {id}");
            }

            tokens[id] = token;
        }

        return new Vocabulary(tokens);
    }

    private static void ReadPostProcessor(JsonElement value, string path, TokenizerSettings settings)
    {
        switch (Type(value, path, "post_processor"))
        {
            case "BertProcessing":
                settings.Separator = PairName(Json.Property(value, "sep", path), path, "sep");
                settings.Classification = PairName(Json.Property(value, "cls", path), path, "cls");
                break;
            case "TemplateProcessing":
                var single = Template(Json.Property(value, "single", path), path);
                var pair = Template(Json.Property(value, "pair", path), path);
                if (single is not [("SpecialToken", var cls, 0), ("Sequence", "A", 0), ("SpecialToken", var sep, 0)])
                {
                    throw new TokenizerException($"{path}: post_processor TemplateProcessing's single is not [CLS] A [SEP], the only form supported");
                }

                List<(string, string, int)> expected =
                    [("SpecialToken", cls, 0), ("Sequence", "A", 0), ("SpecialToken", sep, 0), ("Sequence", "B", 1), ("SpecialToken", sep, 1)];
                if (!pair.SequenceEqual(expected))
                {
                    throw new TokenizerException(
                        $"{path}: post_processor TemplateProcessing's pair is not [CLS] A [SEP] B [SEP] with types 0 and 1, the only form supported");
                }

                var names = Json.Property(value, "special_tokens", path);
                settings.Classification = TemplateToken(Json.Property(names, cls, path), path);
                settings.Separator = TemplateToken(Json.Property(names, sep, path), path);
                break;
            case var other:
                throw new TokenizerException($"{path}: post_processor {other} is not supported; TemplateProcessing and BertProcessing are");
        }
    }

    private static string PairName(JsonElement value, string path, string key) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2
            ? Json.String(value[0], path, key)
            : throw new TokenizerException($"{path}: {key} of post_processor must be a token and its id");

    private static List<(string Kind, string Name, int Type)> Template(JsonElement value, string path)
    {
        var parts = new List<(string, string, int)>();
        foreach (var part in Json.Array(value, path, "template"))
        {
            foreach (var property in Json.Object(part, path, "part of a template"))
            {
                var type = Json.Int(Json.Property(property.Value, "type_id", path), path, "type_id");
                parts.Add((property.Name, Json.String(Json.Property(property.Value, "id", path), path, "id"), type));
            }
        }

        return parts;
    }

    private static string TemplateToken(JsonElement value, string path)
    {
        var tokens = Json.Property(value, "tokens", path);
        return tokens.ValueKind == JsonValueKind.Array && tokens.GetArrayLength() == 1
            ? Json.String(tokens[0], path, "tokens")
            : throw new TokenizerException($"{path}: a special token of post_processor's template that stands for several tokens is not supported");
    }

    private static bool TryGet(this JsonElement value, string name, out JsonElement found)
    {
        found = default;
        return value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out found);
    }
}
