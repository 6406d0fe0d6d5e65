namespace Beret.Text;

/// <summary>The tokenizer's files of a model folder.</summary>
internal static class TokenizerFolder
{
    public const string VocabularyFile = "vocab.txt";
    public const string ConfigFile = "tokenizer_config.json";
    public const string CompleteFile = "tokenizer.json";

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
            var tokenizer = WordPieceTokenizer.Create(settings, vocabulary, folder);
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

    public static void Save(ITokenizerFiles files, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            files.Write(folder);
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
}
