namespace Beret.Numerics;

/// <summary>A part of a model that is passed as a whole and, where activations are not kept, computed anew in the backward pass.</summary>
internal interface IBlock
{
    /// <summary>[T, H] → [T, H], by the same operations in the same order every time.</summary>
    /// <param name="terms">What scores get by distance, in the families that have it; of parameters alone.</param>
    Value Forward(Ops ops, Value x, in BatchIndices batch, RelativeTerms? terms);
}
