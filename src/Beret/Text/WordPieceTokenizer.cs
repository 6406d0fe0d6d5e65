using Beret.Text.Pipeline;
using Beret.Text.Unicode;

namespace Beret.Text;

/// <summary>Makes BERT's tokenizer of its vocabulary and settings.</summary>
internal static class WordPieceTokenizer
{
    private const int TensorFlowWordBytes = 100;
    private const int GoogleWordCharacters = 200;

    /// <param name="settings">What the files say, with BERT's names where they name no token for a role.</param>
    /// <param name="vocabulary">The pieces.</param>
    /// <param name="source">The file or folder that errors name.</param>
    /// <param name="processing">What stands around the texts; [CLS] and [SEP] as with BERT if null.</param>
    /// <param name="files">The files that say it; null where vocab.txt and tokenizer_config.json can.</param>
    /// <exception cref="TokenizerException">A token that the settings name is not there, or a setting is not one of the flavour's.</exception>
    public static Tokenizer Create(
        TokenizerSettings settings, Vocabulary vocabulary, string source, PostProcessing? processing = null, ITokenizerFiles? files = null)
    {
        settings.Validate();
        settings.Unknown ??= "[UNK]";
        settings.Classification ??= "[CLS]";
        settings.Separator ??= "[SEP]";
        settings.Padding ??= "[PAD]";
        settings.Mask ??= "[MASK]";
        var special = SpecialRoles.Resolve(settings, vocabulary, source);
        var table = new TokenTable(vocabulary, settings.Added.Values, source);
        TextEncoder encoder = Encoder(settings, vocabulary, special.Unknown!.Value);
        if (processing is { TrimOffsets: true })
        {
            encoder = new TrimmedOffsets(encoder, table, settings.Added.Values, processing.AddPrefixSpace);
        }

        return new Tokenizer(new TokenizerParts
        {
            Kind = "WordPiece",
            Flavour = settings.Flavour,
            Tokens = table,
            Encoder = encoder,
            Template = processing?.Template ?? PackingTemplate.Bert(special.Classification!.Value, special.Separator!.Value),
            Special = special,
            Files = files ?? new WordPieceFiles(settings, vocabulary),
            LowerCase = settings.LowerCase,
            ModelMaxLength = settings.ModelMaxLength,
            Notes = settings.Notes,
        });
    }

    private static WordPieceEncoder Encoder(TokenizerSettings settings, Vocabulary vocabulary, int unknown)
    {
        var rules = ScalarRules.For(new ScalarSettings(
            settings.Flavour, settings.LowerCase, settings.StripAccents ?? settings.LowerCase, settings.SpaceChinese, settings.CleanText));
        var limit = settings.Flavour switch
        {
            TokenizerFlavour.TensorFlow => new WordLimit(TensorFlowWordBytes, InUtf8Bytes: true),
            TokenizerFlavour.Google => new WordLimit(GoogleWordCharacters, InUtf8Bytes: false),
            _ => new WordLimit(settings.WordLimit, InUtf8Bytes: false),
        };
        var cut = settings.Flavour == TokenizerFlavour.HuggingFace ? AddedTokens.Of(settings.Added.Values) : null;
        return new WordPieceEncoder(
            rules, WordPieceTrie.Of(vocabulary, settings.ContinuingPrefix), new AsciiWords(vocabulary, rules, limit.Length), cut, limit, unknown);
    }
}
