namespace Beret.Text.SentencePiece;

/// <summary>What a flavour's program does with a text before it hands it to SentencePiece.</summary>
internal interface ITextFold
{
    /// <summary>Writes the folded text into <paramref name="output"/>, whose former content is dropped; lone surrogates are read as U+FFFD.</summary>
    void Apply(ReadOnlySpan<char> text, MappedText output);
}
