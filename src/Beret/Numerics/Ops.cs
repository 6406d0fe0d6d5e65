namespace Beret.Numerics;

/// <summary>A batch's lists in the backend's memory.</summary>
internal readonly record struct BatchIndices(Indices Ids, Indices Types, Indices Positions, Indices Starts, int Longest, int LastPosition)
{
    /// <summary>D + 1 sequence numbers of documents (<see cref="PackedBatch.Windows"/>); empty where every sequence is one.</summary>
    public Indices Windows { get; init; }
}

/// <summary>
/// The operations that models are written with. Each takes its output from the arena, calls a kernel and, where there is a tape, records what the gradient needs;
/// without a tape nothing is kept. No loops over elements here: arithmetic belongs to the backend.
/// </summary>
internal sealed partial class Ops(IBackend backend, Arena arena, Tape? tape)
{
    // A pass that is not recorded may still be one of training: that of a block which is computed anew.
    private readonly bool trains = tape is not null;
    private ulong seed;
    private uint step;
    private uint drops;
    private PackedBatch? batch;

    public IBackend Backend => backend;

    public Arena Arena => arena;

    /// <summary>Whether there is dropout where there is a tape. Without, gradients are those of the function that inference computes.</summary>
    public bool Drops { get; init; } = true;

    /// <summary>Starts a step: the arena and the tape are emptied, and dropout draws from (seed, step).</summary>
    public void Begin(ulong runSeed = 0, uint runStep = 0)
    {
        drops = 0;
        Continue(runSeed, runStep);
    }

    /// <summary>Starts a further pass of the same step: dropout goes on where the pass before left it.</summary>
    public void Continue(ulong runSeed, uint runStep)
    {
        arena.Reset();
        Freeze();
        seed = runSeed;
        step = runStep;
        attentions = 0;
    }

    public BatchIndices Upload(PackedBatch packed)
    {
        batch = packed;
        return new BatchIndices(Upload(packed.Ids), Upload(packed.Types), Upload(packed.Positions), Upload(packed.Starts), packed.Longest, packed.LastPosition)
        {
            Windows = packed.HasWindows ? Upload(packed.Windows) : default,
        };
    }

    public Indices Upload(ReadOnlySpan<int> values)
    {
        var indices = arena.TakeIndices(values.Length);
        backend.Write(values, indices);
        return indices;
    }

    /// <summary>LayerNorm(word[id] + position[position] + type[type]): [T, E]. Tables that are not there, and a norm that is not, are left out.</summary>
    public Value Embed(EmbeddingTables tables, in BatchIndices batch)
    {
        var mark = arena.Mark;
        var tokens = batch.Ids.Count;
        var width = tables.Word.Columns;
        var norm = tables.Norm;
        var sum = norm is null ? Matrix.None : arena.Take(tokens, width);
        var statistics = norm is null ? Matrix.None : arena.Take(tokens, 2);
        var output = Track(arena.Take(tokens, width));
        backend.EmbeddingLayerNorm(
            tables.Word.Value, tables.Positions, tables.Type?.Value ?? Matrix.None, batch.Ids, batch.Positions, batch.Types,
            norm?.Gamma.Value ?? Matrix.None, norm?.BetaValue ?? Matrix.None, norm?.Epsilon ?? 0, sum, statistics, output.Data);
        tape?.Add(new Record
        {
            Operation = Operation.Embedding, Output = output, Saved = sum, Statistics = statistics, Tables = tables, Mark = mark, Batch = batch,
        });
        return output;
    }

    /// <summary>activation(x · Wᵀ + b): [T, inputs] → [T, outputs].</summary>
    public Value Linear(Value input, Dense dense, Activation activation = Activation.None)
    {
        var mark = arena.Mark;
        var output = Track(arena.Take(input.Data.Rows, dense.Outputs));
        var derivative = tape is null || activation == Activation.None ? Matrix.None : arena.Take(input.Data.Rows, dense.Outputs);
        backend.Linear(input.Data, dense.Weight, dense.Packed, dense.Bias, activation, derivative, output.Data, dense.Arithmetic);
        tape?.Add(new Record { Operation = Operation.Linear, Input = input, Output = output, Saved = derivative, Dense = dense, Mark = mark });
        return output;
    }

    /// <summary>activation(a) ∘ g, the input's columns being [a, g]: [T, 2F] → [T, F].</summary>
    public Value GatedActivation(Value input, Activation activation)
    {
        var mark = arena.Mark;
        var output = Track(arena.Take(input.Data.Rows, input.Data.Columns / 2));
        backend.GatedActivation(input.Data, activation, output.Data);
        tape?.Add(new Record { Operation = Operation.GatedActivation, Input = input, Output = output, Activation = activation, Mark = mark });
        return output;
    }

