using Beret.Checkpoints;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>What a checkpoint had for a model.</summary>
/// <param name="Missing">Parameters that it does not have.</param>
/// <param name="Unused">Tensors that the model has no use for.</param>
internal sealed record LoadReport(IReadOnlyList<Parameter> Missing, IReadOnlyList<string> Unused);

/// <summary>
/// Fills parameters from a checkpoint of the Hugging Face layout: with or without the encoder's prefix, with weight/bias or the older gamma/beta
/// for layer norms.
/// </summary>
internal static class WeightLoader
{
    // A piece of a tensor on its way: a part of the processor's cache.
    private const int BufferLength = 1 << 16;

    /// <param name="skip">A layer that is to be new: its tensors, if there are any, are left alone.</param>
    /// <exception cref="CheckpointException">A tensor is damaged or has no float type.</exception>
    /// <exception cref="ModelException">A tensor has another shape than the configuration asks for.</exception>
    public static LoadReport Load(Checkpoint checkpoint, ParameterSet set, string prefix, Dense? skip = null)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        var missing = new List<Parameter>();
        var buffer = new float[Math.Max(BufferLength, set.All.Max(parameter => parameter.Columns))];
        foreach (var parameter in set.All)
        {
            if (skip?.Has(parameter) ?? false)
            {
                continue;
            }

            var name = Spellings(parameter.Name, prefix).FirstOrDefault(checkpoint.Contains);
            if (name is null)
            {
                missing.Add(parameter);
                continue;
            }

            var tensor = checkpoint.Get(name);
            if (!tensor.Shape.SequenceEqual(parameter.Shape.Select(size => (long)size)))
            {
                throw new ModelException(
                    $"{checkpoint.Path}: tensor {name} is [{string.Join(", ", tensor.Shape)}], but config.json asks for [{string.Join(", ", parameter.Shape)}]");
            }

            used.Add(name);
            if (tensor.Type == TensorType.I8)
            {
                used.Add(QuantizedWeights.ScaleOf(name));
                QuantizedWeights.Read(checkpoint, name, set.Backend, parameter);
            }
            else
            {
                ReadInto(checkpoint, name, set.Backend, parameter, buffer);
            }
        }

        set.Touch();
        return new LoadReport(missing, [.. checkpoint.Tensors.Select(t => t.Name).Where(name => !used.Contains(name))]);
    }

    /// <summary>The names under which checkpoints keep a parameter, the usual one first.</summary>
    private static IEnumerable<string> Spellings(string name, string prefix)
    {
        yield return name;
        var bare = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null;
        if (bare is not null)
        {
            yield return bare;
        }

        if (OldNormName(name) is { } old)
        {
            yield return old;
            if (bare is not null)
            {
                yield return OldNormName(bare)!;
            }
        }
    }

    private static string? OldNormName(string name) =>
        name.EndsWith("LayerNorm.weight", StringComparison.Ordinal) ? string.Concat(name.AsSpan(0, name.Length - "weight".Length), "gamma")
        : name.EndsWith("LayerNorm.bias", StringComparison.Ordinal) ? string.Concat(name.AsSpan(0, name.Length - "bias".Length), "beta")
        : null;

    /// <summary>By pieces, so that loading needs no second copy of a large table.</summary>
    private static void ReadInto(Checkpoint checkpoint, string name, IBackend backend, Parameter parameter, float[] buffer)
    {
        var rows = buffer.Length / parameter.Columns;
        for (var row = 0; row < parameter.Rows; row += rows)
        {
            var count = Math.Min(rows, parameter.Rows - row);
            var part = buffer.AsSpan(0, count * parameter.Columns);
            checkpoint.Read(name, (long)row * parameter.Columns, part);
            backend.Write(part, parameter.Value.RowRange(row, count));
        }
    }
}
