using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>The gradients of Linear, each alone, and all of it forward and back.</summary>
internal static class LinearGradientCases
{
    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (tokens, outputs, inputs, number) in OpCases.SizeTriples())
            {
                yield return InputGradient(tokens, outputs, inputs, accumulate: OpCases.Has(0, number), strided: OpCases.Has(1, number));
                yield return WeightGradient(tokens, outputs, inputs, bias: OpCases.Has(0, number), strided: OpCases.Has(1, number));
            }

            foreach (var (tokens, outputs, inputs) in ((int, int, int)[])[(150, 1000, 200), (67, 384, 1536), (40, 1536, 384), (1000, 24, 33), (1, 384, 384)])
            {
                yield return InputGradient(tokens, outputs, inputs, accumulate: tokens == 67, strided: false) with { Uses = Uses.Comparison };
                yield return WeightGradient(tokens, outputs, inputs, bias: true, strided: false) with { Uses = Uses.Comparison };
            }

            foreach (var activation in Enum.GetValues<Activation>())
            {
                yield return ForwardAndBack(7, 5, 17, activation);
                yield return ForwardAndBack(33, 24, 31, activation);
            }

            foreach (var hidden in (int[])[384, 768])
            {
                foreach (var (outputs, inputs) in ((int, int)[])[(3 * hidden, hidden), (hidden, hidden), (4 * hidden, hidden), (hidden, 4 * hidden)])
                {
                    yield return InputGradient(4096, outputs, inputs, accumulate: false, strided: false) with { Uses = Uses.Speed };
                    yield return WeightGradient(4096, outputs, inputs, bias: true, strided: false) with { Uses = Uses.Speed };
                }
            }
        }
    }

    private static OpCase InputGradient(int tokens, int outputs, int inputs, bool accumulate, bool strided) => new(
        "LinearInputGradient",
        $"[{tokens}, {outputs}] · [{outputs}, {inputs}]{(accumulate ? " accumulate" : "")}{(strided ? " strided" : "")}",
        2,
        Product(tokens, outputs, inputs),
        operands =>
        {
            var backend = operands.Backend;
            var input = operands.Input(tokens, inputs);
            var weight = operands.Input(outputs, inputs, 1, strided);
            var output = operands.Scratch(tokens, outputs);
            var outputGradient = operands.Input(tokens, outputs, 1, strided);
            var inputGradient = operands.Gradient("input gradient", tokens, inputs, accumulate, strided);
            return new(() => backend.LinearInputGradient(outputGradient, weight, inputGradient, accumulate))
            {
                Differentiation = new(
                    () => backend.Linear(input, weight, Matrix.None, Matrix.None, Activation.None, Matrix.None, output),
                    output,
                    outputGradient,
                    new Differentiation.Input("input", input, inputGradient)),
            };
        });

    private static OpCase WeightGradient(int tokens, int outputs, int inputs, bool bias, bool strided) => new(
        "LinearWeightGradient",
        $"[{outputs}, {tokens}] · [{tokens}, {inputs}]{(bias ? " bias" : "")}{(strided ? " strided" : "")}",
        3,
        Product(tokens, outputs, inputs),
        operands =>
        {
            var backend = operands.Backend;
            var input = operands.Input(tokens, inputs, 1, strided);
            var weight = operands.Input(outputs, inputs);
            var offset = operands.Input(1, outputs);
            var output = operands.Scratch(tokens, outputs);
            var outputGradient = operands.Input(tokens, outputs, 1, strided);
            var weightGradient = operands.InOut("weight gradient", outputs, inputs, 1, strided);
            var biasGradient = bias ? operands.InOut("bias gradient", 1, outputs) : Matrix.None;
            Differentiation.Input[] differentiated = [new("weight", weight, weightGradient)];
            return new(() => backend.LinearWeightGradient(outputGradient, input, weightGradient, biasGradient))
            {
                Differentiation = new(
                    () => backend.Linear(input, weight, Matrix.None, offset, Activation.None, Matrix.None, output),
                    output,
                    outputGradient,
                    bias ? [.. differentiated, new("bias", offset, biasGradient)] : differentiated),
            };
        });

    // The bias keeps the sums of a ReLU on their side of its kink; for the others they lie where the activation bends most.
    private static OpCase ForwardAndBack(int tokens, int outputs, int inputs, Activation activation) => new(
        "Linear, MultiplyInPlace and gradients",
        $"[{tokens}, {inputs}] → {outputs} {activation}",
        4,
        Product(tokens, outputs, 3 * inputs),
        operands =>
        {
            var backend = operands.Backend;
            var input = operands.Input(tokens, inputs);
            var weight = operands.Input(outputs, inputs, 3 / MathF.Sqrt(inputs));
            var bias = operands.Input(1, outputs, n => activation == Activation.Relu ? n % 2 == 0 ? 8 : -8 : operands.Uniform(1));
            var derivative = operands.Output("derivative", tokens, outputs);
            var output = operands.Output("output", tokens, outputs);
            var outputGradient = operands.Input(tokens, outputs);
            var sumGradient = operands.Output("sum gradient", tokens, outputs);
            var inputGradient = operands.Output("input gradient", tokens, inputs);
            var weightGradient = operands.InOut("weight gradient", outputs, inputs);
            var biasGradient = operands.InOut("bias gradient", 1, outputs);
            var forward = () => backend.Linear(input, weight, Matrix.None, bias, activation, derivative, output);
            return new(() =>
            {
                forward();
                backend.Copy(outputGradient, sumGradient);
                backend.MultiplyInPlace(sumGradient, derivative);
                backend.LinearInputGradient(sumGradient, weight, inputGradient, accumulate: false);
                backend.LinearWeightGradient(sumGradient, input, weightGradient, biasGradient);
            })
            {
                Differentiation = new(
                    forward,
                    output,
                    outputGradient,
                    new("input", input, inputGradient),
                    new("weight", weight, weightGradient),
                    new("bias", bias, biasGradient)),
            };
        });

    private static Work Product(int m, int n, int k) =>
        new(2.0 * m * n * k, sizeof(float) * ((double)m * n + (double)n * k + (double)m * k));
}
