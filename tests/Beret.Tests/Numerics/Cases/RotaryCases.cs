using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>Rotary position embeddings, forth and back.</summary>
internal static class RotaryCases
{
    private const int Positions = 40;

    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (tokens, half, heads, number) in OpCases.SizeTriples())
            {
                if (number % 3 == 0)
                {
                    yield return Case(tokens, Math.Min(heads, 5), 2 * half, inverse: OpCases.Has(0, number), strided: OpCases.Has(1, number));
                }
            }

            yield return Case(4096, 12, 64, inverse: false, strided: false) with { Uses = Uses.Speed };
        }
    }

    private static OpCase Case(int tokens, int heads, int size, bool inverse, bool strided) => new(
        "Rotate",
        $"[{tokens}, 3 · {heads} · {size}]{(inverse ? " inverse" : "")}{(strided ? " strided" : "")}",
        21,
        Work.Floats(4.0 * tokens * heads * size, 6.0 * tokens * heads * size),
        operands =>
        {
            var backend = operands.Backend;
            var angles = new float[Positions * size];
            for (var i = 0; i < Positions * size / 2; i++)
            {
                var (sin, cos) = MathF.SinCos(operands.Uniform(10));
                angles[i / (size / 2) * size + i % (size / 2)] = cos;
                angles[i / (size / 2) * size + size / 2 + i % (size / 2)] = sin;
            }

            var table = operands.Input(Positions, size, i => angles[i]);
            var positions = operands.Indices(operands.Draw(tokens, Positions));
            var input = operands.Input(tokens, 3 * heads * size);
            var output = operands.Scratch(tokens, 3 * heads * size, strided);
            var outputGradient = operands.Input(tokens, 3 * heads * size);
            var gradients = operands.Read(outputGradient);
            var matrix = operands.InOut("matrix", tokens, 3 * heads * size, i => gradients[i]);
            return new(() => backend.Rotate(matrix, table, positions, heads, !inverse))
            {
                Differentiation = new(
                    () =>
                    {
                        backend.Copy(input, output);
                        backend.Rotate(output, table, positions, heads, inverse);
                    },
                    output,
                    outputGradient,
                    new Differentiation.Input("matrix", input, matrix) { InPlace = true }),
            };
        });
}
