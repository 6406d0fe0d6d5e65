namespace Beret.Text.SentencePiece;

/// <summary>The SentencePiece model of a folder.</summary>
internal static class SentencePieceFolder
{
    /// <summary>The name that Hugging Face gives ALBERT's model.</summary>
    public const string ModelFile = "spiece.model";

    /// <summary>Where ALBERT's model lies: in a Hugging Face folder, in an archive of the original release, in a SavedModel.</summary>
    private static readonly string[] Names = [ModelFile, "30k-clean.model", "assets/30k-clean.model", "assets/spiece.model"];

    /// <summary>Models of tokenizers that number their pieces otherwise than the model does.</summary>
    private static readonly string[] OthersNames = ["sentencepiece.bpe.model", "spm.model", "tokenizer.model"];

    /// <summary>The path of the folder's model; null where it has none.</summary>
    public static string? Find(string folder) => Names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>What to say of a folder whose only vocabulary is a model of another family; null where it has none.</summary>
    public static TokenizerException? NeedsConversion(string folder) =>
        OthersNames.FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is { } other
            ? new TokenizerException(
                $"{folder}: {other} is supported only with a {TokenizerFolder.CompleteFile} beside it, which says how its pieces are numbered; "
                + "transformers writes one: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
            : null;

    /// <summary>ALBERT's tokenizer of a model and what was read beside it.</summary>
    /// <exception cref="TokenizerException">The model cannot be used, or is that of another family.</exception>
    public static Tokenizer Load(string path, TokenizerSettings settings, bool? lowerCase, bool hasConfig)
    {
        if (settings.Family is not (null or "Albert") && settings.Flavour != TokenizerFlavour.SentencePiece)
        {
            throw new TokenizerException(
                $"{path}: tokenizer_class {Json.Quote(settings.Class!)} is not supported without {TokenizerFolder.CompleteFile}; AlbertTokenizer is");
        }

        if (hasConfig)
        {
            // keep_accents, which is false where the file does not say, goes for itself in AlbertTokenizer.
            settings.StripAccents ??= true;
        }

        settings.LowerCase = lowerCase ?? settings.LowerCase;
        return SentencePieceTokenizer.Create(SentencePieceModel.Read(path), settings, path);
    }
}
