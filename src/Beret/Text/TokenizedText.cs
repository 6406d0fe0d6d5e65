namespace Beret.Text;

/// <summary>The tokens of one text or pair, as <see cref="Tokenizer.Encode(string, string?, EncodeOptions?)"/> returns them.</summary>
public sealed class TokenizedText
{
    internal TokenizedText(TokenBuffer buffer)
    {
        Ids = buffer.Ids.ToArray();
        Types = buffer.Types.ToArray();
        Words = buffer.Words.ToArray();
        Cut = buffer.Cut;
        Windows = buffer.Windows;
        Offsets = new (int, int)[Ids.Length];
        for (var i = 0; i < Ids.Length; i++)
        {
            Offsets[i] = (buffer.Starts[i], buffer.Ends[i]);
        }
    }

    /// <summary>Token ids.</summary>
    public int[] Ids { get; }

    /// <summary>Token types: 0 for the first text, 1 for the second where the model has two types.</summary>
    public int[] Types { get; }

    /// <summary>The UTF-16 range of each token in its text, end exclusive; (0, 0) for special tokens.</summary>
    public (int Start, int End)[] Offsets { get; }

    /// <summary>The number of the word that each token is a piece of, counted from 0 in each text; −1 for special tokens.</summary>
    public int[] Words { get; }

    /// <summary>The number of windows that the tokens are, one after the other, each of as many tokens; 1 but with <see cref="Truncation.Windows"/>.</summary>
    public int Windows { get; }

    /// <summary>How many tokens of the texts truncation removed.</summary>
    public int Cut { get; }
}