    /// <summary>Dropout, in place.</summary>
    public Value Dropout(Value value, double rate)
    {
        var dropout = NextDropout(rate);
        if (dropout.IsActive)
        {
            backend.ApplyDropout(value.Data, dropout);
            tape?.Add(new Record { Operation = Operation.Dropout, Output = value, Dropout = dropout, Mark = arena.Mark });
        }

        return value;
    }

    /// <summary>The first token of each sequence: [T, H] → [B, H].</summary>
    public Value First(Value input, in BatchIndices batch) => Gather(input, batch.Starts with { Count = batch.Starts.Count - 1 });

    /// <summary>Some rows, which are distinct: [T, H] → [M, H].</summary>
    public Value Gather(Value input, Indices rows)
    {
        var mark = arena.Mark;
        var output = Track(arena.Take(rows.Count, input.Data.Columns));
        backend.GatherRows(input.Data, rows, output.Data);
        tape?.Add(new Record { Operation = Operation.Gather, Input = input, Output = output, Rows = rows, Mark = mark });
        return output;
    }

    /// <summary>The mean of each sequence: [T, H] → [B, H].</summary>
    public Value Mean(Value input, in BatchIndices batch)
    {
        var mark = arena.Mark;
        var output = Track(arena.Take(batch.Starts.Count - 1, input.Data.Columns));
        backend.MeanRows(input.Data, batch.Starts, output.Data);
        tape?.Add(new Record { Operation = Operation.Mean, Input = input, Output = output, Batch = batch, Mark = mark });
        return output;
    }

    /// <summary>The largest of each sequence, column by column: [T, H] → [B, H]. The gradient goes to the first that has it.</summary>
    public Value Max(Value input, in BatchIndices batch)
    {
        var mark = arena.Mark;
        var output = Track(arena.Take(batch.Starts.Count - 1, input.Data.Columns));
        backend.MaxRows(input.Data, batch.Starts, output.Data);
        tape?.Add(new Record { Operation = Operation.Max, Input = input, Output = output, Batch = batch, Mark = mark });
        return output;
    }

    /// <summary>
    /// The losses of the examples, [B, 1]. With a tape, the gradient of their mean, times a weight, starts the backward pass.
    /// </summary>
    public Matrix Loss(Loss loss, Value logits, Matrix targets, double weight = 1, double focus = 0)
    {
        var losses = arena.Take(logits.Data.Rows, 1);
        backend.Loss(loss, logits.Data, targets, losses, StartingGradient(logits), weight, focus);
        return losses;
    }

    /// <summary>d loss / d logits, between <see cref="Loss"/> and <see cref="Backward"/>.</summary>
    public Matrix LogitsGradient(Value logits) => tape!.Gradient(logits);

    /// <summary>
    /// Without a tape: gives back all that was taken since the mark, but for one value, which moves down to the mark. With a tape: nothing, its activations are needed.
    /// </summary>
    public Value Keep(long mark, Value value)
    {
        if (tape is not null)
        {
            return value;
        }

        return Moved(value, arena.Keep(mark, value.Data));
    }

    /// <summary><see cref="Keep(long, Value)"/> for two values, of which the first was made first.</summary>
    public (Value First, Value Second) Keep(long mark, Value first, Value second)
    {
        if (tape is not null)
        {
            return (first, second);
        }

        var (a, b) = arena.Keep(mark, first.Data, second.Data);
        return (Moved(first, a), Moved(second, b));
    }

    /// <summary>Replays the tape from its end: every parameter's gradient is added to.</summary>
    public void Backward() => ReplayFrom(0);

    private void ReplayFrom(int first)
    {
        for (var i = tape!.Count - 1; i >= first; i--)
        {
            ref var record = ref tape[i];
            var gradient = tape.Gradient(record.Output);
            var mark = record.Mark;
            if (!gradient.IsNone)
            {
                Replay(ref record, gradient);
            }

            arena.Release(mark);
        }
    }

