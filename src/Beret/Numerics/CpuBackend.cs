using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Beret.Numerics.Kernels;

namespace Beret.Numerics;

/// <summary>Makes the backend that computes on the processor's vector units.</summary>
internal static class CpuBackend
{
    /// <param name="threads">Threads that compute; the results do not depend on it.</param>
    /// <param name="set">The instruction set, or null for <see cref="InstructionSets.Chosen"/>.</param>
    /// <param name="dotProducts">Whether the processor's dot product instructions are used where it has them; bf16 and int8 give the same bits without.</param>
    public static IBackend Create(int threads, InstructionSet? set = null, bool dotProducts = true) => (set ?? InstructionSets.Chosen()) switch
    {
        InstructionSet.Vector512 => new CpuBackend<Vector512<float>, Simd512>(threads, dotProducts),
        InstructionSet.Vector256 => new CpuBackend<Vector256<float>, Simd256>(threads, dotProducts),
        InstructionSet.Vector128 => new CpuBackend<Vector128<float>, Simd128>(threads, dotProducts),
        _ => new CpuBackend<float, SimdScalar>(threads, dotProducts),
    };
}

/// <summary>
/// The backend for one instruction set: each operation checks its operands' shapes, cuts the work into tasks by shape, and hands these to the worker pool.
/// The arithmetic is in Kernels/.
/// </summary>
internal sealed unsafe partial class CpuBackend<V, S>(int threads, bool dotProducts) : IBackend
    where V : struct
    where S : ISimd<V>
{
    private const int RowsPerTask = 32;
    private const int FloatsPerTask = 1 << 14;

    private readonly WorkerPool pool = new(threads);
    private readonly Scratch scratch = new(threads);

    public nint Allocate(long bytes) => (nint)ZeroedMemory.Allocate(bytes);

    public void Free(nint handle) => ZeroedMemory.Free((void*)handle);

    public void Discard(Matrix matrix)
    {
        Shapes.Require(matrix.IsContiguous, "what is discarded is one piece");
        ZeroedMemory.Discard(Pointer(matrix), matrix.Length * sizeof(float));
    }

    public void Dispose()
    {
        pool.Dispose();
        scratch.Dispose();
    }

    public void Write(ReadOnlySpan<float> values, Matrix destination)
    {
        Shapes.Require(values.Length == destination.Length, "values fit the matrix");
        for (var r = 0; r < destination.Rows; r++)
        {
            values.Slice(r * destination.Columns, destination.Columns).CopyTo(new Span<float>(Row(destination, r), destination.Columns));
        }
    }

    public void Write(ReadOnlySpan<int> values, Indices destination)
    {
        Shapes.Require(values.Length == destination.Count, "values fit the list");
        values.CopyTo(new Span<int>((int*)destination.Handle, destination.Count));
    }

    public void Read(Matrix source, Span<float> destination)
    {
        Shapes.Require(destination.Length == source.Length, "values fit the matrix");
        for (var r = 0; r < source.Rows; r++)
        {
            new ReadOnlySpan<float>(Row(source, r), source.Columns).CopyTo(destination.Slice(r * source.Columns, source.Columns));
        }
    }

    public void Clear(Matrix matrix)
    {
        if (matrix.IsContiguous)
        {
            NativeMemory.Clear(Pointer(matrix), (nuint)matrix.Length * sizeof(float));
            return;
        }

        for (var r = 0; r < matrix.Rows; r++)
        {
            NativeMemory.Clear(Row(matrix, r), (nuint)matrix.Columns * sizeof(float));
        }
    }

    public void Copy(Matrix source, Matrix destination)
    {
        Shapes.RequireSame(source, destination);
        if (!source.IsContiguous || !destination.IsContiguous)
        {
            for (var r = 0; r < source.Rows; r++)
            {
                NativeMemory.Copy(Row(source, r), Row(destination, r), (nuint)source.Columns * sizeof(float));
            }

            return;
        }

        // A value that moves by less than its size is moved from one end, the others by all threads.
        var apart = Math.Abs(Pointer(source) - Pointer(destination));
        var length = source.Length;
        var pieces = new CopyArguments { Source = Pointer(source), Destination = Pointer(destination), Length = length, Piece = apart < length ? length : FloatsPerTask };
        pool.Run((int)((length + pieces.Piece - 1) / Math.Max(1, pieces.Piece)), &CopyPiece, &pieces);
    }

    private static void CopyPiece(void* state, int task, int slot)
    {
        ref var g = ref *(CopyArguments*)state;
        var start = task * g.Piece;
        NativeMemory.Copy(g.Source + start, g.Destination + start, (nuint)Math.Min(g.Piece, g.Length - start) * sizeof(float));
    }

    private struct CopyArguments
    {
        public float* Source;
        public float* Destination;
        public long Length;
        public long Piece;
    }

    private static float* Pointer(Matrix matrix) => (float*)matrix.Handle;

    private static float* Row(Matrix matrix, int row) => (float*)matrix.Handle + (nint)row * matrix.Stride;

    private static int* Pointer(Indices indices) => (int*)indices.Handle;

    private static int RowTasks(int rows) => (rows + RowsPerTask - 1) / RowsPerTask;
}
