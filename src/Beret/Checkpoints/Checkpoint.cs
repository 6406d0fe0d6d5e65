using System.Runtime.InteropServices;

namespace Beret.Checkpoints;

/// <summary>
/// Named tensors on disk, whatever the format. Opening reads and checks the table of contents only; the values are read, and converted, when asked for.
/// Reading is safe from several threads at once; disposing while a read is under way is not.
/// </summary>
public abstract class Checkpoint : IDisposable
{
    // The largest piece asked of a format at once: a mapped file keeps no more of itself in memory. It is a multiple of every element size.
    private const int LargestSlice = 1 << 22;

    private readonly Dictionary<string, TensorInfo> byName;

    private protected Checkpoint(string path, IReadOnlyList<TensorInfo> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Path = path;
        Tensors = tensors;
        Metadata = metadata;
        byName = new Dictionary<string, TensorInfo>(tensors.Count, StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            if (!byName.TryAdd(tensor.Name, tensor))
            {
                throw new CheckpointException($"{path}: tensor {CheckpointException.Quote(tensor.Name)} occurs twice");
            }
        }
    }

    /// <summary>The file that holds the table of contents: the one file of weights, or the index of the shards.</summary>
    public string Path { get; }

    /// <summary>Every tensor, in the order of the data on disk (reading in this order reads the file front to back).</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Free text that the writer of the file left in it, by key; often only <c>format</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>
    /// Opens a <c>.safetensors</c> file, a PyTorch file (<c>.bin</c>, <c>.pt</c>, <c>.pth</c>, <c>.ckpt</c>, of which no code is run), an index of shards of
    /// either (<c>model.safetensors.index.json</c>), a TensorFlow checkpoint (its prefix such as <c>bert_model.ckpt</c>, or its <c>.index</c> file), a SavedModel,
    /// or a folder that holds one of these.
    /// The files are mapped into memory, and everything they say about themselves is checked before it is used.
    /// </summary>
    /// <exception cref="CheckpointException">Nothing readable is there, or the file is damaged or of a format that is not supported.</exception>
    public static Checkpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return CheckpointLocator.Open(path);
    }

    /// <summary>Whether the checkpoint holds a tensor of this exact name.</summary>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <summary>The tensor of this exact name, or null.</summary>
    public TensorInfo? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>The tensor of this exact name.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public TensorInfo Get(string name) =>
        Find(name) ?? throw new CheckpointException($"{Path} holds no tensor {CheckpointException.Quote(name)} (it holds {Tensors.Count} others)");

    /// <summary>
    /// Reads a whole tensor of any float type as fp32 in row-major order: fp32 unchanged, fp16, bf16 and the 8-bit floats exactly, fp64 rounded to nearest even.
    /// </summary>
    /// <param name="name">The exact name.</param>
    /// <param name="destination">Exactly as long as the tensor has elements.</param>
    /// <exception cref="CheckpointException">The tensor is absent, not of a float type, or not of that size.</exception>
    public void Read(string name, Span<float> destination) => Read(WholeOf(name, destination.Length), 0, destination);

    /// <summary>Reads the elements from <paramref name="start"/> on (counted in row-major order) of a tensor of any float type as fp32.</summary>
    /// <exception cref="CheckpointException">The tensor is absent, not of a float type, or has no such range.</exception>
    public void Read(string name, long start, Span<float> destination) => Read(PartOf(name, start, destination.Length), start, destination);

    /// <summary>Reads a whole tensor of any float type into a new array of fp32 in row-major order.</summary>
    /// <exception cref="CheckpointException">The tensor is absent, not of a float type, or larger than an array can be.</exception>
    public float[] Read(string name)
    {
        var tensor = Float(Get(name));
        if (tensor.Count > Array.MaxLength)
        {
            throw Wrong(tensor, $"has {tensor.Count} elements, more than one array can hold: read it in parts");
        }

        var values = new float[tensor.Count];
        Read(tensor, 0, values);
        return values;
    }

    /// <summary>Reads a whole tensor of any float type as fp64; every conversion is exact.</summary>
    /// <exception cref="CheckpointException">The tensor is absent, not of a float type, or not of that size.</exception>
    public void ReadDouble(string name, Span<double> destination)
    {
        var tensor = Float(WholeOf(name, destination.Length));
        if (tensor.Type == TensorType.F64)
        {
            CopyBytes(tensor, 0, MemoryMarshal.AsBytes(destination));
            return;
        }

        Span<float> piece = stackalloc float[256];
        for (var done = 0; done < destination.Length; done += piece.Length)
        {
            var part = piece[..Math.Min(piece.Length, destination.Length - done)];
            Read(tensor, done, part);
            for (var i = 0; i < part.Length; i++)
            {
                destination[done + i] = part[i];
            }
        }
    }

    /// <summary>Reads a whole tensor of any integer type, or of truth values (0 or 1), as 64-bit integers.</summary>
    /// <exception cref="CheckpointException">
    /// The tensor is absent, not of an integer type, or not of that size; a U64 is above <see cref="long.MaxValue"/>; a BOOL is neither 0 nor 1.
    /// </exception>
    public void ReadInt64(string name, Span<long> destination)
    {
        var tensor = WholeOf(name, destination.Length);
        if (!tensor.Type.IsInteger())
        {
            throw Wrong(tensor, "is not of an integer type");
        }

        var width = tensor.Type.Bits() / 8;
        for (var done = 0; done < destination.Length;)
        {
            var bytes = SliceOf(tensor, (long)done * width);
            var converted = bytes.Length / width;
            if (!ElementConversion.TryToInt64(tensor.Type, bytes, destination.Slice(done, converted)))
            {
                throw Wrong(tensor, tensor.Type == TensorType.Bool ? "holds a truth value that is neither 0 nor 1" : "holds a value above 2^63 − 1");
            }

            done += converted;
        }
    }

    /// <summary>Copies stored bytes (little-endian, row-major), from <paramref name="offset"/> within the tensor on, without converting them.</summary>
    /// <exception cref="CheckpointException">The tensor is absent or has no such range of bytes.</exception>
    public void ReadBytes(string name, long offset, Span<byte> destination)
    {
        var tensor = Get(name);
        if (offset < 0 || destination.Length > tensor.ByteCount - offset)
        {
            throw Wrong(tensor, $"has {tensor.ByteCount} bytes, not {destination.Length} from {offset} on");
        }

        CopyBytes(tensor, offset, destination);
    }

    /// <summary>Writes all stored bytes of a tensor (little-endian, row-major) to a stream, without holding them in memory.</summary>
    /// <exception cref="CheckpointException">The tensor is absent.</exception>
    public void CopyBytes(string name, Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var tensor = Get(name);
        for (long done = 0; done < tensor.ByteCount;)
        {
            var bytes = SliceOf(tensor, done);
            destination.Write(bytes);
            done += bytes.Length;
        }
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>
    /// A piece of the tensor's row-major little-endian bytes from <paramref name="offset"/> on: at least one byte and at most <paramref name="most"/>, whole elements,
    /// valid until the checkpoint is disposed or the same thread asks again. A mapped format gives all of it at once, a format that has to gather gives what suits it.
    /// </summary>
    private protected abstract ReadOnlySpan<byte> Slice(TensorInfo tensor, long offset, int most);

    // Another checkpoint's Slice: protected members cannot be called through a sibling.
    private protected static ReadOnlySpan<byte> SliceOf(Checkpoint checkpoint, TensorInfo tensor, long offset, int most) =>
        checkpoint.Slice(tensor, offset, most);

    private void Read(TensorInfo tensor, long start, Span<float> destination)
    {
        Float(tensor);
        var width = tensor.Type.Bits() / 8;
        for (var done = 0; done < destination.Length;)
        {
            var bytes = SliceOf(tensor, (start + done) * width);
            var converted = Math.Min(bytes.Length / width, destination.Length - done);
            ElementConversion.ToSingle(tensor.Type, bytes[..(converted * width)], destination.Slice(done, converted));
            done += converted;
        }
    }

    private void CopyBytes(TensorInfo tensor, long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            var bytes = SliceOf(tensor, offset);
            bytes = bytes[..Math.Min(bytes.Length, destination.Length)];
            bytes.CopyTo(destination);
            destination = destination[bytes.Length..];
            offset += bytes.Length;
        }
    }

    private ReadOnlySpan<byte> SliceOf(TensorInfo tensor, long offset) =>
        Slice(tensor, offset, (int)Math.Min(LargestSlice, tensor.ByteCount - offset));

    private TensorInfo WholeOf(string name, int length)
    {
        var tensor = Get(name);
        return tensor.Count == length ? tensor : throw Wrong(tensor, $"has {tensor.Count} elements where {length} are wanted");
    }

    private TensorInfo PartOf(string name, long start, int length)
    {
        var tensor = Get(name);
        return start >= 0 && length <= tensor.Count - start
            ? tensor
            : throw Wrong(tensor, $"has {tensor.Count} elements, not {length} from {start} on");
    }

    private TensorInfo Float(TensorInfo tensor) => tensor.Type.IsFloat() ? tensor : throw Wrong(tensor, "cannot be read as floats");

    private CheckpointException Wrong(TensorInfo tensor, string what) => new($"{Path}: tensor {tensor} {what}");
}
