namespace Beret.Text.Pipeline;

/// <summary>The older files of byte-level BPE, vocab.json and merges.txt (GPT-2, RoBERTa), where there is no tokenizer.json.</summary>
internal static class ByteLevelFolder
{
    private const string VocabularyFile = "vocab.json";
    private const string MergesFile = "merges.txt";

    /// <summary>The classes that put &lt;s&gt; and &lt;/s&gt; around texts.</summary>
    private static readonly string[] RobertaFamilies = ["Roberta", "Longformer", "Bart", "LED"];

    public static bool IsOne(string folder) => File.Exists(Path.Combine(folder, VocabularyFile)) && File.Exists(Path.Combine(folder, MergesFile));

    /// <summary>What transformers makes of the files: RobertaConverter and GPT2Converter of its convert_slow_tokenizer.py.</summary>
    /// <exception cref="TokenizerException">A file cannot be used, or the class is another.</exception>
    public static Tokenizer Load(string folder, TokenizerSettings settings, bool? lowerCase)
    {
        var (path, merges) = (Path.Combine(folder, VocabularyFile), Path.Combine(folder, MergesFile));
        Vocabulary vocabulary;
        using (var document = Json.Parse(path))
        {
            vocabulary = ModelJson.ReadVocabulary(document.RootElement, path);
        }

        var isRoberta = settings.Family is null ? vocabulary.Ids.ContainsKey("<s>") : RobertaFamilies.Contains(settings.Family);
        if (!isRoberta && settings.Family is not (null or "GPT2"))
        {
            throw new TokenizerException(
                $"{folder}: tokenizer_class {Json.Quote(settings.Class!)} is not supported for {VocabularyFile} and {MergesFile}; "
                + "RobertaTokenizer, its kin and GPT2Tokenizer are");
        }

        if (settings.Flavour != TokenizerFlavour.HuggingFace)
        {
            throw new TokenizerException($"{folder}: the {settings.Flavour.Format()} flavour is one of BERT's WordPiece, and this is byte-level BPE");
        }

        TokenizerFolder.RefuseLowerCase(lowerCase, own: false, folder);
        settings.LowerCase = false;
        var space = settings.AddPrefixSpace ?? false;
        var processing = new PostProcessing(PackingTemplate.None);
        if (isRoberta)
        {
            settings.Classification ??= "<s>";
            settings.Separator ??= "</s>";
            settings.Unknown ??= "<unk>";
            settings.Padding ??= "<pad>";
            settings.Mask ??= "<mask>";
            if (vocabulary.Ids.TryGetValue(settings.Mask, out var mask))
            {
                settings.Added.TryAdd(settings.Mask, new AddedToken(settings.Mask, mask, StripLeft: true));
            }

            var special = SpecialRoles.Resolve(settings, vocabulary, folder);
            processing = new PostProcessing(
                PackingTemplate.Roberta(special.Classification!.Value, special.Separator!.Value), TrimOffsets: true, AddPrefixSpace: space);
        }
        else
        {
            settings.Unknown ??= "<|endoftext|>";
        }

        var model = new ModelDescription("BPE", vocabulary, settings.Unknown, () => new BpeModel(
            vocabulary, BpeMerges.Resolve(BpeMerges.ReadFile(merges), vocabulary, 0, merges), new BpeSettings()));
        var files = new CopiedFiles { Class = isRoberta ? "RobertaTokenizer" : "GPT2Tokenizer" }.With(
            folder, VocabularyFile, MergesFile, TokenizerFolder.ConfigFile, TokenizerFolder.SpecialTokensFile, TokenizerFolder.AddedTokensFile);
        return PipelineTokenizer.Create(settings, model, null, new ByteLevel(space, useRegex: true), processing, files, folder);
    }
}
