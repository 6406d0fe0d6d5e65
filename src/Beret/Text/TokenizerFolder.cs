using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Beret.Text;

/// <summary>The tokenizer's files of a model folder.</summary>
internal static class TokenizerFolder
{
    private const string VocabularyFile = "vocab.txt";
    private const string ConfigFile = "tokenizer_config.json";
    private const string CompleteFile = "tokenizer.json";

    public static Tokenizer Load(string folder, TokenizerFlavour? flavour, bool? lowerCase)
    {
        if (!Directory.Exists(folder))
        {
            throw new TokenizerException($"{folder} is not a folder; a tokenizer is read from a model folder");
        }

        var settings = new TokenizerSettings();
        var (complete, config, special, added) = (At(CompleteFile), At(ConfigFile), At("special_tokens_map.json"), At("added_tokens.json"));
        try
        {
            var vocabulary = File.Exists(complete) ? TokenizerJson.Read(complete, settings) : Vocabulary.ReadText(FindVocabulary(folder));
            if (File.Exists(special))
            {
                TokenizerConfig.ReadSpecialTokens(special, settings);
            }

            if (File.Exists(config))
            {
                TokenizerConfig.Read(config, settings);
            }
            else if (!File.Exists(complete) && lowerCase is null)
            {
                settings.Notes.Add($"no {ConfigFile}: text is lower-cased, as Hugging Face does without one");
            }

            settings.Flavour = flavour ?? TokenizerFlavour.HuggingFace;
            settings.LowerCase = lowerCase ?? settings.LowerCase;
            var tokenizer = new Tokenizer(settings, vocabulary, folder);
            if (File.Exists(added))
            {
                CheckAddedTokens(added, tokenizer);
            }

            return tokenizer;
        }
        catch (InvalidOperationException e)
        {
            // JsonElement's answer to half a surrogate pair written as an escape.
            throw new TokenizerException($"{folder}: a text in the tokenizer's JSON is not valid Unicode", e);
        }

        string At(string name) => Path.Combine(folder, name);
    }

    public static void Save(Tokenizer tokenizer, string folder)
    {
        var (settings, tokens) = (tokenizer.Settings, tokenizer.Vocabulary.Tokens);
        var lines = tokens.All(t => t is not null && !t.Contains('\n') && !t.EndsWith('\r')) && !tokens[0]!.StartsWith('\uFEFF');
        try
        {
            Directory.CreateDirectory(folder);
            if (lines)
            {
                using var writer = new StreamWriter(Path.Combine(folder, VocabularyFile), append: false, new UTF8Encoding(false));
                foreach (var token in tokens)
                {
                    writer.Write(token);
                    writer.Write('\n');
                }
            }

            Write(Path.Combine(folder, ConfigFile), json => WriteConfig(json, settings));
            if (!lines || settings.WordLimit != TokenizerSettings.HuggingFaceWordLimit || settings.ContinuingPrefix != "##" || !settings.CleanText)
            {
                Write(Path.Combine(folder, CompleteFile), json => WriteComplete(json, tokenizer));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"the tokenizer cannot be written to {folder}: {e.Message}", e);
        }
    }

    private static string FindVocabulary(string folder)
    {
        foreach (var path in new[] { Path.Combine(folder, VocabularyFile), Path.Combine(folder, "assets", VocabularyFile) })
        {
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new TokenizerException($"{folder} has neither {CompleteFile} nor {VocabularyFile}: the model's vocabulary is missing");
    }

    /// <summary>The older file for added tokens may repeat what is known; it does not say how a token of its own is to be matched.</summary>
    private static void CheckAddedTokens(string path, Tokenizer tokenizer)
    {
        using var document = Json.Parse(path);
        foreach (var entry in document.RootElement.EnumerateObject())
        {
            if (!tokenizer.TryGetId(entry.Name, out var id) || id != Json.Int(entry.Value, path, entry.Name))
            {
                throw new TokenizerException(
                    $"{path}: added token \"{entry.Name}\" is not supported; only tokens of the vocabulary and of {ConfigFile} are");
            }
        }
    }

    private static void Write(string path, Action<Utf8JsonWriter> content)
    {
        using var stream = File.Create(path);
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            content(json);
        }

        stream.WriteByte((byte)'\n');
    }

