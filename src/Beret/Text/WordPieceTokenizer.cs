using Beret.Text.Unicode;

namespace Beret.Text;

/// <summary>Makes BERT's tokenizer of its vocabulary and settings.</summary>
internal static class WordPieceTokenizer
{
    private const int TensorFlowWordBytes = 100;
    private const int GoogleWordCharacters = 200;

    /// <exception cref="TokenizerException">A token that the settings name is not there, or a setting is not one of the flavour's.</exception>
    public static Tokenizer Create(TokenizerSettings settings, Vocabulary vocabulary, string source)
    {
        settings.Validate();
        var special = new SpecialIds(
            Required(settings.Padding, "pad_token"),
            Required(settings.Unknown, "unk_token"),
            Required(settings.Classification, "cls_token"),
            Required(settings.Separator, "sep_token"),
            Find(settings.Mask));

        // Hugging Face adds its special tokens to whatever the files list.
        foreach (var name in (string[])[settings.Unknown, settings.Classification, settings.Separator, settings.Padding, settings.Mask])
        {
            if (Find(name) is { } id)
            {
                settings.Added.TryAdd(name, new AddedToken(name, id));
            }
        }

        foreach (var name in settings.Additional)
        {
            settings.Added.TryAdd(name, new AddedToken(name, Required(name, "additional special token")));
        }

        return new Tokenizer(new TokenizerParts
        {
            Kind = "WordPiece",
            Flavour = settings.Flavour,
            Tokens = new TokenTable(vocabulary, settings.Added.Values, source),
            Encoder = Encoder(settings, vocabulary, special.Unknown!.Value),
            Template = PackingTemplate.Bert(special.Classification!.Value, special.Separator!.Value),
            Special = special,
            Files = new WordPieceFiles(settings, vocabulary),
            LowerCase = settings.LowerCase,
            ModelMaxLength = settings.ModelMaxLength,
            Notes = settings.Notes,
        });

        int? Find(string token) =>
            vocabulary.Ids.TryGetValue(token, out var id) ? id : settings.Added.TryGetValue(token, out var added) ? added.Id : null;

        int Required(string token, string role) => Find(token) ?? throw new TokenizerException(
            $"{source}: the vocabulary has no \"{token}\", which it needs as {role}; it is not this model's vocabulary, or "
            + $"tokenizer_config.json must name another {role}");
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
        var prefix = settings.ContinuingPrefix;
        var continuing = vocabulary.Ids.Where(p => p.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(p => KeyValuePair.Create(p.Key[prefix.Length..], p.Value));
        var cut = settings.Flavour == TokenizerFlavour.HuggingFace ? new AddedTokens(settings.Added.Values) : null;
        return new WordPieceEncoder(
            rules, new WordPieceTrie(vocabulary.Ids, continuing), new AsciiWords(vocabulary.Ids, limit.Length), cut, limit, unknown);
    }
}
