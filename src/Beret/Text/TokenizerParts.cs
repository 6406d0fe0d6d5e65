namespace Beret.Text;

/// <summary>The ids of the tokens that have a role; null where the tokenizer has no token for it.</summary>
internal readonly record struct SpecialIds(int? Padding, int? Unknown, int? Classification, int? Separator, int? Mask);

/// <summary>Writes a tokenizer's files.</summary>
internal interface ITokenizerFiles
{
    /// <summary>Writes what <see cref="Tokenizer.Load"/> and Hugging Face read back to the same tokenizer. The folder is there.</summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    void Write(string folder);

    /// <summary>The same, and tokenizer.json in any case, for programs that read nothing else.</summary>
    /// <returns>False where this tokenizer has no such file.</returns>
    /// <exception cref="IOException">A file cannot be written.</exception>
    bool WriteComplete(string folder)
    {
        Write(folder);
        return File.Exists(Path.Combine(folder, TokenizerFolder.CompleteFile));
    }
}

/// <summary>What a <see cref="Tokenizer"/> is made of, whatever its kind.</summary>
internal sealed record TokenizerParts
{
    /// <summary>The model that cuts words into tokens: "WordPiece", "BPE" or "Unigram".</summary>
    public required string Kind { get; init; }

    public required TokenizerFlavour Flavour { get; init; }

    public required TextEncoder Encoder { get; init; }

    public required TokenTable Tokens { get; init; }

    public required PackingTemplate Template { get; init; }

    public required SpecialIds Special { get; init; }

    public required ITokenizerFiles Files { get; init; }

    public required bool LowerCase { get; init; }

    public int? ModelMaxLength { get; init; }

    public IReadOnlyList<string> Notes { get; init; } = [];
}
