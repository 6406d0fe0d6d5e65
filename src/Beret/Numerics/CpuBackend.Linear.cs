using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public long PackedLength(int rows, int columns, ElementType arithmetic) => KernelsOf(arithmetic).PackedLength(rows, columns);

    public void PackWeight(Matrix weight, Matrix packed, ElementType arithmetic)
    {
        Shapes.Require(packed.Length == PackedLength(weight.Rows, weight.Columns, arithmetic), "the packed weight has its packed length");
        var product = new Product { B = Pointer(weight), BStride = weight.Stride, BTransposed = true, Columns = weight.Rows, K = weight.Columns };
        KernelsOf(arithmetic).PackB(pool, scratch, product, Pointer(packed));
    }

    public void Linear(
        Matrix input, Matrix weight, Matrix packed, Matrix bias, Activation activation, Matrix derivative, Matrix output, ElementType arithmetic)
    {
        Shapes.Require(input.Columns == weight.Columns, "the input has a column for each of the weight's");
        Shapes.Require(output.Rows == input.Rows && output.Columns == weight.Rows, "the output is [input rows, weight rows]");
        Shapes.Require(bias.IsNone || bias.Length == weight.Rows, "the bias has an element for each output column");
        Shapes.Require(derivative.IsNone || (derivative.Rows == output.Rows && derivative.Columns == output.Columns), "the derivative has the output's shape");
        var product = new Product
        {
            A = Pointer(input), AStride = input.Stride,
            B = Pointer(weight), BStride = weight.Stride, BTransposed = true, BPacked = Pointer(packed),
            C = Pointer(output), CStride = output.Stride,
            Rows = output.Rows, Columns = output.Columns, K = input.Columns,
            Epilogue = new Epilogue
            {
                Bias = Pointer(bias), Activation = activation, Derivative = Pointer(derivative), DerivativeStride = derivative.Stride,
            },
        };
        KernelsOf(arithmetic).Run(pool, scratch, product);
    }

    public void LinearInputGradient(Matrix outputGradient, Matrix weight, Matrix inputGradient, bool accumulate, ElementType arithmetic)
    {
        Shapes.Require(arithmetic != ElementType.Int8, "gradients are not computed in int8");
        Shapes.Require(outputGradient.Columns == weight.Rows, "the output gradient has a column for each of the weight's rows");
        Shapes.Require(
            inputGradient.Rows == outputGradient.Rows && inputGradient.Columns == weight.Columns, "the input gradient is [rows, weight columns]");
        var product = new Product
        {
            A = Pointer(outputGradient), AStride = outputGradient.Stride,
            B = Pointer(weight), BStride = weight.Stride,
            C = Pointer(inputGradient), CStride = inputGradient.Stride,
            Rows = inputGradient.Rows, Columns = inputGradient.Columns, K = weight.Rows, Accumulate = accumulate,
        };
        KernelsOf(arithmetic).Run(pool, scratch, product);
    }

    public void LinearWeightGradient(Matrix outputGradient, Matrix input, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic)
    {
        Shapes.Require(arithmetic != ElementType.Int8, "gradients are not computed in int8");
        Shapes.Require(outputGradient.Rows == input.Rows, "the output gradient has a row for each of the input's");
        Shapes.Require(
            weightGradient.Rows == outputGradient.Columns && weightGradient.Columns == input.Columns, "the weight gradient is [outputs, inputs]");
        Shapes.Require(biasGradient.IsNone || biasGradient.Length == outputGradient.Columns, "the bias gradient has an element for each output");
        var product = new Product
        {
            A = Pointer(outputGradient), AStride = outputGradient.Stride, ATransposed = true,
            B = Pointer(input), BStride = input.Stride,
            C = Pointer(weightGradient), CStride = weightGradient.Stride,
            Rows = weightGradient.Rows, Columns = weightGradient.Columns, K = input.Rows, Accumulate = true,
        };
        KernelsOf(arithmetic).Run(pool, scratch, product);
        if (!biasGradient.IsNone)
        {
            AddColumnSums(outputGradient, Pointer(biasGradient));
        }
    }

    public void MultiplyInPlace(Matrix gradient, Matrix derivative)
    {
        Shapes.RequireSame(gradient, derivative);
        var pair = new MatrixPair { A = gradient, B = derivative };
        pool.Run(RowTasks(gradient.Rows), &MultiplyRows, &pair);
    }

    private static void MultiplyRows(void* state, int task, int slot)
    {
        var pair = *(MatrixPair*)state;
        var end = Math.Min((task + 1) * RowsPerTask, pair.A.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            Elementwise<V, S>.Multiply(Row(pair.A, r), Row(pair.B, r), pair.A.Columns);
        }
    }

    /// <summary>target += the sums of the columns: of blocks of rows first, which are read as they lie in memory, then of the blocks in turn.</summary>
    private void AddColumnSums(Matrix source, float* target)
    {
        var blocks = (source.Rows + ColumnSums.Rows - 1) / ColumnSums.Rows;
        var sums = new ColumnSums { Source = source, Partial = scratch.Shared((long)blocks * source.Columns) };
        pool.Run(blocks, &SumBlock, &sums);
        for (var b = 0; b < blocks; b++)
        {
            Elementwise<V, S>.Add(target, sums.Partial + (nint)b * source.Columns, source.Columns);
        }
    }

    private static void SumBlock(void* state, int task, int slot)
    {
        ref var sums = ref *(ColumnSums*)state;
        var columns = sums.Source.Columns;
        var to = sums.Partial + (nint)task * columns;
        new Span<float>(to, columns).Clear();
        var end = Math.Min((task + 1) * ColumnSums.Rows, sums.Source.Rows);
        for (var r = task * ColumnSums.Rows; r < end; r++)
        {
            Elementwise<V, S>.Add(to, Row(sums.Source, r), columns);
        }
    }

    private struct ColumnSums
    {
        public const int Rows = 128;
        public Matrix Source;

        /// <summary>[blocks, columns]</summary>
        public float* Partial;
    }

    private struct MatrixPair
    {
        public Matrix A;
        public Matrix B;
    }
}
