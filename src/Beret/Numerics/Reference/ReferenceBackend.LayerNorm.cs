namespace Beret.Numerics.Reference;

/// <content>Layer normalisation (Ba, Kiros and Hinton 2016) with the residual sum and dropout before it.</content>
internal sealed partial class ReferenceBackend
{
    public void ResidualLayerNorm(
        Matrix residual, Matrix branch, Dropout dropout, Matrix gamma, Matrix beta, float epsilon, Matrix statistics, Matrix output)
    {
        if (!residual.IsNone)
        {
            Expect(residual, branch.Rows, branch.Columns);
        }

        for (var t = 0; t < branch.Rows; t++)
        {
            var x = Row(branch, t);
            for (var c = 0; c < x.Length; c++)
            {
                x[c] = (float)((residual.IsNone ? 0 : Row(residual, t)[c]) + Dropped(x[c], t, c, dropout));
            }
        }

        LayerNorm(branch, gamma, beta, epsilon, statistics, output);
    }

    public void ApplyDropout(Matrix matrix, Dropout dropout)
    {
        for (var t = 0; t < matrix.Rows; t++)
        {
            var x = Row(matrix, t);
            for (var c = 0; c < x.Length; c++)
            {
                x[c] = (float)Dropped(x[c], t, c, dropout);
            }
        }
    }

    // With x̂ = (x − μ)/σ, ĝ = γ∘g and ⟨·⟩ the mean over a row:
    //     dx = (ĝ − ⟨ĝ⟩ − x̂ ⟨ĝ∘x̂⟩) / σ,   dγ = Σₜ g∘x̂,   dβ = Σₜ g
    // (the chain rule through μ and σ; Ioffe and Szegedy 2015, section 3, with the row in the place of the batch).
    public void LayerNormGradient(
        Matrix outputGradient, Matrix sum, Matrix statistics, Matrix gamma, Matrix gammaGradient, Matrix betaGradient,
        Matrix skipGradient, Matrix sumGradient, bool accumulate, Matrix branchGradient, Dropout dropout)
    {
        var (tokens, width) = (sum.Rows, sum.Columns);
        Expect(outputGradient, tokens, width);
        Expect(statistics, tokens, 2);
        Expect(gamma, 1, width);
        Expect(gammaGradient, 1, width);
        Expect(sumGradient, tokens, width);
        if (!betaGradient.IsNone)
        {
            Expect(betaGradient, 1, width);
        }

        if (!skipGradient.IsNone)
        {
            Expect(skipGradient, tokens, width);
        }

        if (!branchGradient.IsNone)
        {
            Expect(branchGradient, tokens, width);
        }

        var scale = Row(gamma, 0);
        var (gammaSum, betaSum) = (new double[width], new double[width]);
        for (var t = 0; t < tokens; t++)
        {
            var g = Row(outputGradient, t);
            var x = Row(sum, t);
            var (mean, inverse) = ((double)Row(statistics, t)[0], (double)Row(statistics, t)[1]);

            double meanG = 0, meanGX = 0;
            for (var c = 0; c < width; c++)
            {
                var normal = (x[c] - mean) * inverse;
                gammaSum[c] += g[c] * normal;
                betaSum[c] += g[c];
                meanG += (double)scale[c] * g[c] / width;
                meanGX += scale[c] * g[c] * normal / width;
            }

            for (var c = 0; c < width; c++)
            {
                var normal = (x[c] - mean) * inverse;
                var gradient = ((double)scale[c] * g[c] - meanG - normal * meanGX) * inverse + (skipGradient.IsNone ? 0 : Row(skipGradient, t)[c]);

                // Only what comes through the sum goes to the branch, not what the residual had gathered elsewhere before.
                if (!branchGradient.IsNone)
                {
                    Row(branchGradient, t)[c] = (float)Dropped(gradient, t, c, dropout);
                }

                var result = Row(sumGradient, t);
                result[c] = (float)(accumulate ? result[c] + gradient : gradient);
            }
        }

        for (var c = 0; c < width; c++)
        {
            Row(gammaGradient, 0)[c] = (float)(Row(gammaGradient, 0)[c] + gammaSum[c]);
            if (!betaGradient.IsNone)
            {
                Row(betaGradient, 0)[c] = (float)(Row(betaGradient, 0)[c] + betaSum[c]);
            }
        }
    }

    // μ = ⟨x⟩, σ² = ⟨(x − μ)²⟩ + ε, y = γ∘(x − μ)/σ + β
    private static void LayerNorm(Matrix input, Matrix gamma, Matrix beta, float epsilon, Matrix statistics, Matrix output)
    {
        var (tokens, width) = (input.Rows, input.Columns);
        Expect(gamma, 1, width);
        Expect(statistics, tokens, 2);
        Expect(output, tokens, width);
        if (!beta.IsNone)
        {
            Expect(beta, 1, width);
        }

        for (var t = 0; t < tokens; t++)
        {
            var x = Row(input, t);
            double mean = 0, variance = 0;
            for (var c = 0; c < width; c++)
            {
                mean += (double)x[c] / width;
            }

            for (var c = 0; c < width; c++)
            {
                variance += (x[c] - mean) * (x[c] - mean) / width;
            }

            var inverse = 1 / Math.Sqrt(variance + epsilon);
            Row(statistics, t)[0] = (float)mean;
            Row(statistics, t)[1] = (float)inverse;

            var y = Row(output, t);
            for (var c = 0; c < width; c++)
            {
                y[c] = (float)(Row(gamma, 0)[c] * ((x[c] - mean) * inverse) + (beta.IsNone ? 0 : Row(beta, 0)[c]));
            }
        }
    }

    private static double Dropped(double value, int row, int column, Dropout dropout) =>
        !dropout.IsActive ? value : dropout.Keeps(row, column) ? value * dropout.Scale : 0;
}
