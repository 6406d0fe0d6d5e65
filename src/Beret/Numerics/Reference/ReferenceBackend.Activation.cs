namespace Beret.Numerics.Reference;

/// <content>The activations and their derivatives, in double precision.</content>
internal sealed partial class ReferenceBackend
{
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
