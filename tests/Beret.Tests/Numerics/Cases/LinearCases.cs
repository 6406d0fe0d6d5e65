using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>Linear and the packing of its weight.</summary>
internal static class LinearCases
{
    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var (tokens, outputs, inputs, number) in OpCases.SizeTriples())
            {
                yield return Case(new(tokens, outputs, inputs)
                {
                    Activation = (Activation)(number % 5),
                    Bias = OpCases.Has(0, number),
                    Packed = OpCases.Has(1, number),
                    Derivative = OpCases.Has(2, number),
                    Strided = OpCases.Has(3, number),
                });
            }

            foreach (var activation in Enum.GetValues<Activation>())
            {
                yield return Case(new(33, 48, 65) { Activation = activation, Derivative = true });
                yield return Case(new(33, 48, 65) { Activation = activation, Packed = true });
                foreach (var range in (float[])[1, 6, 30, 1e4f])
                {
                    yield return Range(activation, -range, range);
                }

                yield return Range(activation, -8, -0.5f);
            }

            // Beyond one cache block in each direction.
            foreach (var packed in (bool[])[false, true])
            {
                yield return Case(new(150, 200, 1000) { Packed = packed });
                yield return Case(new(67, 1536, 384) { Packed = packed, Activation = Activation.Gelu, Derivative = true });
                yield return Case(new(40, 384, 1536) { Packed = packed, Strided = true });
                yield return Case(new(1, 384, 384) { Packed = packed });
                yield return Case(new(300, 24, 40) { Packed = packed });
            }

            // The layers of MiniLM (H = 384) and of BERT base (H = 768), for 32 texts of 128 tokens, and for one short text.
            foreach (var (tokens, hidden) in ((int, int)[])[(4096, 384), (4096, 768), (16, 384), (1, 384)])
            {
                foreach (var packed in (bool[])[false, true])
                {
                    yield return Speed(new(tokens, 3 * hidden, hidden) { Packed = packed });
                    yield return Speed(new(tokens, hidden, hidden) { Packed = packed });
                    yield return Speed(new(tokens, 4 * hidden, hidden) { Packed = packed, Activation = Activation.Gelu });
                    yield return Speed(new(tokens, 4 * hidden, hidden) { Packed = packed, Activation = Activation.Gelu, Derivative = true });
                    yield return Speed(new(tokens, hidden, 4 * hidden) { Packed = packed });
                }
            }

            yield return Pack(1536, 384);
            yield return Pack(3072, 768);
        }
    }

    private sealed record Layer(int Tokens, int Outputs, int Inputs)
    {
        public Activation Activation { get; init; }

        public bool Bias { get; init; } = true;

        public bool Packed { get; init; }

        public bool Derivative { get; init; }

        public bool Strided { get; init; }

        public override string ToString() =>
            $"[{Tokens}, {Inputs}] → {Outputs} {Activation}"
            + $"{(Bias ? " bias" : "")}{(Packed ? " packed" : "")}{(Derivative ? " derivative" : "")}{(Strided ? " strided" : "")}";

        public Work Work => new(
            2.0 * Tokens * Inputs * Outputs,
            sizeof(float) * ((double)Tokens * Inputs + (double)Inputs * Outputs + (Derivative ? 2.0 : 1.0) * Tokens * Outputs));
    }

    private static OpCase Speed(Layer layer) => Case(layer) with { Uses = Uses.Speed };

    private static OpCase Case(Layer layer) => new("Linear", layer.ToString(), 1, layer.Work, operands =>
    {
        var backend = operands.Backend;
        var input = operands.Input(layer.Tokens, layer.Inputs, 1, layer.Strided);

        // Sums of about 1, where the activations bend.
        var weight = operands.Input(layer.Outputs, layer.Inputs, 3 / MathF.Sqrt(layer.Inputs), layer.Strided);
        var bias = layer.Bias ? operands.Input(1, layer.Outputs) : Matrix.None;
        var packed = layer.Packed ? operands.Scratch(1, (int)backend.PackedLength(layer.Outputs, layer.Inputs)) : Matrix.None;
        var derivative = layer.Derivative ? operands.Output("derivative", layer.Tokens, layer.Outputs, layer.Strided) : Matrix.None;
        var output = operands.Output("output", layer.Tokens, layer.Outputs, layer.Strided);
        if (layer.Packed)
        {
            backend.PackWeight(weight, packed);
        }

        return new(() => backend.Linear(input, weight, packed, bias, layer.Activation, derivative, output));
    })
    {
        // A sum of K terms that walks to about 1 gathers rounding errors of some √K · 2⁻²⁴ / 2. Four of these, also where the derivative is small.
        Floor = 2 * Math.Sqrt(layer.Inputs) / (1 << 24),
    };

    /// <summary>The activation itself, over a range: a Linear with one input and the weight 1.</summary>
    private static OpCase Range(Activation activation, float low, float high)
    {
        const int points = 2001;
        return new("Linear", $"{activation} over [{low}, {high}]", 1, Work.Floats(3 * points), operands =>
        {
            var input = operands.Input(points, 1, i => low + (high - low) * i / (points - 1));
            var weight = operands.Input(1, 1, _ => 1);
            var derivative = operands.Output("derivative", points, 1);
            var output = operands.Output("output", points, 1);
            return new(() => operands.Backend.Linear(input, weight, Matrix.None, Matrix.None, activation, derivative, output));
        })
        {
            // An activation is x times a factor between 0 and 1 that is good to some units of 2⁻²⁴, also where it is nearly 0.
            Floor = Math.Min(8, Math.Max(Math.Abs(low), Math.Abs(high))) / (1 << 22),
        };
    }

    private static OpCase Pack(int outputs, int inputs) => new("PackWeight", $"[{outputs}, {inputs}]", 1, Work.Floats(2.0 * outputs * inputs), operands =>
    {
        var weight = operands.Input(outputs, inputs);
        var packed = operands.Scratch(1, (int)operands.Backend.PackedLength(outputs, inputs));
        return new(() => operands.Backend.PackWeight(weight, packed));
    })
    {
        Uses = Uses.Speed,
    };
}
