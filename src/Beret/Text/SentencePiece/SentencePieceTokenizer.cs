namespace Beret.Text.SentencePiece;

/// <summary>Makes ALBERT's tokenizer of a SentencePiece model and settings.</summary>
internal static class SentencePieceTokenizer
{
    /// <summary>How far a character without a piece lies below the worst piece (kUnkPenalty of unigram_model.cc).</summary>
    private const float UnknownPenalty = 10;

    /// <param name="model">The model.</param>
    /// <param name="settings">What stands beside it.</param>
    /// <param name="source">The file or folder that errors name.</param>
    /// <exception cref="TokenizerException">The model lacks a token that the settings name.</exception>
    public static Tokenizer Create(SentencePieceModel model, SentencePieceSettings settings, string source)
    {
        var vocabulary = new Vocabulary([.. model.Pieces.Select(piece => piece.Text)]);
        var raw = settings.Flavour == TokenizerFlavour.SentencePiece;
        var special = new SpecialIds(
            Required(settings.Padding, "pad_token"),
            model.UnknownId,
            Required(settings.Classification, "cls_token"),
            Required(settings.Separator, "sep_token"),
            Find(settings.Mask));
        return new Tokenizer(new TokenizerParts
        {
            Kind = "Unigram",
            Flavour = settings.Flavour,
            Tokens = new TokenTable(vocabulary, settings.Added, source),
            Encoder = Encoder(model, settings, vocabulary, special),
            Template = special is { Classification: { } classification, Separator: { } separator }
                ? PackingTemplate.Bert(classification, separator)
                : PackingTemplate.None,
            Special = special,
            Files = new SentencePieceFiles(settings, model, special),
            LowerCase = settings.LowerCase && !raw,
            ModelMaxLength = settings.ModelMaxLength,
            Notes = settings.Notes,
        });

        int? Find(string token) =>
            vocabulary.Ids.TryGetValue(token, out var id) ? id : settings.Added.FirstOrDefault(added => added.Content == token)?.Id;

        // SentencePiece itself knows of no roles, and so needs none.
        int? Required(string token, string role) => Find(token) ?? (raw ? null : throw new TokenizerException(
            $"{source}: the SentencePiece model has no \"{token}\", which it needs as {role}; it is not an ALBERT model's, or "
            + $"tokenizer_config.json must name another {role}"));
    }

    private static SentencePieceEncoder Encoder(SentencePieceModel model, SentencePieceSettings settings, Vocabulary vocabulary, SpecialIds special)
    {
        var (lower, strip) = (settings.LowerCase, settings.StripAccents ?? settings.LowerCase);
        var (huggingFace, google) = (settings.Flavour == TokenizerFlavour.HuggingFace, settings.Flavour == TokenizerFlavour.Google);
        return new SentencePieceEncoder(new ModelNormalizer(model), Pieces(model, settings.Flavour), model.UnknownId)
        {
            Fold = settings.Flavour switch
            {
                TokenizerFlavour.SentencePiece => null,
                TokenizerFlavour.TensorFlow => TensorFlowFold.For(lower, strip),
                _ => PythonFold.For(new PythonFoldSettings(lower, strip || google, settings.RemoveSpace || google, huggingFace)),
            },
            SpecialTokens = huggingFace ? new SpecialTokenFinder(Cut(settings, vocabulary, special), lower) : null,
            IdsByPiece = huggingFace || google ? vocabulary.Ids : null,
        };
    }

    /// <summary>The tokens that Hugging Face cuts out of a text: those with a role, and those that its files add.</summary>
    private static IEnumerable<AddedToken> Cut(SentencePieceSettings settings, Vocabulary vocabulary, SpecialIds special)
    {
        int?[] roles = [special.Padding, special.Unknown, special.Classification, special.Separator, special.Mask];
        return roles.OfType<int>().Where(id => id < vocabulary.Tokens.Length).Select(id => new AddedToken(vocabulary.Tokens[id]!, id))
            .Concat(settings.Added).DistinctBy(token => token.Content);
    }

    private static Unigram Pieces(SentencePieceModel model, TokenizerFlavour flavour)
    {
        // A user-defined piece always wins: SentencePiece 0.2.3 gives it 0, the older one in TF-Text a little less, and more where scores are positive.
        var normal = model.Pieces.Where(piece => piece.Type == PieceType.Normal).Select(piece => piece.Score).DefaultIfEmpty().ToArray();
        var largest = Math.Max(0, normal.Max());
        var scores = new double[model.Pieces.Length];
        var pieces = new List<(string Text, int Id)>();
        for (var id = 0; id < scores.Length; id++)
        {
            var (text, score, type) = model.Pieces[id];
            if (type is PieceType.Normal or PieceType.UserDefined)
            {
                pieces.Add((text, id));
                scores[id] = type == PieceType.Normal ? score
                    : flavour == TokenizerFlavour.TensorFlow ? (System.Text.Encoding.UTF8.GetByteCount(text) * (double)largest) - 0.1 : 0;
            }
        }

        var precision = flavour == TokenizerFlavour.TensorFlow ? ScorePrecision.StoredSingle : ScorePrecision.Single;
        return new Unigram(pieces, scores, normal.Min() - UnknownPenalty, model.UnknownId, precision);
    }
}
