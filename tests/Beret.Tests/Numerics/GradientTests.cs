using Beret.Numerics;
using Beret.Tests.Numerics.Cases;

namespace Beret.Tests.Numerics;

/// <summary>The analytic gradient of every operation against central differences of its own forward pass.</summary>
public class GradientTests
{
    // Steps of a power of two, so that x ± h is exact but for the last bits of x. With the five-point formula
    //     f′(x) = (8 (f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h + O(h⁴)
    // the truncation is about 1e-8; what limits is that the outputs are rounded to fp32.
    private const float Step = 1f / 64;
    private const int SamplesPerInput = 10;

    public static IEnumerable<TheoryDataRow<string>> Operations => OpCases.For(Uses.Gradient)
        .Select(one => one.Operation)
        .Distinct()
        .Where(operation => operation is not ("Linear" or "EmbeddingLayerNorm" or "ResidualLayerNorm" or "Attention" or "RelativeAttention" or "TalkingHeadsAttention" or "Unfold" or "Activate"))
        .Select(operation => new TheoryDataRow<string>(operation));

    [Theory]
    [MemberData(nameof(Operations))]
    public void Is_the_limit_of_difference_quotients(string operation)
    {
        using var reference = Backends.Reference();
        var errors = OpCases.For(Uses.Gradient).Where(one => one.Operation == operation).SelectMany(one => Errors(one, reference)).ToList();
        Assert.True(errors.Count == 0, string.Join('\n', errors.Take(10)));
    }

    private static IEnumerable<string> Errors(OpCase one, IBackend backend)
    {
        using var operands = new Operands(backend, one.Seed);
        var bound = one.Bind(operands);
        if (bound.Differentiation is not { } function)
        {
            yield break;
        }

        var weights = operands.Read(function.OutputGradient);
        var before = function.Inputs.Select(input => operands.Read(input.Gradient)).ToArray();
        bound.Run();
        var analytic = function.Inputs.Select((input, i) => Added(input.InPlace ? null : before[i], operands.Read(input.Gradient))).ToArray();
        var random = new Random(one.Seed);
        foreach (var (input, gradient) in function.Inputs.Zip(analytic))
        {
            var values = operands.Read(input.Value);
            var largest = gradient.Max(Math.Abs);
            foreach (var element in Enumerable.Range(0, SamplesPerInput).Select(_ => random.Next(values.Length)).Distinct())
            {
                var (numeric, noise) = Quotient(operands, function, weights, input.Value, values, element);

                // The gradient's own rounding and that of the statistics saved for it, and six deviations of the quotient's noise.
                var limit = 2e-5 * largest + 6 * noise;
                if (!(Math.Abs(gradient[element] - numeric) <= limit))
                {
                    yield return $"{one.Name}: the gradient of {input.Name}[{element}] is {gradient[element]:G9}, "
                        + $"the quotient {numeric:G9}, allowed ±{limit:G3}";
                }
            }
        }
    }

    /// <summary>The difference quotient of Σ weights ∘ output, and how far the rounding of those outputs that change lets it stray (one deviation).</summary>
    private static (double Quotient, double Noise) Quotient(
        Operands operands, Differentiation function, float[] weights, Matrix input, float[] values, int element)
    {
        float[] At(float x)
        {
            var changed = (float[])values.Clone();
            changed[element] = x;
            operands.Backend.Write(changed, input);
            function.Forward();
            return operands.Read(function.Output);
        }

        var x = values[element];
        var (up, down, farUp, farDown) = (At(x + Step), At(x - Step), At(x + 2 * Step), At(x - 2 * Step));
        At(x);

        const double unit = 1.0 / (1 << 24);
        double sum = 0, squares = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += weights[i] * (8 * ((double)up[i] - down[i]) - ((double)farUp[i] - farDown[i]));
            squares += farUp[i] == farDown[i] ? 0 : (double)weights[i] * up[i] * weights[i] * up[i];
        }

        return (sum / (12 * Step), unit * Math.Sqrt(squares) / Step);
    }

    /// <summary>What a run added to an accumulated gradient, or wrote over a gradient that held nothing.</summary>
    private static double[] Added(float[]? before, float[] after) =>
        [.. after.Select((a, i) => before is null || float.IsNaN(before[i]) ? a : (double)a - before[i])];
}
