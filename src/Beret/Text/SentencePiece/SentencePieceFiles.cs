using System.Globalization;
using System.Text.Json;

namespace Beret.Text.SentencePiece;

/// <summary>Writes spiece.model as it was read, and tokenizer_config.json as Hugging Face's AlbertTokenizer has it.</summary>
internal sealed class SentencePieceFiles(SentencePieceSettings settings, SentencePieceModel model, SpecialIds special) : ITokenizerFiles
{
    public const string ModelFile = "spiece.model";

    public void Write(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, ModelFile), model.Bytes);
        Json.Write(Path.Combine(folder, TokenizerFolder.ConfigFile), WriteConfig);
    }

    private void WriteConfig(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("tokenizer_class", "AlbertTokenizer");
        json.WriteBoolean("do_lower_case", settings.LowerCase);
        json.WriteBoolean("remove_space", settings.RemoveSpace);
        json.WriteBoolean("keep_accents", !(settings.StripAccents ?? settings.LowerCase));
        json.WriteString("unk_token", model.Pieces[model.UnknownId].Text);
        json.WriteString("bos_token", settings.Classification);
        json.WriteString("eos_token", settings.Separator);
        json.WriteString("cls_token", settings.Classification);
        json.WriteString("sep_token", settings.Separator);
        json.WriteString("pad_token", settings.Padding);
        json.WriteString("mask_token", settings.Mask);
        if (settings.ModelMaxLength is { } length)
        {
            json.WriteNumber("model_max_length", length);
        }

        json.WriteStartObject("added_tokens_decoder");
        foreach (var token in Added().OrderBy(token => token.Id))
        {
            json.WriteStartObject(token.Id.ToString(CultureInfo.InvariantCulture));
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("lstrip", token.StripLeft);
            json.WriteBoolean("rstrip", token.StripRight);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("special", token.Special);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The tokens with a role, and those that were added; Hugging Face takes the white space before [MASK] with it.</summary>
    private IEnumerable<AddedToken> Added()
    {
        int?[] roles = [special.Padding, special.Unknown, special.Classification, special.Separator, special.Mask];
        return settings.Added.Concat(roles.OfType<int>().Where(id => id < model.Pieces.Length)
            .Select(id => new AddedToken(model.Pieces[id].Text, id, StripLeft: id == special.Mask))).DistinctBy(token => token.Id);
    }
}
