namespace Beret.Numerics;

/// <summary>An activation: its data, the place of its gradient on the tape (−1 without a tape), and whether nothing below it learns, so that nobody asks for that gradient.</summary>
internal readonly record struct Value(Matrix Data, int Slot = -1, bool IsFixed = false);

internal enum Operation : byte
{
    Embedding,
    Linear,
    GatedActivation,
    Attention,
    Activate,
    Unfold,
    RelativeAttention,
    Relations,
    Rotate,
    TalkingHeadsAttention,
    ResidualNorm,
    Norm,
    Dropout,
    Gather,
    Mean,
    Max,
    Block,
}

/// <summary>One operation that was done and what its gradient needs.</summary>
internal struct Record
{
    public Operation Operation;
    public Value Input;
    public Value Branch;
    public Value Sum;
    public Value Output;

    /// <summary>What the forward pass kept: statistics, derivatives, sums.</summary>
    public Matrix Saved;
    public Matrix Statistics;
    public Dense? Dense;
    public LayerNorm? Norm;
    public EmbeddingTables? Tables;
    public HeadMixing? Mixing;
    public BatchIndices Batch;
    public Indices Rows;
    public Window Window;
    public Dropout Dropout;
    public Activation Activation;
    public int Heads;
    public RelativeTerms Relative;
    public int Kernel;
    public RelationTarget Relation;

    /// <summary>A block that is to be computed anew, the terms it was given, and what dropouts and attentions there were before it.</summary>
    public IBlock? Block;
    public RelativeTerms? BlockTerms;
    public uint FirstDrop;
    public int Attentions;

    /// <summary>The arena's mark before the operation: what it took is given back once it is replayed.</summary>
    public long Mark;
}

/// <summary>The terms of <see cref="RelativeScores"/> in a model.</summary>
/// <param name="Rows">The table row of each distance.</param>
/// <param name="Keys">The projected positions that queries meet, or null; they have one reader.</param>
/// <param name="Queries">The projected positions that keys meet, or null; they have one reader.</param>
/// <param name="Bias">[rows, heads], or null.</param>
/// <param name="Scale">What products are multiplied by.</param>
internal readonly record struct RelativeTerms(Indices Rows, Value? Keys, Value? Queries, Parameter? Bias, double Scale)
{
    public RelativeScores Scores(Indices positions) =>
        new(Rows, positions, Keys?.Data ?? Matrix.None, Queries?.Data ?? Matrix.None, Bias?.Value ?? Matrix.None, (float)Scale);
}

/// <summary>The tables of an embedding, of which only the first has to be there, and its normalisation.</summary>
/// <param name="Norm">Null: the embedding is the sum itself.</param>
internal sealed record EmbeddingTables(Parameter Word, Parameter? Position, Parameter? Type, LayerNorm? Norm)
{
    /// <summary>The row of the position table that belongs to position 0; those before it are never read.</summary>
    public int FirstPosition { get; init; }

    /// <summary>The position table from position 0 on, or none.</summary>
    public Matrix Positions => FromFirst(Position?.Value ?? Matrix.None);

    /// <summary>The gradient of <see cref="Positions"/>.</summary>
    public Matrix PositionsGradient => FromFirst(Position?.Gradient ?? Matrix.None);

    private Matrix FromFirst(Matrix table) => table.IsNone ? table : table.RowRange(FirstPosition, table.Rows - FirstPosition);
}

/// <summary>The matrices [heads, heads] by which talking heads exchange their scores and their probabilities.</summary>
internal sealed record HeadMixing(Parameter PreSoftmax, Parameter PostSoftmax);

/// <summary>
/// What a forward pass did, in order, and the gradients of its activations. The backward pass reads the records from the end.
/// A gradient is written by its first reader and added to by the others.
/// </summary>
internal sealed class Tape
{
    private Record[] records = new Record[64];
    private Matrix[] gradients = new Matrix[64];
    private int slots;

    public int Count { get; private set; }

    /// <summary>What is on the tape now.</summary>
    public (int Count, int Slots) Place => (Count, slots);

    public ref Record this[int index] => ref records[index];

    public void Clear()
    {
        Count = 0;
        slots = 0;
    }

    /// <summary>Forgets what came after a place.</summary>
    public void Return((int Count, int Slots) place) => (Count, slots) = place;

    /// <summary>A new activation.</summary>
    public Value Track(Matrix data)
    {
        if (slots == gradients.Length)
        {
            Array.Resize(ref gradients, 2 * slots);
        }

        gradients[slots] = Matrix.None;
        return new Value(data, slots++);
    }

    public void Add(in Record record)
    {
        if (Count == records.Length)
        {
            Array.Resize(ref records, 2 * Count);
        }

        records[Count++] = record;
    }

    /// <summary>The gradient of an activation, or none.</summary>
    public Matrix Gradient(Value value) => gradients[value.Slot];

    public void SetGradient(Value value, Matrix gradient) => gradients[value.Slot] = gradient;
}
