namespace Beret.Checkpoints.Pickle;

/// <summary>The class of a storage, such as <c>torch.FloatStorage</c>.</summary>
/// <param name="Type">The type of its elements; null where they are just bytes (<c>torch.storage.UntypedStorage</c>).</param>
internal sealed record TorchStorageClass(TensorType? Type)
{
    /// <summary>Bytes of an element.</summary>
    public int Width => Type is { } type ? type.Bits() / 8 : 1;
}

/// <summary>A storage that a pickle refers to: the elements which one tensor or several look into.</summary>
/// <param name="Class">What its elements are.</param>
/// <param name="Key">Its name in the file.</param>
/// <param name="Count">Its elements, at least 0.</param>
/// <param name="Start">The first of them that belong to it: other than 0 only in a view of another storage, which the oldest files have.</param>
/// <param name="Length">How many belong to it; <paramref name="Start"/> and this together are at most <paramref name="Count"/>.</param>
internal sealed record TorchStorage(TorchStorageClass Class, string Key, long Count, long Start, long Length)
{
    /// <summary>The storage that a persistent id stands for (<c>persistent_id</c> of torch/serialization.py); null where it is none.</summary>
    public static TorchStorage? FromPersistentId(object? id)
    {
        if (id is not PickleTuple { Items: ["storage", TorchStorageClass type, string key, string, long count and >= 0, .. var rest] })
        {
            return null;
        }

        return rest switch
        {
            [] or [null] => new TorchStorage(type, key, count, 0, count),
            [PickleTuple { Items: [string, long start and >= 0, long length and >= 0] }] when start <= count && length <= count - start =>
                new TorchStorage(type, key, count, start, length),
            _ => null,
        };
    }
}

/// <summary>A tensor as a pickle describes it; nothing but the types is checked yet.</summary>
/// <param name="Storage">Where its elements are.</param>
/// <param name="Type">Their type.</param>
/// <param name="Offset">The element of the storage at which it begins.</param>
/// <param name="Size">Its dimensions.</param>
/// <param name="Stride">By how many elements of the storage its neighbours along each dimension are apart.</param>
internal sealed record TorchTensor(TorchStorage Storage, TensorType Type, long Offset, IReadOnlyList<long> Size, IReadOnlyList<long> Stride);
