using Beret.Checkpoints;

namespace Beret.Inference;

/// <summary>What a checkpoint holds, after all of it was read.</summary>
/// <param name="Path">The file of weights, or the index of several.</param>
/// <param name="Tensors">The number of tensors.</param>
/// <param name="Elements">The number of their elements.</param>
/// <param name="Bytes">The size of their data.</param>
/// <param name="Types">The bytes of each element type, by its safetensors name (F32, BF16, …).</param>
/// <param name="NotFinite">How many elements are NaN or infinite.</param>
/// <param name="FirstNotFinite">The first tensor that has such an element; null where none has.</param>
public sealed record CheckpointSummary(
    string Path, int Tensors, long Elements, long Bytes, IReadOnlyDictionary<string, long> Types, long NotFinite, string? FirstNotFinite)
{
    private const int Piece = 1 << 18;

    /// <summary>Reads every tensor to its end.</summary>
    internal static CheckpointSummary Read(Checkpoint checkpoint, CancellationToken cancellation)
    {
        var types = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var values = new float[Piece];
        var bytes = new byte[Piece];
        long notFinite = 0;
        string? first = null;
        foreach (var tensor in checkpoint.Tensors)
        {
            types[tensor.Type.SafetensorsName()] = types.GetValueOrDefault(tensor.Type.SafetensorsName()) + tensor.ByteCount;
            var before = notFinite;
            if (tensor.Type.IsFloat())
            {
                for (long start = 0; start < tensor.Count; start += Piece)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var part = values.AsSpan(0, (int)Math.Min(Piece, tensor.Count - start));
                    checkpoint.Read(tensor.Name, start, part);
                    foreach (var value in part)
                    {
                        notFinite += float.IsFinite(value) ? 0 : 1;
                    }
                }
            }
            else
            {
                for (long start = 0; start < tensor.ByteCount; start += Piece)
                {
                    cancellation.ThrowIfCancellationRequested();
                    checkpoint.ReadBytes(tensor.Name, start, bytes.AsSpan(0, (int)Math.Min(Piece, tensor.ByteCount - start)));
                }
            }

            first ??= notFinite > before ? tensor.Name : null;
        }

        return new CheckpointSummary(
            checkpoint.Path, checkpoint.Tensors.Count, checkpoint.Tensors.Sum(t => t.Count), checkpoint.Tensors.Sum(t => t.ByteCount), types, notFinite, first);
    }
}
