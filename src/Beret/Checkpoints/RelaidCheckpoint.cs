using System.Collections.Frozen;
using System.Runtime.InteropServices;

namespace Beret.Checkpoints;

/// <summary>A tensor of another checkpoint under another name and in another layout.</summary>
internal sealed record RelaidTensor(string Name, TensorInfo Source, TensorLayout Layout);

/// <summary>
/// A view of a checkpoint in which tensors have other names, and dense layers the other orientation. Nothing is copied until it is read, and then a few
/// rows at a time.
/// </summary>
internal sealed class RelaidCheckpoint : Checkpoint
{
    // Rows of the result are gathered from columns of the source: so many at once that whole cache lines of the source are used.
    private const int RowsAtOnce = 16;
    private const int LargestBuffer = 1 << 20;

    [ThreadStatic]
    private static byte[]? buffer;

    private readonly Checkpoint source;
    private readonly FrozenDictionary<string, RelaidTensor> tensors;

    private RelaidCheckpoint(Checkpoint source, IReadOnlyList<(TensorInfo Info, RelaidTensor Tensor)> tensors)
        : base(source.Path, [.. tensors.Select(tensor => tensor.Info)], source.Metadata)
    {
        this.source = source;
        this.tensors = tensors.ToFrozenDictionary(tensor => tensor.Info.Name, tensor => tensor.Tensor, StringComparer.Ordinal);
    }

    /// <summary>Makes the view, which owns the source: disposing of it disposes of the source.</summary>
    /// <exception cref="CheckpointException">A tensor cannot have the layout that it should have, or two have the same name.</exception>
    public static RelaidCheckpoint Create(Checkpoint source, IEnumerable<RelaidTensor> tensors) =>
        new(source, [.. tensors.Select(tensor => (InfoOf(source, tensor), tensor))]);

    public override void Dispose() => source.Dispose();

    private protected override ReadOnlySpan<byte> Slice(TensorInfo tensor, long offset, int most)
    {
        var relaid = tensors[tensor.Name];
        if (!relaid.Layout.Transposes())
        {
            return SliceOf(source, relaid.Source, offset, most);
        }

        // [out, in] of the result; the source is [in, out].
        var (outputs, inputs) = (tensor.Shape[0], tensor.Shape[1]);
        var width = tensor.Type.Bits() / 8;
        var (element, within) = Math.DivRem(offset, width);
        var (row, column) = Math.DivRem(element, inputs);
        var rows = (int)Math.Min(RowsAtOnce, Math.Min(outputs - row, LargestBuffer / width / inputs));
        int columns;
        if (rows <= 1 || column > 0)
        {
            rows = 1;
            columns = (int)Math.Min(inputs - column, LargestBuffer / width);
        }
        else
        {
            columns = (int)inputs;
        }

        // No more than was asked for: a caller who reads single elements should not cause whole rows to be gathered each time.
        var wanted = (int)Math.Min((long)rows * columns, ((long)most + within + width - 1) / width);
        (rows, columns) = wanted < columns ? (1, wanted) : (wanted / columns, columns);

        var gathered = (buffer ??= new byte[LargestBuffer]).AsSpan(0, rows * columns * width);
        Gather(relaid.Source, outputs, row, column, columns, rows, width, gathered);
        gathered = gathered[(int)within..];
        return gathered[..Math.Min(gathered.Length, most)];
    }

    private static TensorInfo InfoOf(Checkpoint source, RelaidTensor tensor)
    {
        var shape = tensor.Layout.Apply(tensor.Source.Shape)
            ?? throw new CheckpointException(
                $"{source.Path}: tensor {tensor.Source} cannot be {CheckpointException.Quote(tensor.Name)}: it has too few dimensions");
        return tensor.Layout.Transposes() && tensor.Source.Type.Bits() % 8 != 0
            ? throw new CheckpointException($"{source.Path}: tensor {tensor.Source} has elements of less than a byte and cannot be transposed")
            : new TensorInfo(tensor.Name, tensor.Source.Type, shape);
    }

    // Columns row, row+1, … of the source, from line `column` on, become rows of the result.
    private void Gather(TensorInfo tensor, long stride, long row, long column, int columns, int rows, int width, Span<byte> destination)
    {
        var start = ((column * stride) + row) * width;
        var needed = ((((long)columns - 1) * stride) + rows) * width;
        if (needed <= int.MaxValue)
        {
            var span = SliceOf(source, tensor, start, (int)needed);
            if (span.Length == needed)
            {
                Transpose(span, (int)stride, columns, rows, width, destination);
                return;
            }
        }

        // A source in pieces, or one that is very large: line by line.
        Span<byte> line = stackalloc byte[RowsAtOnce * sizeof(ulong)];
        line = line[..(rows * width)];
        for (var i = 0; i < columns; i++)
        {
            for (var done = 0; done < line.Length;)
            {
                var part = SliceOf(source, tensor, start + (i * stride * width) + done, line.Length - done);
                part.CopyTo(line[done..]);
                done += part.Length;
            }

            for (var k = 0; k < rows; k++)
            {
                line.Slice(k * width, width).CopyTo(destination[(((k * columns) + i) * width)..]);
            }
        }
    }

    private static void Transpose(ReadOnlySpan<byte> source, int stride, int columns, int rows, int width, Span<byte> destination)
    {
        switch (width)
        {
            case 1:
                Transpose(source, stride, columns, rows, destination);
                break;
            case 2:
                Transpose(MemoryMarshal.Cast<byte, ushort>(source), stride, columns, rows, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case 4:
                Transpose(MemoryMarshal.Cast<byte, uint>(source), stride, columns, rows, MemoryMarshal.Cast<byte, uint>(destination));
                break;
            default:
                Transpose(MemoryMarshal.Cast<byte, ulong>(source), stride, columns, rows, MemoryMarshal.Cast<byte, ulong>(destination));
                break;
        }
    }

    private static void Transpose<T>(ReadOnlySpan<T> source, int stride, int columns, int rows, Span<T> destination)
    {
        for (var i = 0; i < columns; i++)
        {
            var line = source.Slice(i * stride, rows);
            for (var k = 0; k < line.Length; k++)
            {
                destination[(k * columns) + i] = line[k];
            }
        }
    }
}