    private void Replay(ref Record record, Matrix gradient)
    {
        switch (record.Operation)
        {
            case Operation.Linear:
                LinearGradient(ref record, gradient);
                break;
            case Operation.Block:
                BlockGradient(record, gradient);
                break;
            case Operation.GatedActivation:
                backend.GatedActivationGradient(gradient, record.Input.Data, record.Activation, OnlyTarget(record.Input));
                Done(record.Output, gradient);
                break;
            case Operation.Attention:
                AttentionGradient(ref record, gradient);
                break;
            case Operation.TalkingHeadsAttention:
                TalkingHeadsAttentionGradient(ref record, gradient);
                break;
            case Operation.Activate:
                backend.MultiplyInPlace(gradient, record.Saved);
                break;
            case Operation.Unfold:
                {
                    var target = Target(record.Input, out var accumulate);
                    backend.UnfoldGradient(gradient, record.Batch.Starts, record.Batch.Positions, record.Kernel, target, accumulate);
                    Done(record.Output, gradient);
                    break;
                }

            case Operation.RelativeAttention:
                RelativeAttentionGradient(ref record, gradient);
                break;
            case Operation.Relations:
                Relate(record.Output.Data, record.Batch, record.Relation, gradient);
                break;
            case Operation.Rotate:
                backend.Rotate(gradient, record.Saved, record.Batch.Positions, record.Heads, inverse: true);
                break;
            case Operation.ResidualNorm:
                ResidualNormGradient(ref record, gradient);
                break;
            case Operation.Norm:
                NormGradient(ref record, gradient);
                break;
            case Operation.Dropout:
                backend.ApplyDropout(gradient, record.Dropout);
                break;
            case Operation.Gather:
                {
                    var target = Target(record.Input, out var accumulate);
                    backend.GatherRowsGradient(gradient, record.Rows, target, accumulate);
                    Done(record.Output, gradient);
                    break;
                }

            case Operation.Mean:
                {
                    var target = Target(record.Input, out var accumulate);
                    backend.MeanRowsGradient(gradient, record.Batch.Starts, target, accumulate);
                    Done(record.Output, gradient);
                    break;
                }

            case Operation.Max:
                {
                    var target = Target(record.Input, out var accumulate);
                    backend.MaxRowsGradient(gradient, record.Input.Data, record.Batch.Starts, target, accumulate);
                    Done(record.Output, gradient);
                    break;
                }

            default:
                EmbeddingGradient(ref record, gradient);
                break;
        }
    }

    private void LinearGradient(ref Record record, Matrix gradient)
    {
        if (!record.Saved.IsNone)
        {
            backend.MultiplyInPlace(gradient, record.Saved);
        }

        var dense = record.Dense!;
        backend.LinearWeightGradient(gradient, record.Input.Data, dense.WeightGradient, dense.BiasGradient, dense.Arithmetic);
        if (!record.Input.IsFixed)
        {
            var target = Target(record.Input, out var accumulate);
            backend.LinearInputGradient(gradient, dense.Weight, target, accumulate, dense.Arithmetic);
        }

        Done(record.Output, gradient);
    }

    /// <summary>The rows of a row gradient stay rented until the next step begins: the optimizer reads them.</summary>
    private void EmbeddingGradient(ref Record record, Matrix gradient)
    {
        var tables = record.Tables!;
        var rows = gradient;
        if (tables.Norm is { } norm)
        {
            rows = arena.Rent(gradient.Rows, gradient.Columns);
            backend.LayerNormGradient(
                gradient, record.Saved, record.Statistics, norm.Gamma.Value, norm.Gamma.Gradient, norm.BetaGradient,
                Matrix.None, rows, accumulate: false, Matrix.None, Numerics.Dropout.None);
            Done(record.Output, gradient);
        }

        if (tables.Position is { IsFrozen: false })
        {
            backend.ScatterAddRows(rows, record.Batch.Positions, tables.PositionsGradient);
        }

        if (tables.Type is { } type)
        {
            backend.ScatterAddRows(rows, record.Batch.Types, type.Gradient);
        }

        if (tables.Word.PaddingRow >= 0)
        {
            var ids = batch!.Ids;
            for (var t = ids.IndexOf(tables.Word.PaddingRow); t >= 0 && t < ids.Length; t++)
            {
                if (ids[t] == tables.Word.PaddingRow)
                {
                    backend.Clear(rows.RowRange(t, 1));
                }
            }
        }

        if (tables.Word.HasRowGradient)
        {
            tables.Word.OccurrenceGradient = rows;
            return;
        }

        backend.ScatterAddRows(rows, record.Batch.Ids, tables.Word.Gradient);
        arena.Return(rows);
    }

    private Value Moved(Value value, Matrix place)
    {
        if (place.Handle != value.Data.Handle)
        {
            backend.Copy(value.Data, place);
        }

        return new Value(place);
    }

    private Value Track(Matrix data) => tape is null ? new Value(data) : tape.Track(data);

    private Dropout NextDropout(double rate)
    {
        if (!trains || rate == 0 || !Drops)
        {
            return Numerics.Dropout.None;
        }

        return new Dropout(seed, step, drops++, Numerics.Dropout.ThresholdOf(rate));
    }

    /// <summary>Where the gradient of an activation goes, and whether something is there already.</summary>
    private Matrix Target(Value value, out bool accumulate)
    {
        var gradient = tape!.Gradient(value);
        accumulate = !gradient.IsNone;
        if (!accumulate)
        {
            gradient = arena.Rent(value.Data.Rows, value.Data.Columns);
            tape.SetGradient(value, gradient);
        }

        return gradient;
    }

    /// <summary>The same for an activation with one reader, whose gradient is overwritten.</summary>
    private Matrix OnlyTarget(Value value)
    {
        var target = Target(value, out var accumulate);
        Shapes.Require(!accumulate, "what this operation reads has one reader");
        return target;
    }

    private void Done(Value value, Matrix gradient)
    {
        arena.Return(gradient);
        tape!.SetGradient(value, Matrix.None);
    }
}