    private static void WriteConfig(Utf8JsonWriter json, TokenizerSettings settings)
    {
        json.WriteStartObject();
        json.WriteString("tokenizer_class", "BertTokenizer");
        json.WriteBoolean("do_lower_case", settings.LowerCase);
        json.WriteBoolean("do_basic_tokenize", true);
        json.WriteBoolean("tokenize_chinese_chars", settings.SpaceChinese);
        WriteStripAccents(json, settings);
        json.WriteString("unk_token", settings.Unknown);
        json.WriteString("cls_token", settings.Classification);
        json.WriteString("sep_token", settings.Separator);
        json.WriteString("pad_token", settings.Padding);
        json.WriteString("mask_token", settings.Mask);
        if (settings.ModelMaxLength is { } length)
        {
            json.WriteNumber("model_max_length", length);
        }

        json.WriteStartObject("added_tokens_decoder");
        foreach (var token in settings.Added.Values.OrderBy(t => t.Id))
        {
            json.WriteStartObject(token.Id.ToString(CultureInfo.InvariantCulture));
            WriteAdded(json, token);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteStripAccents(Utf8JsonWriter json, TokenizerSettings settings)
    {
        if (settings.StripAccents is { } strip)
        {
            json.WriteBoolean("strip_accents", strip);
        }
        else
        {
            json.WriteNull("strip_accents");
        }
    }

    private static void WriteAdded(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteString("content", token.Content);
        json.WriteBoolean("single_word", false);
        json.WriteBoolean("lstrip", token.StripLeft);
        json.WriteBoolean("rstrip", token.StripRight);
        json.WriteBoolean("normalized", false);
        json.WriteBoolean("special", token.Special);
    }

    private static void WriteComplete(Utf8JsonWriter json, Tokenizer tokenizer)
    {
        var settings = tokenizer.Settings;
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        foreach (var token in settings.Added.Values.OrderBy(t => t.Id))
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            WriteAdded(json, token);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("normalizer");
        json.WriteString("type", "BertNormalizer");
        json.WriteBoolean("clean_text", settings.CleanText);
        json.WriteBoolean("handle_chinese_chars", settings.SpaceChinese);
        WriteStripAccents(json, settings);
        json.WriteBoolean("lowercase", settings.LowerCase);
        json.WriteEndObject();
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "BertPreTokenizer");
        json.WriteEndObject();
        json.WriteStartObject("post_processor");
        json.WriteString("type", "BertProcessing");
        WriteTokenAndId(json, "sep", settings.Separator, tokenizer.SeparatorId);
        WriteTokenAndId(json, "cls", settings.Classification, tokenizer.ClassificationId);
        json.WriteEndObject();
        json.WriteStartObject("decoder");
        json.WriteString("type", "WordPiece");
        json.WriteString("prefix", settings.ContinuingPrefix);
        json.WriteBoolean("cleanup", true);
        json.WriteEndObject();
        json.WriteStartObject("model");
        json.WriteString("type", "WordPiece");
        json.WriteString("unk_token", settings.Unknown);
        json.WriteString("continuing_subword_prefix", settings.ContinuingPrefix);
        json.WriteNumber("max_input_chars_per_word", settings.WordLimit);
        json.WriteStartObject("vocab");
        foreach (var (token, id) in tokenizer.Vocabulary.Ids.OrderBy(p => p.Value))
        {
            json.WriteNumber(token, id);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteTokenAndId(Utf8JsonWriter json, string key, string token, int id)
    {
        json.WriteStartArray(key);
        json.WriteStringValue(token);
        json.WriteNumberValue(id);
        json.WriteEndArray();
    }
}
