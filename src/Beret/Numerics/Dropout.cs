namespace Beret.Numerics;

/// <summary>
/// One use of dropout: which elements are dropped follows from the key alone, so the backward pass draws the same bits again instead of storing them,
/// and a resumed run draws what an uninterrupted one would have drawn, whatever the number of threads.
/// </summary>
/// <param name="Seed">The seed of the run.</param>
/// <param name="Step">The optimizer step.</param>
/// <param name="Operation">The number of this use within the step.</param>
/// <param name="Threshold">An element is dropped where its 16 random bits are below this: the rate times 65536, rounded. Zero: no dropout.</param>
internal readonly record struct Dropout(ulong Seed, uint Step, uint Operation, uint Threshold)
{
    public static Dropout None => default;

    public bool IsActive => Threshold != 0;

    /// <summary>What the kept elements are multiplied by, so that the expectation stays the same: 1 / (1 − the rate really applied).</summary>
    public float Scale => 65536f / (65536 - Threshold);

    /// <summary>The threshold of a rate in [0, 1).</summary>
    public static uint ThresholdOf(double rate) => (uint)Math.Min(Math.Round(rate * 65536), 65535);

    /// <summary>
    /// Whether element (row, column) of a matrix is kept. A block of 128 columns takes 16 Philox calls; the call with counter
    /// (16·⌊column/128⌋ + column mod 16, row, operation, step) gives 8 numbers of 16 bits, for the columns that are alike modulo 16.
    /// </summary>
    public bool Keeps(int row, int column)
    {
        var inner = column & 127;
        var counter = (uint)(((column >> 7) << 4) | (inner & 15));
        return Bits(counter, (uint)row, inner >> 4) >= Threshold;
    }

    /// <summary>
    /// Whether the attention of a query (its row in the batch) to a key (its position in the sequence) is kept in a head. The call with counter
    /// (head · 65536 + ⌊key/8⌋, query row, operation, step) gives the 8 numbers of 8 neighbouring keys.
    /// </summary>
    public bool Keeps(int head, int queryRow, int key) =>
        Bits(((uint)head << 16) | (uint)(key >> 3), (uint)queryRow, key & 7) >= Threshold;

    private uint Bits(uint x, uint y, int index)
    {
        var words = Philox.Next(x, y, Operation, Step, Seed);
        var word = (index >> 1) switch { 0 => words.X, 1 => words.Y, 2 => words.Z, _ => words.W };
        return (index & 1) == 0 ? word & 0xFFFF : word >> 16;
    }
}
