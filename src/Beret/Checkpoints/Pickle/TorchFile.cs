namespace Beret.Checkpoints.Pickle;

/// <summary>One of the two forms of what <c>torch.save</c> writes: an object, and the storages that its tensors look into.</summary>
/// <param name="Root">The object.</param>
/// <param name="FindStorage">The bytes of a storage by its key; null where the file has none of that name.</param>
internal sealed record TorchFile(object? Root, Func<string, StoredBytes?> FindStorage)
{
    /// <summary>Reads whichever form the file has, but not its storages.</summary>
    /// <exception cref="CheckpointException">It has neither, or is damaged, or its pickle names what is not allowed.</exception>
    public static TorchFile Read(MappedFile file) => file.Slice(0, 1)[0] switch
    {
        (byte)'P' => ZipForm.Read(file),
        (byte)PickleOpcode.Proto => LegacyForm.Read(file),
        _ => throw new CheckpointException($"{file.Path} is no PyTorch checkpoint: it begins neither as a zip archive nor as a pickle"),
    };
}
