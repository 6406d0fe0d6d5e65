namespace Beret.Checkpoints.Pickle;

/// <summary>What a pickle describes.</summary>
/// <param name="Root">The object.</param>
/// <param name="Storages">Every storage that it refers to, as often as it does.</param>
/// <param name="Length">The bytes of the pickle.</param>
internal sealed record Unpickled(object? Root, IReadOnlyList<TorchStorage> Storages, int Length);
