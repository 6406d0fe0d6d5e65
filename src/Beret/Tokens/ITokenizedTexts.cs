using Beret.Numerics;

namespace Beret.Tokens;

/// <summary>Tokenized texts by number, each one window or several, to make batches of.</summary>
internal interface ITokenizedTexts
{
    /// <summary>The number of texts.</summary>
    int Count { get; }

    /// <summary>The number of windows of one text; 1 unless it is longer than what is read at once, and read all the same.</summary>
    int WindowsOf(int text);

    /// <summary>Tokens of each window of one text, which all have as many.</summary>
    int LengthOf(int text);

    /// <summary>Puts a window behind what a batch holds, as a document of its own.</summary>
    void AddTo(PackedBatch batch, int text, int window);
}
