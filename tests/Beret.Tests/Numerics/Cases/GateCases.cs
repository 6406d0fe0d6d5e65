using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>Activations with a gate, and their gradient.</summary>
internal static class GateCases
{
    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (tokens, width, _, number) in OpCases.SizeTriples())
            {
                var activation = (Activation)(number % 5);
                yield return Forward(tokens, width, activation, OpCases.Has(0, number));

                // At 0 the difference quotients of relu are no gradient.
                yield return Gradient(tokens, width, activation, OpCases.Has(1, number)) with
                {
                    Uses = activation == Activation.Relu ? Uses.Comparison : Uses.Correctness,
                };
            }

            // The feed-forward networks of ModernBERT base and of the talking-heads encoder, for 32 texts of 128 tokens.
            foreach (var width in (int[])[1152, 3072])
            {
                yield return Forward(4096, width, Activation.Gelu, strided: false) with { Uses = Uses.Speed };
                yield return Gradient(4096, width, Activation.Gelu, strided: false) with { Uses = Uses.Speed };
            }
        }
    }

    private static OpCase Forward(int tokens, int width, Activation activation, bool strided) => new(
        "GatedActivation", Shape(tokens, width, activation, strided), 19, Work.Floats(3.0 * tokens * width, 30.0 * tokens * width), operands =>
        {
            var input = operands.Input(tokens, 2 * width, 3, strided);
            var output = operands.Output("output", tokens, width, strided);
            return new(() => operands.Backend.GatedActivation(input, activation, output));
        })
    {
        Uses = Uses.Comparison,
        Floor = 3e-6,
    };

    private static OpCase Gradient(int tokens, int width, Activation activation, bool strided) => new(
        "GatedActivationGradient", Shape(tokens, width, activation, strided), 20, Work.Floats(5.0 * tokens * width, 50.0 * tokens * width), operands =>
        {
            var backend = operands.Backend;
            var input = operands.Input(tokens, 2 * width, 3, strided);
            var output = operands.Scratch(tokens, width, strided);
            var outputGradient = operands.Input(tokens, width, 1, strided);
            var inputGradient = operands.Output("input gradient", tokens, 2 * width, strided);
            return new(() => backend.GatedActivationGradient(outputGradient, input, activation, inputGradient))
            {
                Differentiation = new(
                    () => backend.GatedActivation(input, activation, output),
                    output,
                    outputGradient,
                    new Differentiation.Input("input", input, inputGradient)),
            };
        })
    {
        // An activation and its slope are good to some units of 2⁻²⁴, also where they are nearly 0; the gate is up to 3.
        Floor = 3e-6,
    };

    private static string Shape(int tokens, int width, Activation activation, bool strided) =>
        $"[{tokens}, 2 · {width}] {activation}{(strided ? " strided" : "")}";
}
