namespace Beret.Checkpoints.Pickle;

/// <summary>The bytes of one storage, wherever in the file and in whatever form they are.</summary>
internal abstract class StoredBytes
{
    /// <summary>The number of bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Where in the file they begin: the order in which reading is fastest.</summary>
    public abstract long Position { get; }

    /// <summary>A range of the bytes, all of it.</summary>
    /// <exception cref="CheckpointException">The bytes are not those that were written, or the file was cut since.</exception>
    public abstract ReadOnlySpan<byte> Slice(long offset, int length);
}
