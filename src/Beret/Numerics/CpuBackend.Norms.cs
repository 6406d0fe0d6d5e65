using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void EmbeddingLayerNorm(
        Matrix word, Matrix position, Matrix type, Indices ids, Indices positions, Indices types,
        Matrix gamma, Matrix beta, float epsilon, Matrix sum, Matrix statistics, Matrix output)
    {
        Shapes.Require(gamma.IsNone == sum.IsNone && gamma.IsNone == statistics.IsNone, "without a norm there is neither a sum nor statistics");
        sum = sum.IsNone ? output : sum;
        Shapes.RequireSame(sum, output);
        Shapes.Require(word.Columns == sum.Columns && ids.Count == sum.Rows, "there is an id for each row, and the table is as wide as the output");
        Shapes.Require(position.IsNone || (position.Columns == sum.Columns && positions.Count == sum.Rows), "there is a position for each row");
        Shapes.Require(type.IsNone || (type.Columns == sum.Columns && types.Count == sum.Rows), "there is a type for each row");
        var arguments = new EmbeddingArguments
        {
            Word = word, Position = position, Type = type, Ids = Pointer(ids), Positions = Pointer(positions), Types = Pointer(types),
            Norm = new NormArguments { Sum = sum, Gamma = Pointer(gamma), Beta = Pointer(beta), Epsilon = epsilon, Statistics = statistics, Output = output },
        };
        pool.Run(RowTasks(sum.Rows), &EmbedRows, &arguments);
    }

    public void ResidualLayerNorm(
        Matrix residual, Matrix branch, Dropout dropout, Matrix gamma, Matrix beta, float epsilon, Matrix statistics, Matrix output)
    {
        Shapes.Require(residual.IsNone || (residual.Rows == branch.Rows && residual.Columns == branch.Columns), "the residual has the branch's shape");
        Shapes.RequireSame(branch, output);
        var arguments = new NormArguments
        {
            Residual = residual, Sum = branch, Dropout = dropout,
            Gamma = Pointer(gamma), Beta = Pointer(beta), Epsilon = epsilon, Statistics = statistics, Output = output,
        };
        pool.Run(RowTasks(branch.Rows), &ResidualRows, &arguments);
    }

    public void LayerNormGradient(
        Matrix outputGradient, Matrix sum, Matrix statistics, Matrix gamma, Matrix gammaGradient, Matrix betaGradient,
        Matrix skipGradient, Matrix sumGradient, bool accumulate, Matrix branchGradient, Dropout dropout)
    {
        Shapes.RequireSame(outputGradient, sum);
        Shapes.RequireSame(outputGradient, sumGradient);
        var tasks = RowTasks(sum.Rows);
        var arguments = new NormGradientArguments
        {
            OutputGradient = outputGradient, Sum = sum, Statistics = statistics, Gamma = Pointer(gamma),
            SkipGradient = skipGradient, SumGradient = sumGradient, Accumulate = accumulate, BranchGradient = branchGradient, Dropout = dropout,
            Partial = scratch.Shared(2L * tasks * sum.Columns), Tasks = tasks,
            GammaGradient = Pointer(gammaGradient), BetaGradient = Pointer(betaGradient),
        };
        pool.Run(tasks, &GradientRows, &arguments);
        pool.Run((sum.Columns + PartialColumns - 1) / PartialColumns, &SumPartials, &arguments);
    }

    public void ApplyDropout(Matrix matrix, Dropout dropout)
    {
        if (dropout.IsActive)
        {
            var arguments = new NormArguments { Sum = matrix, Dropout = dropout };
            pool.Run(RowTasks(matrix.Rows), &DropRows, &arguments);
        }
    }

    private static void EmbedRows(void* state, int task, int slot)
    {
        ref var g = ref *(EmbeddingArguments*)state;
        var end = Math.Min((task + 1) * RowsPerTask, g.Norm.Sum.Rows);
        var columns = g.Norm.Sum.Columns;
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var sum = Row(g.Norm.Sum, r);
            new ReadOnlySpan<float>(Row(g.Word, g.Ids[r]), columns).CopyTo(new Span<float>(sum, columns));
            if (!g.Position.IsNone)
            {
                Elementwise<V, S>.Add(sum, Row(g.Position, g.Positions[r]), columns);
            }

            if (!g.Type.IsNone)
            {
                Elementwise<V, S>.Add(sum, Row(g.Type, g.Types[r]), columns);
            }

            if (g.Norm.Gamma is not null)
            {
                NormRow(ref g.Norm, r);
            }
        }
    }

    private static void ResidualRows(void* state, int task, int slot)
    {
        ref var g = ref *(NormArguments*)state;
        var end = Math.Min((task + 1) * RowsPerTask, g.Sum.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var sum = Row(g.Sum, r);
            if (g.Dropout.IsActive)
            {
                Elementwise<V, S>.DropRow(sum, sum, g.Sum.Columns, r, g.Dropout);
            }

            if (!g.Residual.IsNone)
            {
                Elementwise<V, S>.Add(sum, Row(g.Residual, r), g.Sum.Columns);
            }

            NormRow(ref g, r);
        }
    }

    private static void NormRow(ref NormArguments g, int row) => Norms<V, S>.Forward(
        Row(g.Sum, row), g.Gamma, g.Beta, g.Epsilon, Row(g.Output, row), g.Sum.Columns, Row(g.Statistics, row));

    private static void GradientRows(void* state, int task, int slot)
    {
        ref var g = ref *(NormGradientArguments*)state;
        var columns = g.Sum.Columns;
        var gamma = g.Partial + 2L * task * columns;
        var beta = gamma + columns;
        new Span<float>(gamma, 2 * columns).Clear();
        var end = Math.Min((task + 1) * RowsPerTask, g.Sum.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var branch = g.BranchGradient.IsNone ? null : Row(g.BranchGradient, r);
            var skip = g.SkipGradient.IsNone ? null : Row(g.SkipGradient, r);
            Norms<V, S>.Backward(
                Row(g.OutputGradient, r), Row(g.Sum, r), Row(g.Statistics, r), g.Gamma, gamma, beta, skip, Row(g.SumGradient, r), g.Accumulate, branch, columns);
            if (branch is not null && g.Dropout.IsActive)
            {
                Elementwise<V, S>.DropRow(branch, branch, columns, r, g.Dropout);
            }
        }
    }

    /// <summary>The tasks' sums are added in the order of the rows.</summary>
    private static void SumPartials(void* state, int task, int slot)
    {
        ref var g = ref *(NormGradientArguments*)state;
        var columns = g.Sum.Columns;
        var first = task * PartialColumns;
        var count = Math.Min(PartialColumns, columns - first);
        for (var i = 0; i < g.Tasks; i++)
        {
            var partial = g.Partial + 2L * i * columns + first;
            Elementwise<V, S>.Add(g.GammaGradient + first, partial, count);
            if (g.BetaGradient is not null)
            {
                Elementwise<V, S>.Add(g.BetaGradient + first, partial + columns, count);
            }
        }
    }

    private static void DropRows(void* state, int task, int slot)
    {
        ref var g = ref *(NormArguments*)state;
        var end = Math.Min((task + 1) * RowsPerTask, g.Sum.Rows);
        for (var r = task * RowsPerTask; r < end; r++)
        {
            var row = Row(g.Sum, r);
            Elementwise<V, S>.DropRow(row, row, g.Sum.Columns, r, g.Dropout);
        }
    }

    private const int PartialColumns = 64;

    private struct EmbeddingArguments
    {
        public Matrix Word;
        public Matrix Position;
        public Matrix Type;
        public int* Ids;
        public int* Positions;
        public int* Types;
        public NormArguments Norm;
    }

    private struct NormArguments
    {
        public Matrix Residual;
        public Matrix Sum;
        public Dropout Dropout;
        public float* Gamma;
        public float* Beta;
        public float Epsilon;
        public Matrix Statistics;
        public Matrix Output;
    }

    private struct NormGradientArguments
    {
        public Matrix OutputGradient;
        public Matrix Sum;
        public Matrix Statistics;
        public float* Gamma;
        public Matrix SkipGradient;
        public Matrix SumGradient;
        public bool Accumulate;
        public Matrix BranchGradient;
        public Dropout Dropout;
        public float* Partial;
        public int Tasks;
        public float* GammaGradient;
        public float* BetaGradient;
    }
}
