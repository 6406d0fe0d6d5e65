namespace Beret.Numerics;

/// <content>Blocks whose activations are not kept: checkpointing of activations (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016).</content>
internal sealed partial class Ops
{
    /// <summary>
    /// Whether of each block only the input is kept for the backward pass, which computes the block anew, with the same dropout: the same bits, a third more work, and the activations of one
    /// block in memory instead of all.
    /// </summary>
    public bool KeepsOnlyBlockInputs { get; init; }

    /// <summary>Passes a block.</summary>
    public Value Pass(IBlock block, Value x, in BatchIndices batch, RelativeTerms? terms)
    {
        if (tape is null || !KeepsOnlyBlockInputs)
        {
            return block.Forward(this, x, batch, terms);
        }

        var mark = arena.Mark;
        var (firstDrop, before) = (drops, attentions);
        var recorder = tape;
        tape = null;
        var output = Keep(mark, block.Forward(this, x, batch, terms));
        tape = recorder;
        output = Track(output.Data);
        tape.Add(new Record
        {
            Operation = Operation.Block, Block = block, Input = x, Output = output, Batch = batch, BlockTerms = terms, FirstDrop = firstDrop, Attentions = before,
            Mark = mark,
        });
        return output;
    }

    /// <summary>Computes the block once more, now with all its records, and replays these.</summary>
    private void BlockGradient(Record record, Matrix gradient)
    {
        var (mark, place, nextDrop) = (arena.Mark, tape!.Place, drops);
        (drops, attentions) = (record.FirstDrop, record.Attentions);
        var output = record.Block!.Forward(this, record.Input, record.Batch, record.BlockTerms);
        drops = nextDrop;
        tape.SetGradient(record.Output, Matrix.None);
        tape.SetGradient(output, gradient);
        ReplayFrom(place.Count);
        tape.Return(place);
        arena.Release(mark);
    }
}
