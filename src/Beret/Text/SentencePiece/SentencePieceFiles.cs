using System.Globalization;
using System.Text.Json;

namespace Beret.Text.SentencePiece;

/// <summary>Writes spiece.model as it was read, and tokenizer_config.json as Hugging Face's AlbertTokenizer has it.</summary>
internal sealed class SentencePieceFiles(TokenizerSettings settings, SentencePieceModel model) : ITokenizerFiles
{
    public void Write(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, SentencePieceFolder.ModelFile), model.Bytes);
        Json.Write(Path.Combine(folder, TokenizerFolder.ConfigFile), WriteConfig);
    }

    private void WriteConfig(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("tokenizer_class", "AlbertTokenizer");
        json.WriteBoolean("do_lower_case", settings.LowerCase);
        json.WriteBoolean("keep_accents", !(settings.StripAccents ?? settings.LowerCase));
        json.WriteBoolean("remove_space", settings.RemoveSpace);
        json.WriteString("bos_token", settings.Classification);
        json.WriteString("eos_token", settings.Separator);
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
        foreach (var token in settings.Added.Values.OrderBy(token => token.Id))
        {
            json.WriteStartObject(token.Id.ToString(CultureInfo.InvariantCulture));
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", token.SingleWord);
            json.WriteBoolean("lstrip", token.StripLeft);
            json.WriteBoolean("rstrip", token.StripRight);
            json.WriteBoolean("normalized", token.Normalized);
            json.WriteBoolean("special", token.Special);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
