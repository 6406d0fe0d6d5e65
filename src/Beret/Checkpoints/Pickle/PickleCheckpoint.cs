using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Beret.Checkpoints.Pickle;

/// <summary>
/// A file of <c>torch.save</c>, mapped into memory. Its pickle is interpreted as a description of tensors and never run; the checksum of a storage is verified when it
/// is first read, so that opening a file costs no more than its table of contents.
/// </summary>
internal sealed class PickleCheckpoint : Checkpoint
{
    // A storage may be looked into by several tensors, and by one several times over (stride 0). That is no way to make a reader work for ever: together the tensors
    // are at most so many times as large as the storages, or as a storage of that size.
    private const int MostSharing = 64;
    private const int SmallStorage = 1 << 20;

    private readonly MappedFile file;
    private readonly FrozenDictionary<string, StridedTensor> views;

    private PickleCheckpoint(MappedFile file, IReadOnlyList<(TensorInfo Info, StridedTensor View)> tensors)
        : base(file.Path, [.. tensors.Select(tensor => tensor.Info)], FrozenDictionary<string, string>.Empty)
    {
        this.file = file;
        views = tensors.ToFrozenDictionary(tensor => tensor.Info.Name, tensor => tensor.View, StringComparer.Ordinal);
    }

    public static PickleCheckpoint OpenFile(string path)
    {
        var file = MappedFile.Open(path, least: 1);
        try
        {
            return new PickleCheckpoint(file, Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override void Dispose() => file.Dispose();

    private protected override ReadOnlySpan<byte> Slice(TensorInfo tensor, long offset, int most) => views[tensor.Name].Slice(offset, most);

    private static IReadOnlyList<(TensorInfo Info, StridedTensor View)> Read(MappedFile file)
    {
        var contents = TorchFile.Read(file);
        var storages = new Dictionary<string, StoredBytes>(StringComparer.Ordinal);
        var tensors = new List<(TensorInfo Info, StridedTensor View)>();
        UInt128 size = 0;
        foreach (var (name, tensor) in StateDict.Read(contents.Root, file.Path))
        {
            var info = InfoOf(name, tensor, file.Path);
            tensors.Add((info, StridedTensor.Create(info, tensor, StorageOf(info, tensor.Storage), file.Path)));
            size += (ulong)info.ByteCount;
        }

        var stored = storages.Values.Aggregate((UInt128)0, (sum, bytes) => sum + (ulong)bytes.Length);
        if (size > MostSharing * UInt128.Max(stored, SmallStorage))
        {
            throw new CheckpointException($"{file.Path}: its tensors together have {size} bytes, made of only {stored} in the file");
        }

        return [.. tensors.OrderBy(tensor => tensor.View.Position)];

        StoredBytes StorageOf(TensorInfo info, TorchStorage storage)
        {
            if (!storages.TryGetValue(storage.Key, out var bytes))
            {
                bytes = contents.FindStorage(storage.Key)
                    ?? throw new CheckpointException($"{file.Path}: tensor {info} needs the storage {CheckpointException.Quote(storage.Key)}, which is not in the file");
                storages.Add(storage.Key, bytes);
            }

            var needed = (UInt128)(ulong)storage.Count * (uint)storage.Class.Width;
            return needed == (ulong)bytes.Length
                ? bytes
                : throw new CheckpointException(
                    $"{file.Path}: tensor {info} needs the storage {CheckpointException.Quote(storage.Key)} with {needed} bytes, but it has {bytes.Length}");
        }
    }

    private static TensorInfo InfoOf(string name, TorchTensor tensor, string path)
    {
        try
        {
            return new TensorInfo(name, tensor.Type, [.. tensor.Size]);
        }
        catch (CheckpointException error)
        {
            throw new CheckpointException($"{path}: {error.Message}", error);
        }
    }
}
