using Beret.Numerics;

namespace Beret.Inference;

/// <summary>Tokenized texts by number, to make batches of.</summary>
internal interface ITokenizedTexts
{
    /// <summary>The number of texts.</summary>
    int Count { get; }

    /// <summary>Tokens of one text.</summary>
    int LengthOf(int text);

    /// <summary>Puts one text behind those that a batch holds.</summary>
    void AddTo(PackedBatch batch, int text);
}
