using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    private const int DecodedRowsPerTask = 4;

    public void TiedDecoderLoss(
        Matrix hidden, Matrix weight, Matrix bias, Indices targets, float share, Matrix logits, Matrix outcomes,
        Matrix hiddenGradient, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic)
    {
        Shapes.Require(targets.Count == hidden.Rows && outcomes.Rows == hidden.Rows && outcomes.Columns == 2, "there is a target and an outcome for each row");
        Shapes.Require(logits.Rows > 0 && logits.Columns == weight.Rows, "there are logits for a row at least");
        for (var first = 0; first < hidden.Rows; first += logits.Rows)
        {
            var count = Math.Min(logits.Rows, hidden.Rows - first);
            var (x, y) = (hidden.RowRange(first, count), logits.RowRange(0, count));
            Linear(x, weight, Matrix.None, bias, Activation.None, Matrix.None, y, arithmetic);
            var arguments = new DecoderArguments
            {
                Logits = y, Targets = Pointer(targets) + first, Outcomes = outcomes.RowRange(first, count), Share = share, WantsGradient = !hiddenGradient.IsNone,
            };
            pool.Run((count + DecodedRowsPerTask - 1) / DecodedRowsPerTask, &LoseRows, &arguments);
            if (arguments.WantsGradient)
            {
                LinearInputGradient(y, weight, hiddenGradient.RowRange(first, count), accumulate: false, arithmetic);
                LinearWeightGradient(y, x, weightGradient, biasGradient, arithmetic);
            }
        }
    }

    public void SampleTokens(Matrix hidden, Matrix weight, Matrix bias, Matrix draws, Matrix logits, Matrix tokens, ElementType arithmetic)
    {
        Shapes.Require(draws.Rows == hidden.Rows && tokens.Rows == hidden.Rows, "there is a draw and a token for each row");
        Shapes.Require(logits.Rows > 0 && logits.Columns == weight.Rows, "there are logits for a row at least");
        for (var first = 0; first < hidden.Rows; first += logits.Rows)
        {
            var count = Math.Min(logits.Rows, hidden.Rows - first);
            var y = logits.RowRange(0, count);
            Linear(hidden.RowRange(first, count), weight, Matrix.None, bias, Activation.None, Matrix.None, y, arithmetic);
            var arguments = new SampleArguments { Logits = y, Draws = draws.RowRange(first, count), Tokens = tokens.RowRange(first, count) };
            pool.Run((count + DecodedRowsPerTask - 1) / DecodedRowsPerTask, &SampleRows, &arguments);
        }
    }

    private static void SampleRows(void* state, int task, int slot)
    {
        ref var g = ref *(SampleArguments*)state;
        var end = Math.Min((task + 1) * DecodedRowsPerTask, g.Logits.Rows);
        for (var r = task * DecodedRowsPerTask; r < end; r++)
        {
            *Row(g.Tokens, r) = TokenLosses<V, S>.Sample(Row(g.Logits, r), g.Logits.Columns, *Row(g.Draws, r));
        }
    }

    private static void LoseRows(void* state, int task, int slot)
    {
        ref var g = ref *(DecoderArguments*)state;
        var end = Math.Min((task + 1) * DecodedRowsPerTask, g.Logits.Rows);
        for (var r = task * DecodedRowsPerTask; r < end; r++)
        {
            var logits = Row(g.Logits, r);
            var outcome = Row(g.Outcomes, r);
            outcome[0] = TokenLosses<V, S>.CrossEntropy(logits, g.Logits.Columns, g.Targets[r], out var isRight, out var sum);
            outcome[1] = isRight ? 1 : 0;
            if (g.WantsGradient)
            {
                TokenLosses<V, S>.Gradient(logits, g.Logits.Columns, g.Targets[r], g.Share, sum);
            }
        }
    }

    private struct SampleArguments
    {
        public Matrix Logits;
        public Matrix Draws;
        public Matrix Tokens;
    }

    private struct DecoderArguments
    {
        public Matrix Logits;
        public int* Targets;
        public Matrix Outcomes;
        public float Share;
        public bool WantsGradient;
    }
}
