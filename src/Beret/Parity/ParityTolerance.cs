namespace Beret.Parity;

/// <summary>
/// How far apart two programs may be, by what is compared: five to ten times what each of them is from the same computation in double precision.
/// </summary>
/// <param name="IsTensorFlow">Whether the file is TensorFlow's.</param>
/// <param name="Family">The architecture.</param>
/// <param name="BringsHead">Whether the classifier came with the file; otherwise it is the model's own.</param>
/// <param name="Chosen">Replaces all of them: absolute, and for gradients also relative to the tensor's largest entry.</param>
internal sealed record ParityTolerance(bool IsTensorFlow, string Family, bool BringsHead, double? Chosen)
{
    /// <summary>What is allowed of a tensor.</summary>
    /// <param name="name">In Beret's naming.</param>
    /// <param name="largest">Its largest entry.</param>
    public double For(string name, double largest) =>
        name.StartsWith("grad", StringComparison.Ordinal) ? Math.Max(Chosen ?? 5e-6, (Chosen ?? 3e-5) * largest)
        : Chosen ?? (IsTensorFlow ? OfTensorFlow(name) : OfHuggingFace(name));

    private double OfTensorFlow(string name) => name switch
    {
        "loss" => 2e-6,

        // A logit that is off by d moves a probability by at most d / 4.
        "probabilities" => OfTensorFlow("logits") / 4,
        "logits" when !BringsHead => 1e-5,
        _ => Family == "talking-heads" ? 5e-5 : 2e-5,
    };

    private static double OfHuggingFace(string name) =>
        name switch { "loss" or "attn.0" => 1e-5, _ => name.StartsWith("hidden", StringComparison.Ordinal) ? 1e-4 : 3e-5 };
}
