namespace Beret.Numerics;

/// <content>Layers at the bottom that do not learn: they are computed without records, and the backward pass ends above them.</content>
internal sealed partial class Ops
{
    private Tape? suspended;

    /// <summary>The number of the layer up to which nothing learns; 0: the embeddings alone, −1: all learn.</summary>
    public int FrozenLayers { get; init; } = -1;

    /// <summary>Says of which layer a value is the output; from the last of the frozen ones on there are records.</summary>
    public Value Thaw(int layer, Value output) => Thaws(layer) ? Track(output.Data) with { IsFixed = true } : output;

    /// <summary>The same of a layer with two outputs, or of what its outputs are about to be made from.</summary>
    public (Value First, Value Second) Thaw(int layer, Value first, Value second) => Thaws(layer)
        ? (Track(first.Data) with { IsFixed = true }, Track(second.Data) with { IsFixed = true })
        : (first, second);

    private void Freeze()
    {
        tape = suspended ?? tape;
        suspended = null;
        tape?.Clear();
        if (FrozenLayers >= 0)
        {
            (suspended, tape) = (tape, null);
        }
    }

    private bool Thaws(int layer)
    {
        if (suspended is null || layer != FrozenLayers)
        {
            return false;
        }

        (tape, suspended) = (suspended, null);
        return true;
    }
}
