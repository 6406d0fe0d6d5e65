using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>Residual sum with dropout and LayerNorm, its gradient, and dropout alone.</summary>
internal static class LayerNormCases
{
    private static readonly double[] Rates = [0, 0.1, 0.5];

    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (tokens, width, _, number) in OpCases.SizeTriples())
            {
                yield return Forward(tokens, width, Rates[number % 3]);
                yield return Gradient(tokens, width, Rates[number % 3], accumulate: OpCases.Has(0, number), branch: OpCases.Has(1, number));
                yield return Forward(tokens, width, Rates[number % 3], residual: OpCases.Has(2, number), beta: false);
                yield return Forward(tokens, width, Rates[number % 3], residual: OpCases.Has(3, number), inPlace: true);
                yield return Gradient(
                    tokens, width, Rates[number % 3], accumulate: OpCases.Has(3, number), branch: OpCases.Has(4, number), beta: OpCases.Has(5, number), skip: true);
                yield return ApplyDropout(tokens, width, Rates[number % 2 + 1]);
            }

            // More than one block of dropout bits in a row, with a rest.
            foreach (var width in (int[])[127, 128, 129, 384, 500])
            {
                foreach (var rate in Rates)
                {
                    yield return Forward(19, width, rate);
                    yield return Gradient(19, width, rate, accumulate: true, branch: true) with { Uses = Uses.Comparison };
                    yield return ApplyDropout(19, width, rate);
                }
            }

            yield return Gradient(1000, 48, 0.1, accumulate: false, branch: true) with { Uses = Uses.Comparison };

            foreach (var width in (int[])[384, 768])
            {
                foreach (var rate in (double[])[0, 0.1])
                {
                    yield return Forward(4096, width, rate) with { Uses = Uses.Speed };
                    yield return Forward(4096, width, rate, inPlace: true) with { Uses = Uses.Speed };
                    yield return Gradient(4096, width, rate, accumulate: false, branch: true) with { Uses = Uses.Speed };
                }

                yield return ApplyDropout(4096, width, 0.1) with { Uses = Uses.Speed };
            }
        }
    }

    /// <summary>BERT's ε; where a row has so few columns that they may be nearly alike, one that keeps 1/σ, and with it the rounding errors, small.</summary>
    public static float Epsilon(int width) => width <= 3 ? 1e-2f : 1e-12f;

    private static OpCase Forward(int tokens, int width, double rate, bool residual = true, bool beta = true, bool inPlace = false) => new(
        "ResidualLayerNorm", $"[{tokens}, {width}] dropout {rate}{(residual ? "" : " alone")}{(beta ? "" : " no beta")}{(inPlace ? " in place" : "")}", 11, Work.Floats(4.0 * tokens * width, 10.0 * tokens * width), operands =>
        {
            var rest = residual ? operands.Input(tokens, width) : Matrix.None;
            var branch = operands.InOut("sum", tokens, width);
            var gamma = operands.Input(1, width);
            var shift = beta ? operands.Input(1, width) : Matrix.None;
            var statistics = operands.Statistics(tokens);
            var output = inPlace ? branch : operands.Output("output", tokens, width);
            return new(() => operands.Backend.ResidualLayerNorm(
                rest, branch, OpCases.Dropout(rate), gamma, shift, Epsilon(width), statistics, output));
        })
    {
        Tolerance = 5e-6,
        Floor = 1e-6,
    };

    private static OpCase Gradient(int tokens, int width, double rate, bool accumulate, bool branch, bool beta = true, bool skip = false) => new(
        "LayerNormGradient",
        $"[{tokens}, {width}] dropout {rate}{(accumulate ? " accumulate" : "")}{(branch ? " branch" : "")}{(beta ? "" : " no beta")}{(skip ? " skip" : "")}",
        12,
        Work.Floats((branch ? 4.0 : 3.0) * tokens * width, 14.0 * tokens * width),
        operands =>
        {
            var backend = operands.Backend;
            var dropout = OpCases.Dropout(rate);
            var residual = operands.Input(tokens, width);
            var branchInput = operands.Input(tokens, width);
            var gamma = operands.Input(1, width);
            var shift = beta ? operands.Input(1, width) : Matrix.None;
            var statistics = operands.Scratch(tokens, 2);

            // With a skip the sum is an output, too: [LayerNorm(sum), sum].
            var outputs = operands.Scratch(tokens, 2 * width);
            var (output, sum) = (outputs.ColumnRange(0, width), outputs.ColumnRange(width, width));
            var outputGradients = operands.Input(tokens, 2 * width);
            var (outputGradient, skipGradient) = (outputGradients.ColumnRange(0, width), skip ? outputGradients.ColumnRange(width, width) : Matrix.None);
            var gammaGradient = operands.InOut("gamma gradient", 1, width);
            var betaGradient = beta ? operands.InOut("beta gradient", 1, width) : Matrix.None;
            var sumGradient = operands.Gradient("sum gradient", tokens, width, accumulate);
            var branchGradient = branch ? operands.Output("branch gradient", tokens, width) : Matrix.None;
            var forward = () =>
            {
                backend.Copy(branchInput, sum);
                backend.ResidualLayerNorm(residual, sum, dropout, gamma, shift, Epsilon(width), statistics, output);
            };
            forward();
            List<Differentiation.Input> inputs = [new("residual", residual, sumGradient), new("gamma", gamma, gammaGradient)];
            if (beta)
            {
                inputs.Add(new("beta", shift, betaGradient));
            }

            if (branch)
            {
                inputs.Add(new("branch", branchInput, branchGradient));
            }

            return new(() => backend.LayerNormGradient(
                outputGradient, sum, statistics, gamma, gammaGradient, betaGradient, skipGradient, sumGradient, accumulate, branchGradient, dropout))
            {
                Differentiation = new(forward, skip ? outputs : output, skip ? outputGradients : outputGradient, [.. inputs]),
            };
        })
    {
        Tolerance = 1e-5,
        Floor = 2e-6,

        // A narrow row is all curvature.
        Uses = width >= 7 ? Uses.Correctness : Uses.Comparison,
    };

    private static OpCase ApplyDropout(int tokens, int width, double rate) => new(
        "ApplyDropout", $"[{tokens}, {width}] dropout {rate}", 13, Work.Floats(2.0 * tokens * width, (double)tokens * width), operands =>
        {
            var backend = operands.Backend;
            var dropout = OpCases.Dropout(rate);
            var input = operands.Input(tokens, width);
            var output = operands.Scratch(tokens, width);
            var outputGradient = operands.Input(tokens, width);
            var gradients = operands.Read(outputGradient);
            var matrix = operands.InOut("matrix", tokens, width, i => gradients[i]);
            return new(() => backend.ApplyDropout(matrix, dropout))
            {
                Differentiation = new(
                    () =>
                    {
                        backend.Copy(input, output);
                        backend.ApplyDropout(output, dropout);
                    },
                    output,
                    outputGradient,
                    new Differentiation.Input("matrix", input, matrix) { InPlace = true }),
            };
        })
    {
        // One product, rounded once: the bits of the mask show in every element.
        Tolerance = 0,
    };
}
