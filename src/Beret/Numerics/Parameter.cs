namespace Beret.Numerics;

/// <summary>One trainable tensor, under its checkpoint name.</summary>
internal sealed class Parameter
{
    public required string Name { get; init; }

    /// <summary>The shape in the checkpoint: [rows, columns] or [length], or for a convolution [outputs, inputs, kernel].</summary>
    public required int[] Shape { get; init; }

    /// <summary>Whether AdamW's weight decay applies: to matrices and embeddings, not to biases and layer norms.</summary>
    public required bool Decays { get; init; }

    /// <summary>
    /// An embedding table whose gradient is kept as (ids, rows) instead of a matrix that is almost all zeros. Not where a decoder is tied to it, which gives every row a
    /// gradient: then the lookup's rows are added to that matrix. Settled before memory is taken for training.
    /// </summary>
    public bool HasRowGradient { get; set; }

    /// <summary>What every element of a new vector is: 1 for the scale of a layer norm, 0 for biases.</summary>
    public float Start { get; init; }

    /// <summary>Whether an int8 folder keeps it as bytes with a scale for each row: the matrices that int8 products take, and the word embeddings.</summary>
    public bool MayBeQuantized { get; init; }

    /// <summary>The row of the table that a lookup gives no gradient (PyTorch's padding_idx), or −1. A decoder tied to the table does.</summary>
    public int PaddingRow { get; set; } = -1;

    /// <summary>The share of the scheduled learning rate at which it learns.</summary>
    public double RateFactor { get; set; } = 1;

    /// <summary>Where training leaves it as it is; then it has no moments, and this is settled before memory is taken for training.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>A vector is one row.</summary>
    public int Rows => Shape.Length == 1 ? 1 : Shape[0];

    public int Columns => Shape.Length == 3 ? Shape[1] * Shape[2] : Shape[^1];

    public long Length => (long)Rows * Columns;

    /// <exception cref="InvalidOperationException">Its layer is kept packed alone (<see cref="ParameterSet.PackAlone"/>).</exception>
    public Matrix Value
    {
        get => IsPackedAlone ? throw new InvalidOperationException($"{Name} is kept packed for inference alone") : Memory;
        internal set => Memory = value;
    }

    /// <summary>Where the value is or was: of the right shape in any case.</summary>
    internal Matrix Memory { get; private set; }

    /// <summary>Whether the value is gone, and only its layer's packed form is there.</summary>
    internal bool IsPackedAlone { get; set; }

    /// <summary>The gradient, added to by every backward pass; none for a table with a row gradient.</summary>
    public Matrix Gradient { get; internal set; }

    /// <summary>Adam's m.</summary>
    public Matrix FirstMoment { get; internal set; }

    /// <summary>Adam's v.</summary>
    public Matrix SecondMoment { get; internal set; }

    /// <summary>The gradient of a table: one row for each occurrence of a token in the batch, in the batch's order. None: no backward pass yet.</summary>
    public Matrix OccurrenceGradient { get; internal set; }

    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]";
}
