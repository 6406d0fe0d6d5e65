using System.Runtime.InteropServices;
using Beret.Numerics;
using global::Onnx;

namespace Beret.Onnx.Graphs;

/// <summary>The parameters of a model by their checkpoint names, in the forms that a graph needs them.</summary>
internal sealed class ModelWeights
{
    private const int PieceLength = 1 << 18;

    private readonly IBackend backend;
    private readonly Dictionary<string, Parameter> parameters;

    public ModelWeights(ParameterSet set)
    {
        backend = set.Backend;
        parameters = set.All.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
    }

    public Parameter? Find(string name) => parameters.GetValueOrDefault(name);

    public Parameter this[string name] => parameters[name];

    /// <summary>As the checkpoint has it, piece by piece.</summary>
    public StoredTensor Plain(Parameter parameter, TensorProto.Types.DataType type) => new(parameter.Name, type, [.. parameter.Shape.Select(size => (long)size)], stream =>
    {
        var rows = Math.Max(1, PieceLength / parameter.Columns);
        var buffer = new float[Math.Min(rows, parameter.Rows) * parameter.Columns];
        for (var row = 0; row < parameter.Rows; row += rows)
        {
            var count = Math.Min(rows, parameter.Rows - row);
            var piece = buffer.AsSpan(0, count * parameter.Columns);
            backend.Read(parameter.Value.RowRange(row, count), piece);
            StoredTensor.WriteFloats(stream, type, piece, parameter.Name);
        }
    });

    /// <summary>[outputs, inputs] → [inputs, outputs], the right factor of a product.</summary>
    public StoredTensor Transposed(Parameter parameter, TensorProto.Types.DataType type) =>
        new($"{parameter.Name}.transposed", type, [parameter.Columns, parameter.Rows], stream =>
        {
            var values = new float[parameter.Length];
            backend.Read(parameter.Value, values);
            StoredTensor.WriteFloats(stream, type, Transpose<float>(values, parameter.Rows, parameter.Columns), parameter.Name);
        });

    /// <summary>The bytes of the rows, as Beret's int8 has them: for a table that rows are taken from.</summary>
    public StoredTensor Quantized(Parameter parameter) => new($"{parameter.Name}.quantized", TensorProto.Types.DataType.Int8, [parameter.Rows, parameter.Columns], stream =>
    {
        var (row, quantized) = (new float[parameter.Columns], new sbyte[parameter.Columns]);
        for (var r = 0; r < parameter.Rows; r++)
        {
            Quantize(parameter, r, row, quantized);
            stream.Write(MemoryMarshal.AsBytes(quantized.AsSpan()));
        }
    });

    /// <summary>The same bytes for the right factor of a product: [inputs, outputs], an output's scale is that of its column.</summary>
    public StoredTensor QuantizedTransposed(Parameter parameter) =>
        new($"{parameter.Name}.quantized", TensorProto.Types.DataType.Int8, [parameter.Columns, parameter.Rows], stream =>
        {
            var row = new float[parameter.Columns];
            var quantized = new sbyte[parameter.Length];
            for (var r = 0; r < parameter.Rows; r++)
            {
                Quantize(parameter, r, row, quantized.AsSpan(r * parameter.Columns, parameter.Columns));
            }

            stream.Write(MemoryMarshal.AsBytes(Transpose<sbyte>(quantized, parameter.Rows, parameter.Columns).AsSpan()));
        });

    /// <summary>What the bytes of each row are multiplied by: [rows], or a column [rows, 1].</summary>
    public StoredTensor Scales(Parameter parameter, bool asColumn = false) =>
        new($"{parameter.Name}.scale", TensorProto.Types.DataType.Float, asColumn ? [parameter.Rows, 1] : [parameter.Rows], stream =>
        {
            var (row, quantized, scales) = (new float[parameter.Columns], new sbyte[parameter.Columns], new float[parameter.Rows]);
            for (var r = 0; r < scales.Length; r++)
            {
                scales[r] = Quantize(parameter, r, row, quantized);
            }

            stream.Write(MemoryMarshal.AsBytes(scales.AsSpan()));
        });

    private float Quantize(Parameter parameter, int r, float[] row, Span<sbyte> quantized)
    {
        backend.Read(parameter.Value.RowRange(r, 1), row);
        var scale = RowQuantization.Quantize(row, quantized);
        return float.IsFinite(scale) ? scale : throw new OnnxException($"{parameter.Name} has a weight in row {r} that is no number, or infinite: it cannot be quantized");
    }

    private static T[] Transpose<T>(T[] values, int rows, int columns)
    {
        // Square tiles, so that neither side is read or written across the whole cache.
        const int tile = 32;
        var transposed = new T[values.Length];
        for (var top = 0; top < rows; top += tile)
        {
            for (var left = 0; left < columns; left += tile)
            {
                for (var r = top; r < Math.Min(rows, top + tile); r++)
                {
                    for (var c = left; c < Math.Min(columns, left + tile); c++)
                    {
                        transposed[(long)c * rows + r] = values[(long)r * columns + c];
                    }
                }
            }
        }

        return transposed;
    }
}
