namespace Beret.Numerics.Reference;

/// <content>Y = X Wᵀ + b, the cross-entropy of softmax(Y) with the targets, and its gradients dY = share · (softmax(Y) − onehot), dX = dY W, dW = dYᵀ X, db = Σ dY.</content>
internal sealed partial class ReferenceBackend
{
    public void TiedDecoderLoss(
        Matrix hidden, Matrix weight, Matrix bias, Indices targets, float share, Matrix logits, Matrix outcomes,
        Matrix hiddenGradient, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic)
    {
        Expect(targets, hidden.Rows);
        Expect(logits, logits.Rows, weight.Rows);
        Expect(outcomes, hidden.Rows, 2);
        var gradient = new double[weight.Rows];
        for (var first = 0; first < hidden.Rows; first += logits.Rows)
        {
            var count = Math.Min(logits.Rows, hidden.Rows - first);
            var (x, y) = (hidden.RowRange(first, count), logits.RowRange(0, count));
            Linear(x, weight, Matrix.None, bias, Activation.None, Matrix.None, y, arithmetic);
            for (var r = 0; r < count; r++)
            {
                var row = Row(y, r);
                var target = Values(targets)[first + r];
                var outcome = Row(outcomes, first + r);
                outcome[0] = (float)CrossEntropy(row, target, gradient);
                outcome[1] = 1;
                foreach (var logit in row)
                {
                    outcome[1] = logit > row[target] ? 0 : outcome[1];
                }

                for (var k = 0; k < row.Length; k++)
                {
                    row[k] = (float)(share * gradient[k]);
                }
            }

            if (!hiddenGradient.IsNone)
            {
                LinearInputGradient(y, weight, hiddenGradient.RowRange(first, count), accumulate: false, arithmetic);
                LinearWeightGradient(y, x, weightGradient, biasGradient, arithmetic);
            }
        }
    }

    public void SampleTokens(Matrix hidden, Matrix weight, Matrix bias, Matrix draws, Matrix logits, Matrix tokens, ElementType arithmetic)
    {
        Expect(draws, hidden.Rows, 1);
        Expect(tokens, hidden.Rows, 1);
        Expect(logits, logits.Rows, weight.Rows);
        var row = new double[weight.Rows];
        for (var m = 0; m < hidden.Rows; m++)
        {
            var y = logits.RowRange(0, 1);
            Linear(hidden.RowRange(m, 1), weight, Matrix.None, bias, Activation.None, Matrix.None, y, arithmetic);
            for (var k = 0; k < row.Length; k++)
            {
                row[k] = Row(y, 0)[k];
            }

            var logSumExp = LogSumExp(row);
            var token = 0;
            for (var sum = Math.Exp(row[0] - logSumExp); token < row.Length - 1 && sum <= Row(draws, m)[0]; sum += Math.Exp(row[token] - logSumExp))
            {
                token++;
            }

            Row(tokens, m)[0] = token;
        }
    }
}
