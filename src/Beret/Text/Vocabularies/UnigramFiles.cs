using System.Globalization;
using System.Text.Json;
using Beret.Text.Pipeline;

namespace Beret.Text.Vocabularies;

/// <summary>A piece of a unigram language model.</summary>
/// <param name="Text">Its characters, with ▁ for a space.</param>
/// <param name="Score">The logarithm of its probability.</param>
internal readonly record struct UnigramPiece(string Text, double Score);

/// <summary>A trained Unigram tokenizer and its files: tokenizer.json, which is all of it, and tokenizer_config.json, which says what the special tokens are for.</summary>
internal sealed class UnigramFiles : ITokenizerFiles
{
    /// <summary>What stands for a space in pieces.</summary>
    public const char Space = '▁';

    private readonly string[] special;
    private readonly UnigramPiece[] pieces;
    private readonly bool lowerCase;

    private UnigramFiles(string[] special, UnigramPiece[] pieces, bool lowerCase)
    {
        this.special = special;
        this.pieces = pieces;
        this.lowerCase = lowerCase;
    }

    /// <summary>Makes the tokenizer.</summary>
    /// <param name="special">The special tokens: [PAD], [UNK], [CLS], [SEP], [MASK], and more.</param>
    /// <param name="pieces">The pieces; they come after the special tokens.</param>
    /// <param name="lowerCase">Whether text is lower-cased and stripped of accents first.</param>
    public static Tokenizer Tokenizer(string[] special, IEnumerable<UnigramPiece> pieces, bool lowerCase)
    {
        const string source = "the trained vocabulary";

        // Six places, which is how they are written: so the tokenizer that is read back has the same scores.
        UnigramPiece[] rounded = [.. pieces.Select(piece => piece with { Score = double.Parse(Written(piece.Score), CultureInfo.InvariantCulture) })];
        var vocabulary = new Vocabulary([.. special, .. rounded.Select(piece => piece.Text)]);
        double[] scores = [.. special.Select(_ => 0.0), .. rounded.Select(piece => piece.Score)];
        var settings = new TokenizerSettings
        {
            LowerCase = lowerCase,
            Padding = special[0],
            Unknown = special[1],
            Classification = special[2],
            Separator = special[3],
            Mask = special[4],
        };
        settings.Additional.AddRange(special.Skip(5).Select(token => (token, "additional_special_tokens")));
        return PipelineTokenizer.Create(
            settings,
            new ModelDescription("Unigram", vocabulary, settings.Unknown, () => new UnigramModel(vocabulary, scores, unknown: 1, byteFallback: false, source)),
            ScalarMapping.Bert(cleanText: true, spaceChinese: false, stripAccents: lowerCase, lowerCase),
            new PreTokenizerSequence([PatternSplit.AtWhiteSpace(), new Metaspace(Space, MetaspacePrepend.Always, split: true)]),
            new PostProcessing(PackingTemplate.Bert(classification: 2, separator: 3)),
            new UnigramFiles(special, rounded, lowerCase),
            source);
    }

    /// <inheritdoc/>
    public void Write(string folder)
    {
        Json.Write(Path.Combine(folder, TokenizerFolder.CompleteFile), WriteComplete);
        Json.Write(Path.Combine(folder, TokenizerFolder.ConfigFile), json =>
        {
            json.WriteStartObject();
            json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
            json.WriteString("pad_token", special[0]);
            json.WriteString("unk_token", special[1]);
            json.WriteString("cls_token", special[2]);
            json.WriteString("sep_token", special[3]);
            json.WriteString("mask_token", special[4]);
            json.WriteStartArray("additional_special_tokens");
            foreach (var token in special.Skip(5))
            {
                json.WriteStringValue(token);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static string Written(double score) => score.ToString("F6", CultureInfo.InvariantCulture);

    private void WriteComplete(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        foreach (var (id, token) in special.Index())
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", token);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("lstrip", false);
            json.WriteBoolean("rstrip", false);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteSteps(json);
        json.WriteStartObject("model");
        json.WriteString("type", "Unigram");
        json.WriteNumber("unk_id", 1);
        json.WriteStartArray("vocab");
        foreach (var piece in special.Select(token => new UnigramPiece(token, 0)).Concat(pieces))
        {
            json.WriteStartArray();
            json.WriteStringValue(piece.Text);
            json.WriteRawValue(Written(piece.Score));
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteBoolean("byte_fallback", false);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteSteps(Utf8JsonWriter json)
    {
        json.WriteStartObject("normalizer");
        json.WriteString("type", "BertNormalizer");
        json.WriteBoolean("clean_text", true);
        json.WriteBoolean("handle_chinese_chars", false);
        json.WriteNull("strip_accents");
        json.WriteBoolean("lowercase", lowerCase);
        json.WriteEndObject();
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        json.WriteString("type", "WhitespaceSplit");
        json.WriteEndObject();
        WriteMetaspace(json, null);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("post_processor");
        json.WriteString("type", "BertProcessing");
        WriteToken(json, "sep", 3);
        WriteToken(json, "cls", 2);
        json.WriteEndObject();
        WriteMetaspace(json, "decoder");
    }

    private static void WriteMetaspace(Utf8JsonWriter json, string? key)
    {
        if (key is not null)
        {
            json.WritePropertyName(key);
        }

        json.WriteStartObject();
        json.WriteString("type", "Metaspace");
        json.WriteString("replacement", Space.ToString());
        json.WriteString("prepend_scheme", "always");
        json.WriteBoolean("split", true);
        json.WriteEndObject();
    }

    private void WriteToken(Utf8JsonWriter json, string key, int id)
    {
        json.WriteStartArray(key);
        json.WriteStringValue(special[id]);
        json.WriteNumberValue(id);
        json.WriteEndArray();
    }
}
