namespace Beret.Text;

/// <summary>Text to tokens: what one kind of tokenizer does with a text, before special tokens are put around it.</summary>
/// <remarks>It never changes after it was made; any number of threads share it, each with a <see cref="TokenBuffer"/> of its own.</remarks>
internal abstract class TextEncoder
{
    /// <summary>
    /// Appends the text's own tokens: ids, UTF-16 ranges in <paramref name="text"/> and word numbers from 0. Working memory is the buffer's, so that
    /// nothing is allocated for a token.
    /// </summary>
    public abstract void Append(ReadOnlySpan<char> text, TokenBuffer buffer);
}
