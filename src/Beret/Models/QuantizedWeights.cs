using System.Runtime.InteropServices;
using Beret.Checkpoints;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// The matrices of an int8 folder: a tensor NAME of type I8 under its usual name, and NAME.scale, fp32, with a number for each row; a row is its bytes times its scale.
/// </summary>
internal static class QuantizedWeights
{
    /// <summary>The name of a quantized tensor's scales.</summary>
    public static string ScaleOf(string name) => $"{name}.scale";

    /// <summary>Reads a quantized tensor into a parameter of its shape, row by row.</summary>
    /// <exception cref="ModelException">The scales are missing, of another shape or type, or no numbers.</exception>
    public static void Read(Checkpoint checkpoint, string name, IBackend backend, Parameter parameter)
    {
        var scales = Scales(checkpoint, name, parameter.Rows);
        var quantized = new sbyte[parameter.Columns];
        var row = new float[parameter.Columns];
        for (var r = 0; r < parameter.Rows; r++)
        {
            checkpoint.ReadBytes(name, (long)r * parameter.Columns, MemoryMarshal.AsBytes(quantized.AsSpan()));
            RowQuantization.Restore(quantized, scales[r], row);
            backend.Write(row, parameter.Value.RowRange(r, 1));
        }
    }

    /// <summary>Rounds every weight to what a folder of this precision keeps of it: the model that will be read from the folder.</summary>
    /// <exception cref="ModelException">A weight is no number.</exception>
    public static void Round(ParameterSet set, Precision storage)
    {
        foreach (var parameter in set.All.Where(parameter => storage == Precision.BFloat16 || (storage == Precision.Int8 && parameter.MayBeQuantized)))
        {
            var quantized = new sbyte[parameter.Columns];
            var row = new float[parameter.Columns];
            for (var r = 0; r < parameter.Rows; r++)
            {
                if (storage == Precision.Int8)
                {
                    var scale = Quantize(set.Backend, parameter, r, row, quantized);
                    RowQuantization.Restore(quantized, scale, row);
                }
                else
                {
                    set.Backend.Read(parameter.Value.RowRange(r, 1), row);
                    HalfWidth.Round(row);
                }

                set.Backend.Write(row, parameter.Value.RowRange(r, 1));
            }
        }

        set.Touch();
    }

    /// <summary>Adds a parameter's bytes and scales to a file that is being written.</summary>
    /// <exception cref="ModelException">A weight is no number.</exception>
    public static void Add(SafetensorsWriter writer, IBackend backend, Parameter parameter)
    {
        var quantized = new sbyte[parameter.Length];
        var scales = new float[parameter.Rows];
        var row = new float[parameter.Columns];
        for (var r = 0; r < parameter.Rows; r++)
        {
            scales[r] = Quantize(backend, parameter, r, row, quantized.AsSpan(r * parameter.Columns, parameter.Columns));
        }

        writer.Add(parameter.Name, TensorType.I8, [.. parameter.Shape.Select(size => (long)size)], stream => stream.Write(MemoryMarshal.AsBytes(quantized.AsSpan())));
        writer.Add(ScaleOf(parameter.Name), [parameter.Rows], scales);
    }

    private static float Quantize(IBackend backend, Parameter parameter, int r, float[] row, Span<sbyte> quantized)
    {
        backend.Read(parameter.Value.RowRange(r, 1), row);
        var scale = RowQuantization.Quantize(row, quantized);
        return float.IsFinite(scale) ? scale : throw new ModelException($"{parameter.Name} has a weight in row {r} that is no number, or infinite: it cannot be quantized");
    }

    private static float[] Scales(Checkpoint checkpoint, string name, int rows)
    {
        var scale = ScaleOf(name);
        if (checkpoint.Find(scale) is not { } tensor)
        {
            throw new ModelException($"{checkpoint.Path}: tensor {name} is quantized (I8), but there is no {scale} with the scales of its rows");
        }

        if (tensor.Type != TensorType.F32 || tensor.Shape.Length != 1 || tensor.Shape[0] != rows)
        {
            throw new ModelException(
                $"{checkpoint.Path}: tensor {scale} is {tensor.Type} [{string.Join(", ", tensor.Shape)}], but {name} needs F32 [{rows}], a scale for each row");
        }

        var scales = checkpoint.Read(scale);
        var bad = Array.FindIndex(scales, value => !float.IsFinite(value) || value < 0);
        return bad < 0 ? scales : throw new ModelException($"{checkpoint.Path}: tensor {scale} has {scales[bad]} in row {bad}, which is no scale");
    }
}
