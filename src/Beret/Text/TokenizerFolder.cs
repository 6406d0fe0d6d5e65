using Beret.Text.Pipeline;
using Beret.Text.SentencePiece;

namespace Beret.Text;

/// <summary>The tokenizer's files of a model folder.</summary>
internal static class TokenizerFolder
{
    public const string VocabularyFile = "vocab.txt";
    public const string ConfigFile = "tokenizer_config.json";
    public const string CompleteFile = "tokenizer.json";
    public const string SpecialTokensFile = "special_tokens_map.json";
    public const string AddedTokensFile = "added_tokens.json";

    /// <summary>The tokenizer classes that are BERT's WordPiece.</summary>
    private static readonly string[] WordPieceFamilies =
    [
        "Bert", "DistilBert", "Electra", "MobileBert", "ConvBert", "SqueezeBert", "LayoutLM", "Lxmert", "RetriBert", "DPRQuestionEncoder",
        "DPRContextEncoder",
    ];

    public static Tokenizer Load(string folder, TokenizerFlavour? flavour, bool? lowerCase)
    {
        if (!Directory.Exists(folder))
        {
            throw new TokenizerException($"{folder} is not a folder; a tokenizer is read from a model folder");
        }

        var settings = new TokenizerSettings { Flavour = flavour ?? TokenizerFlavour.HuggingFace };
        var (complete, config, special, added) = (At(CompleteFile), At(ConfigFile), At(SpecialTokensFile), At(AddedTokensFile));
        try
        {
            // A converted tokenizer.json stands for Hugging Face's program only.
            var model = SentencePieceFolder.Find(folder);
            var isComplete = File.Exists(complete) && (model is null || settings.Flavour == TokenizerFlavour.HuggingFace);
            using var json = isComplete ? TokenizerJson.Open(complete) : null;
            json?.ReadSettings(settings);
            if (File.Exists(special))
            {
                TokenizerConfig.ReadSpecialTokens(special, settings);
            }

            if (File.Exists(config))
            {
                TokenizerConfig.Read(config, settings);
            }

            var tokenizer = json is not null ? json.Build(settings, lowerCase, folder)
                : model is not null ? SentencePieceFolder.Load(model, settings, lowerCase, hasConfig: File.Exists(config))
                : ByteLevelFolder.IsOne(folder) ? ByteLevelFolder.Load(folder, settings, lowerCase)
                : LoadWordPiece(folder, settings, lowerCase, hasConfig: File.Exists(config));
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

    /// <summary>The text of a tokenizer whose steps decide about lower case is not to be changed from outside.</summary>
    public static void RefuseLowerCase(bool? lowerCase, bool own, string source)
    {
        if (lowerCase is { } asked && asked != own)
        {
            throw new TokenizerException(
                $"{source}: this tokenizer {(own ? "lower-cases text" : "keeps upper case")} in steps of its own, which cannot be changed from outside");
        }
    }

    public static void Save(ITokenizerFiles files, string folder) => Save(folder, () => files.Write(folder));

    /// <returns>Whether there is a tokenizer.json.</returns>
    public static bool SaveComplete(ITokenizerFiles files, string folder)
    {
        var isComplete = false;
        Save(folder, () => isComplete = files.WriteComplete(folder));
        return isComplete;
    }

    private static void Save(string folder, Action write)
    {
        try
        {
            Directory.CreateDirectory(folder);
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"the tokenizer cannot be written to {folder}: {e.Message}", e);
        }
    }

    private static Tokenizer LoadWordPiece(string folder, TokenizerSettings settings, bool? lowerCase, bool hasConfig)
    {
        var vocabulary = Vocabulary.ReadText(FindVocabulary(folder));
        if (settings.Family is { } family && !WordPieceFamilies.Contains(family))
        {
            throw new TokenizerException(
                $"{Path.Combine(folder, ConfigFile)}: tokenizer_class {Json.Quote(settings.Class!)} is not supported without {CompleteFile}; "
                + "BERT's WordPiece (BertTokenizer and its kin) is");
        }

        if (settings.Added.Values.FirstOrDefault(t => t.Normalized || t.SingleWord) is { } added)
        {
            throw new TokenizerException(
                $"{folder}: added token {Json.Quote(added.Content)} has {(added.Normalized ? "normalized" : "single_word")} true, which is not supported "
                + $"without {CompleteFile}");
        }

        if (!hasConfig && lowerCase is null)
        {
            settings.Notes.Add($"no {ConfigFile}: text is lower-cased, as Hugging Face does without one");
        }

        settings.LowerCase = lowerCase ?? settings.LowerCase;
        return WordPieceTokenizer.Create(settings, vocabulary, folder);
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

        throw SentencePieceFolder.NeedsConversion(folder) ?? new TokenizerException(
            $"{folder} has neither {CompleteFile} nor {VocabularyFile} nor {SentencePieceFolder.ModelFile}: the model's vocabulary is missing");
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
}
