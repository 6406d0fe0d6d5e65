using System.Collections.Immutable;
using System.Text;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>Opens a bundle: reads the index, checks each entry against the data files, and finds the slices of what is stored in slices.</summary>
internal sealed class TensorBundleReader : IDisposable
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly string path;
    private readonly Dictionary<string, BundleEntry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BundleEntry> slices = new(StringComparer.Ordinal);
    private readonly Dictionary<int, MappedFile> files = [];
    private BundleHeader? header;

    public TensorBundleReader(string path) => this.path = path;

    /// <summary>The tensors of numbers, in the order of their data, each with where it is stored.</summary>
    public IReadOnlyList<(TensorInfo Info, StoredTensor Stored)> Tensors { get; private set; } = [];

    /// <summary>The tensors of strings, in the order of their keys.</summary>
    public List<StringTensor> Strings { get; } = [];

    /// <summary>By key, the type of what cannot be read.</summary>
    public Dictionary<string, string> Others { get; } = new(StringComparer.Ordinal);

    /// <summary>The mapped data files; whoever takes them disposes of them.</summary>
    public IReadOnlyCollection<MappedFile> Files => files.Values;

    /// <exception cref="CheckpointException">The index is damaged, or does not agree with the data files.</exception>
    public void Read()
    {
        IndexTable.Read(path, Visit);
        if (header is null)
        {
            throw Refuse("the index has no header");
        }

        var tensors = new List<(TensorInfo Info, StoredTensor Stored)>();
        foreach (var (name, entry) in entries)
        {
            try
            {
                Add(name, entry, header, tensors);
            }
            catch (CheckpointException error) when (!error.Message.StartsWith(path, StringComparison.Ordinal))
            {
                throw new CheckpointException($"{path}: {error.Message}", error);
            }
        }

        Tensors = [.. tensors.OrderBy(tensor => tensor.Stored.Pieces[0].Position)];
    }

    /// <summary>Closes the data files; for when the reading failed.</summary>
    public void Dispose()
    {
        foreach (var file in files.Values)
        {
            file.Dispose();
        }
    }

    private void Visit(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.IsEmpty)
        {
            header = BundleHeader.Parse(value, path);
            return;
        }

        var isSlice = SliceKey.Is(key);
        var name = isSlice ? Encoding.Latin1.GetString(key) : NameOf(key);
        var entry = BundleEntry.Parse(value) ?? throw Refuse($"the entry of {CheckpointException.Quote(name)} is damaged");
        (isSlice ? slices : entries).Add(name, entry);
    }

    private string NameOf(ReadOnlySpan<byte> key)
    {
        try
        {
            return StrictUtf8.GetString(key);
        }
        catch (DecoderFallbackException error)
        {
            throw new CheckpointException($"{path}: the name {CheckpointException.Quote(Encoding.Latin1.GetString(key))} is not valid UTF-8", error);
        }
    }

    private void Add(string name, BundleEntry entry, BundleHeader bundle, List<(TensorInfo Info, StoredTensor Stored)> tensors)
    {
        var typeName = DataTypes.NameOf(entry.DataType) ?? throw Wrong(name, $"is of a type that does not exist (code {entry.DataType})");
        var isString = entry.DataType == DataTypes.String;
        if (DataTypes.TypeOf(entry.DataType) is not { } type)
        {
            if (isString && entry.Slices.IsEmpty)
            {
                AddStrings(name, entry, bundle);
            }
            else
            {
                Others.Add(name, isString ? "string, in slices" : typeName);
            }

            return;
        }

        var tensor = new TensorInfo(name, type, entry.Shape);
        var pieces = entry.Slices.IsEmpty
            ? [Piece(name, entry, tensor.ByteCount, [.. entry.Shape.Select(_ => 0L)], bundle)]
            : ImmutableArray.CreateRange(entry.Slices, slice => Slice(tensor, entry, slice, bundle));
        tensors.Add((tensor, StoredTensor.Create(tensor, pieces) ?? throw Wrong(name, "is stored in slices that do not fit together")));
    }

    private void AddStrings(string name, BundleEntry entry, BundleHeader bundle)
    {
        // As if of bytes: for the checks of the shape.
        var count = new TensorInfo(name, TensorType.U8, entry.Shape).Count;

        // Each string has a length of at least a byte.
        if (count > StringTensor.MostStrings || count > entry.Size)
        {
            throw Wrong(name, $"has {count} strings in {entry.Size} bytes, which is too many");
        }

        Strings.Add(new StringTensor(new StringTensorInfo(name, entry.Shape), (int)count, Piece(name, entry, entry.Size, [], bundle)));
    }

    private StoredPiece Slice(TensorInfo tensor, BundleEntry whole, ImmutableArray<Extent> slice, BundleHeader bundle)
    {
        if (slice.Length != tensor.Shape.Length || slice.Length == 0)
        {
            throw Wrong(tensor.Name, $"of {tensor.Shape.Length} dimensions has a slice of {slice.Length}");
        }

        var key = Encoding.Latin1.GetString(SliceKey.Encode(tensor.Name, slice));
        var entry = slices.GetValueOrDefault(key) ?? throw Wrong(tensor.Name, "is stored in slices, of which one is missing");
        var stored = new TensorInfo(tensor.Name, tensor.Type, entry.Shape);
        var shape = slice.Select((extent, d) => extent.Length == Extent.Full ? tensor.Shape[d] : extent.Length);
        return entry.DataType == whole.DataType && shape.SequenceEqual(stored.Shape)
            ? Piece(tensor.Name, entry, stored.ByteCount, [.. slice.Select(extent => extent.Start)], bundle)
            : throw Wrong(tensor.Name, $"has a slice of another type or shape ({stored.ShapeText}) than it should be");
    }

    private StoredPiece Piece(string name, BundleEntry entry, long size, ImmutableArray<long> start, BundleHeader bundle)
    {
        if (entry.Size != size)
        {
            throw Wrong(name, $"has {entry.Size} bytes, but its shape [{string.Join(", ", entry.Shape)}] needs {size}");
        }

        if (entry.Shard < 0 || entry.Shard >= bundle.Shards)
        {
            throw Wrong(name, $"should be in data file {entry.Shard} of {bundle.Shards}");
        }

        if (entry.Offset < 0 || size < 0)
        {
            throw Wrong(name, $"should lie at {entry.Offset} with {size} bytes");
        }

        if (size == 0)
        {
            return new StoredPiece(name, null, entry, start);
        }

        var file = FileOf(entry.Shard, bundle);
        return entry.Offset <= file.Length - size
            ? new StoredPiece(name, file, entry, start)
            : throw Wrong(
                name, $"should lie at {entry.Offset} with {size} bytes in {file.Path}, which has {file.Length} bytes; the file is cut off or another");
    }

    private MappedFile FileOf(int shard, BundleHeader bundle)
    {
        if (!files.TryGetValue(shard, out var file))
        {
            var name = BundlePath.DataFile(path, shard, bundle.Shards);
            if (!File.Exists(name))
            {
                throw Refuse($"{Path.GetFileName(name)}, one of its {bundle.Shards} data files, is not beside it; the checkpoint is incomplete");
            }

            file = MappedFile.Open(name, least: 1);
            files.Add(shard, file);
        }

        return file;
    }

    private CheckpointException Wrong(string name, string what) => Refuse($"tensor {CheckpointException.Quote(name)} {what}");

    private CheckpointException Refuse(string what) => new($"{path}: {what}");
}
