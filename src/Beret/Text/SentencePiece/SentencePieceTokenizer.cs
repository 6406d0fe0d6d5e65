using System.Text;

namespace Beret.Text.SentencePiece;

/// <summary>Makes ALBERT's tokenizer of a SentencePiece model and settings.</summary>
internal static class SentencePieceTokenizer
{
    /// <summary>How far a character without a piece lies below the worst piece (kUnkPenalty of unigram_model.cc).</summary>
    private const float UnknownPenalty = 10;

    /// <param name="model">The model.</param>
    /// <param name="settings">What stands beside it; the names of special tokens are ALBERT's where it gives none.</param>
    /// <param name="source">The file or folder that errors name.</param>
    /// <exception cref="TokenizerException">The model lacks a token that the settings name.</exception>
    public static Tokenizer Create(SentencePieceModel model, TokenizerSettings settings, string source)
    {
        var vocabulary = new Vocabulary([.. model.Pieces.Select(piece => piece.Text)]);
        settings.Unknown ??= model.Pieces[model.UnknownId].Text;
        settings.Padding ??= Default("<pad>");
        settings.Classification ??= Default("[CLS]");
        settings.Separator ??= Default("[SEP]");
        settings.Mask ??= Default("[MASK]");
        if (settings.Mask is { } mask && vocabulary.Ids.TryGetValue(mask, out var maskId))
        {
            // As AlbertTokenizer declares it. White space before a special token says nothing here, but it does in what is saved.
            settings.Added.TryAdd(mask, new AddedToken(mask, maskId, StripLeft: true));
        }

        var special = SpecialRoles.Resolve(settings, vocabulary, source);
        return new Tokenizer(new TokenizerParts
        {
            Kind = "Unigram",
            Flavour = settings.Flavour,
            Tokens = new TokenTable(vocabulary, settings.Added.Values, source),
            Encoder = Encoder(model, settings, vocabulary),
            Template = special is { Classification: { } classification, Separator: { } separator }
                ? PackingTemplate.Bert(classification, separator)
                : PackingTemplate.None,
            Special = special,
            Files = new SentencePieceFiles(settings, model),
            LowerCase = settings.LowerCase && settings.Flavour != TokenizerFlavour.SentencePiece,
            ModelMaxLength = settings.ModelMaxLength,
            Notes = settings.Notes,
        });

        // SentencePiece itself knows of no roles, and so needs none.
        string? Default(string name) => settings.Flavour == TokenizerFlavour.SentencePiece && !vocabulary.Ids.ContainsKey(name) ? null : name;
    }

    private static SentencePieceEncoder Encoder(SentencePieceModel model, TokenizerSettings settings, Vocabulary vocabulary)
    {
        var (lower, strip) = (settings.LowerCase, settings.StripAccents ?? settings.LowerCase);
        var (normalizer, unigram) = (new ModelNormalizer(model), Unigram(model, settings.Flavour));
        return settings.Flavour switch
        {
            TokenizerFlavour.TensorFlow => new SentencePieceEncoder(normalizer, unigram, model.UnknownId) { Fold = TensorFlowFold.For(lower, strip) },
            TokenizerFlavour.HuggingFace => new SentencePieceEncoder(normalizer, unigram, model.UnknownId)
            {
                Fold = PythonFold.For(new PythonFoldSettings(lower, strip, settings.RemoveSpace, HuggingFace: true)),
                SpecialTokens = new SpecialTokenFinder(settings.Added.Values, lower, source: SentencePieceFolder.ModelFile),
                Names = vocabulary,
            },
            TokenizerFlavour.Google => new SentencePieceEncoder(normalizer, unigram, model.UnknownId)
            {
                Fold = PythonFold.For(new PythonFoldSettings(lower, StripAccents: true, RemoveSpace: true, HuggingFace: false)),
                Names = vocabulary,
            },
            _ => new SentencePieceEncoder(normalizer, unigram, model.UnknownId),
        };
    }

    private static Unigram Unigram(SentencePieceModel model, TokenizerFlavour flavour)
    {
        var isTensorFlow = flavour == TokenizerFlavour.TensorFlow;
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

                // A user-defined piece is to win: SentencePiece 0.2.3 gives it 0; the older one in TF-Text as much as the best piece for each byte, and
                // a little less.
                scores[id] = type == PieceType.Normal ? score : isTensorFlow ? (Encoding.UTF8.GetByteCount(text) * (double)largest) - 0.1 : 0;
            }
        }

        var precision = isTensorFlow ? ScorePrecision.StoredSingle : ScorePrecision.Single;
        return new Unigram(pieces, scores, normal.Min() - UnknownPenalty, model.UnknownId, precision);
    }
}
