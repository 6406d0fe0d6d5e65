using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Beret.Text;

/// <summary>Writes vocab.txt and tokenizer_config.json, and tokenizer.json where those two cannot say everything.</summary>
internal sealed class WordPieceFiles(TokenizerSettings settings, Vocabulary vocabulary) : ITokenizerFiles
{
    public TokenizerSettings Settings => settings;

    public Vocabulary Vocabulary => vocabulary;

    /// <inheritdoc/>
    public bool WriteComplete(string folder)
    {
        Write(folder);
        Json.Write(Path.Combine(folder, TokenizerFolder.CompleteFile), WriteComplete);
        return true;
    }

    public void Write(string folder)
    {
        var tokens = vocabulary.Tokens;
        var lines = tokens.All(t => t is not null && !t.Contains('\n') && !t.EndsWith('\r')) && !tokens[0]!.StartsWith('\uFEFF');
        if (lines)
        {
            using var writer = new StreamWriter(Path.Combine(folder, TokenizerFolder.VocabularyFile), append: false, new UTF8Encoding(false));
            foreach (var token in tokens)
            {
                writer.Write(token);
                writer.Write('\n');
            }
        }

        Json.Write(Path.Combine(folder, TokenizerFolder.ConfigFile), WriteConfig);
        if (!lines || settings.WordLimit != TokenizerSettings.HuggingFaceWordLimit || settings.ContinuingPrefix != "##" || !settings.CleanText)
        {
            Json.Write(Path.Combine(folder, TokenizerFolder.CompleteFile), WriteComplete);
        }
    }

    private void WriteConfig(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("tokenizer_class", "BertTokenizer");
        json.WriteBoolean("do_lower_case", settings.LowerCase);
        json.WriteBoolean("do_basic_tokenize", true);
        json.WriteBoolean("tokenize_chinese_chars", settings.SpaceChinese);
        WriteStripAccents(json);
        json.WriteString("unk_token", settings.Unknown!);
        json.WriteString("cls_token", settings.Classification!);
        json.WriteString("sep_token", settings.Separator!);
        json.WriteString("pad_token", settings.Padding!);
        json.WriteString("mask_token", settings.Mask!);
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

    private void WriteStripAccents(Utf8JsonWriter json)
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

    private void WriteComplete(Utf8JsonWriter json)
    {
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
        WriteStripAccents(json);
        json.WriteBoolean("lowercase", settings.LowerCase);
        json.WriteEndObject();
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "BertPreTokenizer");
        json.WriteEndObject();
        json.WriteStartObject("post_processor");
        json.WriteString("type", "BertProcessing");
        WriteTokenAndId(json, "sep", settings.Separator!);
        WriteTokenAndId(json, "cls", settings.Classification!);
        json.WriteEndObject();
        json.WriteStartObject("decoder");
        json.WriteString("type", "WordPiece");
        json.WriteString("prefix", settings.ContinuingPrefix);
        json.WriteBoolean("cleanup", true);
        json.WriteEndObject();
        json.WriteStartObject("model");
        json.WriteString("type", "WordPiece");
        json.WriteString("unk_token", settings.Unknown!);
        json.WriteString("continuing_subword_prefix", settings.ContinuingPrefix);
        json.WriteNumber("max_input_chars_per_word", settings.WordLimit);
        json.WriteStartObject("vocab");
        foreach (var (token, id) in vocabulary.Ids.OrderBy(p => p.Value))
        {
            json.WriteNumber(token, id);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteTokenAndId(Utf8JsonWriter json, string key, string token)
    {
        json.WriteStartArray(key);
        json.WriteStringValue(token);
        json.WriteNumberValue(vocabulary.Ids.TryGetValue(token, out var id) ? id : settings.Added[token].Id);
        json.WriteEndArray();
    }
}
