namespace Beret.Numerics;

/// <summary>A batch's lists in the backend's memory.</summary>
internal readonly record struct BatchIndices(Indices Ids, Indices Types, Indices Positions, Indices Starts, int Longest);

/// <summary>
/// The operations that models are written with. Each takes its output from the arena, calls a kernel and, where there is a tape, records what the gradient needs;
/// without a tape nothing is kept. No loops over elements here: arithmetic belongs to the backend.
/// </summary>
internal sealed class Ops(IBackend backend, Arena arena, Tape? tape)
{
    private ulong seed;
    private uint step;
    private uint drops;
    private PackedBatch? batch;

    public IBackend Backend => backend;

    public Arena Arena => arena;

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
        tape?.Clear();
        seed = runSeed;
        step = runStep;
    }

    public BatchIndices Upload(PackedBatch packed)
    {
        batch = packed;
        return new BatchIndices(Upload(packed.Ids), Upload(packed.Types), Upload(packed.Positions), Upload(packed.Starts), packed.Longest);
    }

    public Indices Upload(ReadOnlySpan<int> values)
    {
        var indices = arena.TakeIndices(values.Length);
        backend.Write(values, indices);
        return indices;
    }

    /// <summary>LayerNorm(word[id] + position[position] + type[type]): [T, E].</summary>
    public Value Embed(EmbeddingTables tables, in BatchIndices batch)
    {
        var mark = arena.Mark;
        var tokens = batch.Ids.Count;
        var width = tables.Word.Columns;
        var sum = arena.Take(tokens, width);
        var statistics = arena.Take(tokens, 2);
        var output = Track(arena.Take(tokens, width));
        backend.EmbeddingLayerNorm(
            tables.Word.Value, tables.Position.Value, tables.Type.Value, batch.Ids, batch.Positions, batch.Types,
            tables.Norm.Gamma.Value, tables.Norm.Beta.Value, tables.Norm.Epsilon, sum, statistics, output.Data);
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
        backend.Linear(input.Data, dense.Weight, dense.Packed, dense.Bias, activation, derivative, output.Data);
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

    /// <summary>Multi-head attention within each sequence: queries, keys and values [T, 3H] → [T, H].</summary>
    public Value Attention(Value queryKeyValue, in BatchIndices batch, int heads, double dropoutRate)
    {
        var mark = arena.Mark;
        var tokens = queryKeyValue.Data.Rows;
        var dropout = NextDropout(dropoutRate);
        var logSumExp = tape is null ? Matrix.None : arena.Take(heads, tokens);
        var output = Track(arena.Take(tokens, queryKeyValue.Data.Columns / 3));
        backend.Attention(queryKeyValue.Data, batch.Starts, batch.Longest, heads, dropout, logSumExp, output.Data);
        tape?.Add(new Record
        {
            Operation = Operation.Attention, Input = queryKeyValue, Output = output, Saved = logSumExp, Batch = batch, Heads = heads,
            Dropout = dropout, Mark = mark,
        });
        return output;
    }

    /// <summary>Attention within each sequence whose heads exchange scores and probabilities: queries, keys and values [T, 3H] → [T, H].</summary>
    public Value TalkingHeadsAttention(Value queryKeyValue, HeadMixing mixing, in BatchIndices batch, double dropoutRate)
    {
        var mark = arena.Mark;
        var tokens = queryKeyValue.Data.Rows;
        var dropout = NextDropout(dropoutRate);
        var logSumExp = tape is null ? Matrix.None : arena.Take(mixing.PreSoftmax.Rows, tokens);
        var output = Track(arena.Take(tokens, queryKeyValue.Data.Columns / 3));
        backend.TalkingHeadsAttention(
            queryKeyValue.Data, mixing.PreSoftmax.Value, mixing.PostSoftmax.Value, batch.Starts, batch.Longest, dropout, logSumExp, output.Data);
        tape?.Add(new Record
        {
            Operation = Operation.TalkingHeadsAttention, Input = queryKeyValue, Output = output, Saved = logSumExp, Batch = batch, Mixing = mixing,
            Dropout = dropout, Mark = mark,
        });
        return output;
    }

    /// <summary>LayerNorm(residual + dropout(branch)). The branch's memory is used up.</summary>
    public Value ResidualNorm(Value residual, Value branch, LayerNorm norm, double dropoutRate)
    {
        var mark = arena.Mark;
        var dropout = NextDropout(dropoutRate);
        var statistics = arena.Take(branch.Data.Rows, 2);
        var output = Track(arena.Take(branch.Data.Rows, branch.Data.Columns));
        backend.ResidualLayerNorm(
            residual.Data, branch.Data, dropout, norm.Gamma.Value, norm.Beta.Value, norm.Epsilon, statistics, output.Data);
        tape?.Add(new Record
        {
            Operation = Operation.ResidualNorm, Input = residual, Branch = branch, Output = output, Saved = branch.Data, Statistics = statistics,
            Norm = norm, Dropout = dropout, Mark = mark,
        });
        return output;
    }

    /// <summary>Dropout, in place.</summary>
    public Value Dropout(Value value, double rate)
    {
        var dropout = NextDropout(rate);
        if (dropout.IsActive)
        {
            backend.ApplyDropout(value.Data, dropout);
            tape!.Add(new Record { Operation = Operation.Dropout, Output = value, Dropout = dropout, Mark = arena.Mark });
        }

        return value;
    }

    /// <summary>The first token of each sequence: [T, H] → [B, H].</summary>
    public Value First(Value input, in BatchIndices batch)
    {
        var mark = arena.Mark;
        var rows = batch.Starts with { Count = batch.Starts.Count - 1 };
        var output = Track(arena.Take(rows.Count, input.Data.Columns));
        backend.GatherRows(input.Data, rows, output.Data);
        tape?.Add(new Record { Operation = Operation.Gather, Input = input, Output = output, Rows = rows, Mark = mark });
        return output;
    }

    /// <summary>
    /// The losses of the examples, [B, 1]. With a tape, the gradient of their mean starts the backward pass.
    /// </summary>
    public Matrix Loss(Loss loss, Value logits, Matrix targets)
    {
        var losses = arena.Take(logits.Data.Rows, 1);
        var gradient = Matrix.None;
        if (tape is not null)
        {
            gradient = arena.Rent(logits.Data.Rows, logits.Data.Columns);
            tape.SetGradient(logits, gradient);
        }

        backend.Loss(loss, logits.Data, targets, losses, gradient);
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

        var kept = arena.Keep(mark, value.Data);
        if (kept.Handle != value.Data.Handle)
        {
            backend.Copy(value.Data, kept);
        }

        return new Value(kept);
    }

    /// <summary>Replays the tape from its end: every parameter's gradient is added to.</summary>
    public void Backward()
    {
        for (var i = tape!.Count - 1; i >= 0; i--)
        {
            ref var record = ref tape[i];
            var gradient = tape.Gradient(record.Output);
            if (!gradient.IsNone)
            {
                Replay(ref record, gradient);
            }

            arena.Release(record.Mark);
        }
    }

    private void Replay(ref Record record, Matrix gradient)
    {
        switch (record.Operation)
        {
            case Operation.Linear:
                LinearGradient(ref record, gradient);
                break;
            case Operation.GatedActivation:
                {
                    var target = Target(record.Input, out var accumulate);
                    Shapes.Require(!accumulate, "what is gated has one reader");
                    backend.GatedActivationGradient(gradient, record.Input.Data, record.Activation, target);
                    Done(record.Output, gradient);
                    break;
                }

            case Operation.Attention:
                {
                    var target = Target(record.Input, out var accumulate);
                    Shapes.Require(!accumulate, "queries, keys and values have one reader");
                    backend.AttentionGradient(
                        record.Input.Data, record.Batch.Starts, record.Batch.Longest, record.Heads, record.Dropout, record.Saved,
                        record.Output.Data, gradient, target);
                    Done(record.Output, gradient);
                    break;
                }

            case Operation.TalkingHeadsAttention:
                {
                    var (pre, post) = record.Mixing!;
                    var target = Target(record.Input, out var accumulate);
                    Shapes.Require(!accumulate, "queries, keys and values have one reader");
                    backend.TalkingHeadsAttentionGradient(
                        record.Input.Data, pre.Value, post.Value, record.Batch.Starts, record.Batch.Longest, record.Dropout, record.Saved,
                        gradient, target, pre.Gradient, post.Gradient);
                    Done(record.Output, gradient);
                    break;
                }

            case Operation.ResidualNorm:
                {
                    var norm = record.Norm!;
                    var target = Target(record.Input, out var accumulate);
                    var branch = Target(record.Branch, out var branchAccumulates);
                    Shapes.Require(!branchAccumulates, "a residual branch has one reader");
                    backend.LayerNormGradient(
                        gradient, record.Saved, record.Statistics, norm.Gamma.Value, norm.Gamma.Gradient, norm.Beta.Gradient,
                        target, accumulate, branch, record.Dropout);
                    Done(record.Output, gradient);
                    break;
                }

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
        backend.LinearWeightGradient(gradient, record.Input.Data, dense.WeightGradient, dense.BiasGradient);
        var target = Target(record.Input, out var accumulate);
        backend.LinearInputGradient(gradient, dense.Weight, target, accumulate);
        Done(record.Output, gradient);
    }

    /// <summary>The rows of the word embeddings' gradient stay rented until the next step begins: the optimizer reads them.</summary>
    private void EmbeddingGradient(ref Record record, Matrix gradient)
    {
        var tables = record.Tables!;
        var rows = arena.Rent(gradient.Rows, gradient.Columns);
        backend.LayerNormGradient(
            gradient, record.Saved, record.Statistics, tables.Norm.Gamma.Value, tables.Norm.Gamma.Gradient, tables.Norm.Beta.Gradient,
            rows, accumulate: false, Matrix.None, Numerics.Dropout.None);
        Done(record.Output, gradient);
        backend.ScatterAddRows(rows, record.Batch.Positions, tables.Position.Gradient);
        backend.ScatterAddRows(rows, record.Batch.Types, tables.Type.Gradient);
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

        tables.Word.OccurrenceGradient = rows;
    }

    private Value Track(Matrix data) => tape is null ? new Value(data) : tape.Track(data);

    private Dropout NextDropout(double rate)
    {
        if (tape is null || rate == 0)
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

    private void Done(Value value, Matrix gradient)
    {
        arena.Return(gradient);
        tape!.SetGradient(value, Matrix.None);
    }
}
