namespace Beret.Numerics.Reference;

/// <content>The activations and their derivatives, in double precision, and the gated ones.</content>
internal sealed partial class ReferenceBackend
{
    public void GatedActivation(Matrix input, Activation activation, Matrix output)
    {
        Expect(input, output.Rows, 2 * output.Columns);
        for (var t = 0; t < output.Rows; t++)
        {
            var x = Row(input, t);
            var y = Row(output, t);
            for (var c = 0; c < y.Length; c++)
            {
                y[c] = (float)(Activate(activation, x[c]).Value * x[y.Length + c]);
            }
        }
    }

    public void GatedActivationGradient(Matrix outputGradient, Matrix input, Activation activation, Matrix inputGradient)
    {
        var (tokens, width) = (outputGradient.Rows, outputGradient.Columns);
        Expect(input, tokens, 2 * width);
        Expect(inputGradient, tokens, 2 * width);
        for (var t = 0; t < tokens; t++)
        {
            var x = Row(input, t);
            var dy = Row(outputGradient, t);
            var dx = Row(inputGradient, t);
            for (var c = 0; c < width; c++)
            {
                var (value, slope) = Activate(activation, x[c]);
                dx[c] = (float)(dy[c] * (double)x[width + c] * slope);
                dx[width + c] = (float)(dy[c] * value);
            }
        }
    }

    /// <summary>f(x) and f′(x).</summary>
    private static (double Value, double Derivative) Activate(Activation activation, double x)
    {
        switch (activation)
        {
            case Activation.None:
                return (x, 1);

            // Hendrycks and Gimpel 2016: x Φ(x), whose derivative is Φ(x) + x φ(x).
            case Activation.Gelu:
                var distribution = ErrorFunction.NormalDistribution(x);
                return (x * distribution, distribution + x * ErrorFunction.NormalDensity(x));

            // Their approximation: with u = √(2/π) (x + 0.044715 x³), x (1 + tanh u) / 2.
            case Activation.GeluTanh:
                var root = Math.Sqrt(2 / Math.PI);
                var tanh = Math.Tanh(root * (x + 0.044715 * x * x * x));
                var slope = root * (1 + 3 * 0.044715 * x * x);
                return (0.5 * x * (1 + tanh), 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * slope);

            case Activation.Tanh:
                var y = Math.Tanh(x);
                return (y, 1 - y * y);

            // At 0 the derivative is taken as 0, as PyTorch does.
            case Activation.Relu:
                return x > 0 ? (x, 1) : (0, 0);

            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, null);
        }
    }
}
