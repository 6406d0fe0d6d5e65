using System.Runtime.InteropServices;
using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>
/// The operands of one case on one backend, the same values on every backend. Around each matrix (in the gaps between the rows of a strided one, and behind
/// the end) lie NaNs: a kernel that uses them shows it in its outputs, and one that writes there, or into an input, is caught by <see cref="CheckUntouched"/>.
/// Outputs hold NaN before the run.
/// </summary>
internal sealed class Operands(IBackend backend, int seed) : IDisposable
{
    private const int GapBefore = 3;
    private const int GapAfter = 2;
    private const int Behind = 16;

    private static readonly float Guard = BitConverter.Int32BitsToSingle(0x7FC0BAD1);

    private readonly Random random = new(seed);
    private readonly List<Block> blocks = [];
    private readonly List<nint> integers = [];
    private readonly List<(string Name, Func<double[]> Read)> outputs = [];

    public IBackend Backend => backend;

    /// <summary>An operand that is only read: uniform values in [−scale, scale].</summary>
    public Matrix Input(int rows, int columns, float scale = 1, bool strided = false) =>
        Allocate(rows, columns, strided, written: false, _ => Uniform(scale));

    /// <summary>An operand that is only read; element i, counted row by row, is values(i).</summary>
    public Matrix Input(int rows, int columns, Func<int, float> values) => Allocate(rows, columns, strided: false, written: false, values);

    /// <summary>An operand that is read and changed: in-place operations and accumulated gradients.</summary>
    public Matrix InOut(string name, int rows, int columns, float scale = 1, bool strided = false) =>
        Named(name, Allocate(rows, columns, strided, written: true, _ => Uniform(scale)));

    public Matrix InOut(string name, int rows, int columns, Func<int, float> values) =>
        Named(name, Allocate(rows, columns, strided: false, written: true, values));

    /// <summary>An operand that is overwritten, and not looked at before.</summary>
    public Matrix Output(string name, int rows, int columns, bool strided = false) => Named(name, Scratch(rows, columns, strided));

    /// <summary>Memory that is written and not compared.</summary>
    public Matrix Scratch(int rows, int columns, bool strided = false) => Allocate(rows, columns, strided, written: true, _ => Guard);

    /// <summary>An accumulated output, or an overwritten one.</summary>
    public Matrix Gradient(string name, int rows, int columns, bool accumulate, bool strided = false) =>
        accumulate ? InOut(name, rows, columns, 1, strided) : Output(name, rows, columns, strided);

    /// <summary>Makes a matrix, or a part of one, an output of the case.</summary>
    public Matrix Named(string name, Matrix matrix)
    {
        outputs.Add((name, () => Array.ConvertAll(Read(matrix), value => (double)value)));
        return matrix;
    }

    /// <summary>The mean and the inverse deviation of each row: two outputs, as their sizes have nothing to do with each other.</summary>
    public Matrix Statistics(int rows)
    {
        var statistics = Scratch(rows, 2);
        Named("mean", statistics.ColumnRange(0, 1));
        Named("inverse deviation", statistics.ColumnRange(1, 1));
        return statistics;
    }

    /// <summary>An output that is one number, set by the run.</summary>
    public Action<double> Number(string name)
    {
        var number = double.NaN;
        outputs.Add((name, () => [number]));
        return value => number = value;
    }

    public Indices Indices(params int[] values)
    {
        var handle = backend.Allocate(Math.Max(1, values.Length) * sizeof(int));
        integers.Add(handle);
        var indices = new Indices(handle, values.Length);
        backend.Write(values, indices);
        return indices;
    }

    /// <summary>Count numbers in [0, below).</summary>
    public int[] Draw(int count, int below) => [.. Enumerable.Range(0, count).Select(_ => random.Next(below))];

    public float Uniform(float scale) => (float)((2 * random.NextDouble() - 1) * scale);

    public float[] Read(Matrix matrix)
    {
        var values = new float[matrix.Length];
        backend.Read(matrix, values);
        return values;
    }

    public IReadOnlyList<Output> ReadOutputs() => [.. outputs.Select(output => new Output(output.Name, output.Read()))];

    /// <summary>Gives all operands the values they had before the first run: repeated in-place operations would leave the range of floats.</summary>
    public void Restore()
    {
        foreach (var block in blocks.Where(block => block.Written))
        {
            backend.Write(block.Initial, block.Whole);
        }
    }

    /// <summary>Checks that no input has changed and that nothing was written around any operand.</summary>
    /// <exception cref="InvalidOperationException">Something was.</exception>
    public void CheckUntouched()
    {
        foreach (var (block, number) in blocks.Select((block, number) => (block, number)))
        {
            var before = MemoryMarshal.Cast<float, int>(block.Initial.AsSpan());
            var now = MemoryMarshal.Cast<float, int>(Read(block.Whole).AsSpan());
            for (var i = 0; i < now.Length; i++)
            {
                if (now[i] != before[i] && !(block.Written && block.Holds(i)))
                {
                    throw new InvalidOperationException(
                        $"operand {number}, {block.Matrix}: element {i} of its memory, {(block.Holds(i) ? "an input" : "outside the matrix")}, was written");
                }
            }
        }
    }

    public void Dispose()
    {
        foreach (var handle in blocks.Select(block => block.Whole.Handle).Concat(integers))
        {
            backend.Free(handle);
        }
    }

    private Matrix Allocate(int rows, int columns, bool strided, bool written, Func<int, float> values)
    {
        var stride = strided ? GapBefore + columns + GapAfter : columns;
        var initial = new float[rows * stride + Behind];
        Array.Fill(initial, Guard);
        var handle = backend.Allocate((long)initial.Length * sizeof(float));
        var matrix = new Matrix(handle, rows, stride).ColumnRange(strided ? GapBefore : 0, columns);
        var block = new Block(new Matrix(handle, 1, initial.Length), matrix, strided ? GapBefore : 0, initial, written);
        for (var i = 0; i < rows * columns; i++)
        {
            initial[i / columns * stride + block.Offset + i % columns] = values(i);
        }

        backend.Write(initial, block.Whole);
        blocks.Add(block);
        return matrix;
    }

    private sealed record Block(Matrix Whole, Matrix Matrix, int Offset, float[] Initial, bool Written)
    {
        public bool Holds(int element)
        {
            var inner = element - Offset;
            return inner >= 0 && inner / Matrix.Stride < Matrix.Rows && inner % Matrix.Stride < Matrix.Columns;
        }
    }
}
