using System.Globalization;
using System.Text.Json;

namespace Beret.Text;

/// <summary>Reads Hugging Face's tokenizer_config.json and special_tokens_map.json into settings.</summary>
internal static class TokenizerConfig
{
    /// <summary>Keys that say nothing about the ids of a text, or repeat what is decided elsewhere.</summary>
    private static readonly HashSet<string> Silent = new(StringComparer.Ordinal)
    {
        "name_or_path", "special_tokens_map_file", "tokenizer_file", "vocab_file", "clean_up_tokenization_spaces", "model_input_names", "auto_map",
        "vocab_type", "sp_model_kwargs", "split_by_punct", "errors", "trim_offsets", "backend", "is_local", "local_files_only", "processor_class", "init_inputs", "_commit_hash", "return_tensors",
    };

    public static void Read(string path, TokenizerSettings settings)
    {
        using var document = Json.Parse(path);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            var (key, value) = (property.Name, property.Value);
            switch (key)
            {
                case "do_lower_case":
                    ReadLowerCase(Json.Boolean(value, path, key), path, settings);
                    break;
                case "strip_accents" when settings.HasBertNormalizer:
                    settings.StripAccents = value.ValueKind == JsonValueKind.Null ? null : Json.Boolean(value, path, key);
                    break;
                case "keep_accents":
                    settings.StripAccents = !Json.Boolean(value, path, key);
                    break;
                case "remove_space":
                    settings.RemoveSpace = Json.Boolean(value, path, key);
                    break;
                case "tokenize_chinese_chars" when settings.HasBertNormalizer:
                    settings.SpaceChinese = Json.Boolean(value, path, key);
                    break;
                case "add_prefix_space":
                    settings.AddPrefixSpace = Json.Boolean(value, path, key);
                    break;
                case "do_basic_tokenize":
                    Require(Json.Boolean(value, path, key), path, key, value);
                    break;
                case "never_split":
                    Require(value.ValueKind == JsonValueKind.Null || !Json.Array(value, path, key).Any(), path, key, value);
                    break;
                case "wordpieces_prefix":
                    settings.ContinuingPrefix = Json.String(value, path, key);
                    break;
                case "tokenizer_class":
                    settings.Class = value.ValueKind == JsonValueKind.Null ? null : Json.String(value, path, key);
                    break;
                case "model_max_length":
                    // "No limit" is written as 1e30.
                    var number = value.ValueKind == JsonValueKind.Number;
                    settings.ModelMaxLength = number && value.TryGetInt32(out var length) && length > 0 ? length : null;
                    break;
                case "added_tokens_decoder":
                    ReadAdded(value, path, settings);
                    break;
                case "max_length" or "stride" or "truncation" or "truncation_side" or "truncation_strategy"
                    or "padding" or "padding_side" or "pad_to_multiple_of" or "pad_token_type_id":
                    settings.Notes.Add($"tokenizer_config.json: {key} {Text(value)} is replaced by the recipe's");
                    break;
                default:
                    if (!ReadSpecial(key, value, path, settings) && !Silent.Contains(key))
                    {
                        settings.Notes.Add($"tokenizer_config.json: {key} {Text(value)} is not known and has no effect");
                    }

                    break;
            }
        }
    }

    /// <summary>special_tokens_map.json: names only.</summary>
    public static void ReadSpecialTokens(string path, TokenizerSettings settings)
    {
        using var document = Json.Parse(path);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            ReadSpecial(property.Name, property.Value, path, settings);
        }
    }

    /// <summary>An entry of added_tokens or added_tokens_decoder.</summary>
    public static void Add(int id, JsonElement token, string path, TokenizerSettings settings)
    {
        var content = Json.String(Json.Property(token, "content", path), path, "added token's content");
        if (content.Length == 0)
        {
            throw new TokenizerException($"{path}: added token {id} is empty");
        }

        settings.Added[content] = new AddedToken(
            content, id, Flag("lstrip"), Flag("rstrip"), Flag("special"), Flag("normalized"), Flag("single_word"));

        bool Flag(string name) => token.TryGetProperty(name, out var value) && Json.Boolean(value, path, name);
    }

    private static void ReadLowerCase(bool lower, string path, TokenizerSettings settings)
    {
        if (lower != settings.LowerCase && HasTokenizerJson(path))
        {
            settings.Notes.Add($"do_lower_case is {(lower ? "true" : "false")} in tokenizer_config.json, unlike tokenizer.json; "
                + (settings.HasBertNormalizer ? "the former counts, as with Hugging Face" : "the latter counts"));
        }

        if (settings.HasBertNormalizer)
        {
            settings.LowerCase = lower;
        }
    }

    private static void ReadAdded(JsonElement value, string path, TokenizerSettings settings)
    {
        foreach (var entry in Json.Object(value, path, "added_tokens_decoder"))
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                throw new TokenizerException($"{path}: added_tokens_decoder has the key {Json.Quote(entry.Name)}, which is no token id");
            }

            Add(id, entry.Value, path, settings);
        }
    }

    private static bool ReadSpecial(string key, JsonElement value, string path, TokenizerSettings settings)
    {
        switch (key)
        {
            case "unk_token":
                settings.Unknown = Name(value, path, key) ?? settings.Unknown;
                return true;
            case "cls_token":
                settings.Classification = Name(value, path, key) ?? settings.Classification;
                return true;
            case "sep_token":
                settings.Separator = Name(value, path, key) ?? settings.Separator;
                return true;
            case "pad_token":
                settings.Padding = Name(value, path, key) ?? settings.Padding;
                return true;
            case "mask_token":
                settings.Mask = Name(value, path, key) ?? settings.Mask;
                return true;
            case "bos_token" or "eos_token":
                settings.Additional.AddRange(Name(value, path, key) is { Length: > 0 } name ? [(name, key)] : []);
                return true;
            case "additional_special_tokens" or "extra_special_tokens":
                var list = value.ValueKind switch
                {
                    JsonValueKind.Null => [],
                    JsonValueKind.Object => value.EnumerateObject().Select(t => t.Value),
                    _ => Json.Array(value, path, key).AsEnumerable(),
                };
                settings.Additional.AddRange(list.Select(t => Name(t, path, key)).OfType<string>().Where(n => n.Length > 0).Select(n => (n, key)));
                return true;
            default:
                return false;
        }
    }

    private static string? Name(JsonElement value, string path, string key) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.Object => Json.String(Json.Property(value, "content", path), path, key),
        _ => Json.String(value, path, key),
    };

    private static bool HasTokenizerJson(string path) => File.Exists(Path.Combine(Path.GetDirectoryName(path)!, "tokenizer.json"));

    private static void Require(bool condition, string path, string key, JsonElement value)
    {
        if (!condition)
        {
            throw new TokenizerException($"{path}: {key} {Text(value)} is not supported");
        }
    }

    private static string Text(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length > 200 ? text[..200] + "…" : text;
    }
}
