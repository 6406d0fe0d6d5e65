using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Beret.Checkpoints.Pickle;

/// <summary>
/// What <c>torch.save</c> wrote until PyTorch 1.6, and writes still when told to: five pickles (a magic number, a version, facts about the machine, the object, the
/// keys of its storages), then for each key the number of elements and the elements (<c>_legacy_save</c> of torch/serialization.py). It has no checksums.
/// </summary>
internal sealed class LegacyForm
{
    private const long Version = 1001;
    private static readonly BigInteger Magic = BigInteger.Parse("1950A86A20F9469CFC6C", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private readonly MappedFile file;
    private readonly Dictionary<string, StoredBytes> storages = new(StringComparer.Ordinal);
    private long position;

    private LegacyForm(MappedFile file) => this.file = file;

    public static TorchFile Read(MappedFile file) => new LegacyForm(file).Read();

    private TorchFile Read()
    {
        if (Next("its magic number").Root is not BigInteger magic || magic != Magic)
        {
            throw Refuse("it begins with a pickle, but not with that of torch.save");
        }

        if (Next("its version").Root is not Version)
        {
            throw Refuse($"its version is not {Version}, the only one there is");
        }

        if ((Next("its facts about the machine").Root as PickleDictionary)?.Find("little_endian") is false)
        {
            throw Refuse("its numbers are not stored in little-endian order, the only one that is read");
        }

        var pickle = Next("its object");
        var expected = new Dictionary<string, TorchStorage>(StringComparer.Ordinal);
        foreach (var storage in pickle.Storages)
        {
            expected.TryAdd(storage.Key, storage);
        }

        if (Next("the keys of its storages").Root is not PickleList keys)
        {
            throw Refuse("the keys of its storages are no list");
        }

        foreach (var item in keys.Items)
        {
            if (item is not string key || !expected.TryGetValue(key, out var storage))
            {
                throw Refuse("it has a storage that its object does not refer to");
            }

            if (!storages.TryAdd(key, ReadStorage(storage)))
            {
                throw Refuse($"its storage {CheckpointException.Quote(key)} occurs twice");
            }
        }

        return position == file.Length
            ? new TorchFile(pickle.Root, storages.GetValueOrDefault)
            : throw Refuse($"{file.Length - position} bytes follow the last storage");
    }

    private Unpickled Next(string what)
    {
        var bytes = file.Slice(position, (int)Math.Min(PickleReader.Longest, file.Length - position));
        var pickle = PickleReader.Read(bytes, $"{file.Path}: {what} (at {position})");
        position += pickle.Length;
        return pickle;
    }

    private MappedBytes ReadStorage(TorchStorage storage)
    {
        var name = CheckpointException.Quote(storage.Key);
        if (file.Length - position < sizeof(long))
        {
            throw Refuse($"its storage {name} is missing; the file is cut off");
        }

        var count = BinaryPrimitives.ReadInt64LittleEndian(file.Slice(position, sizeof(long)));
        position += sizeof(long);
        if (count != storage.Count)
        {
            throw Refuse($"its storage {name} has {count} elements where its object says {storage.Count}");
        }

        var length = (UInt128)(ulong)count * (uint)storage.Class.Width;
        if (length > (ulong)(file.Length - position))
        {
            throw Refuse($"its storage {name} should have {length} bytes, but only {file.Length - position} follow; the file is cut off");
        }

        var bytes = new MappedBytes(file, storage.Key, position, (long)length, checksum: null);
        position += bytes.Length;
        return bytes;
    }

    private CheckpointException Refuse(string what) => new($"{file.Path}: {what}");
}
