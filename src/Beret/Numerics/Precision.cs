using Beret.Numerics.Assembled;

namespace Beret.Numerics;

/// <summary>
/// The arithmetic of an encoder's matrix products. Weights, activations and everything between the products stay fp32, and so do the pooler and the classifier.
/// </summary>
public enum Precision
{
    /// <summary>32-bit floats.</summary>
    Float32,

    /// <summary>
    /// Factors are rounded to bfloat16 (8 significant bits), sums are fp32. About twice as fast where the processor has the instruction (AVX512_BF16); the same numbers, without the
    /// gain, where it has not.
    /// </summary>
    BFloat16,

    /// <summary>
    /// Weights are quantized to signed bytes with a scale for each output, activations as they come with a scale for each token; sums are exact integers. For inference. About four times
    /// as fast where the processor has the instruction (AVX512_VNNI); the same numbers, without the gain, where it has not.
    /// </summary>
    Int8,

    /// <summary><see cref="BFloat16"/> where the processor has the instruction, else <see cref="Float32"/>.</summary>
    Auto,
}

/// <summary>Precisions by name, and what this processor makes of them.</summary>
public static class Precisions
{
    private static readonly (string Name, Precision Precision)[] Named =
        [("fp32", Precision.Float32), ("bf16", Precision.BFloat16), ("int8", Precision.Int8), ("auto", Precision.Auto)];

    /// <summary>The names: fp32, bf16, int8, auto.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Named.Select(pair => pair.Name)];

    /// <summary>The precision of a name.</summary>
    /// <exception cref="BeretException">There is none of this name.</exception>
    public static Precision Parse(string name)
    {
        foreach (var pair in Named)
        {
            if (pair.Name == name)
            {
                return pair.Precision;
            }
        }

        throw new BeretException($"there is no precision \"{name}\"; there are {string.Join(", ", Names)}");
    }

    /// <summary>The name of a precision.</summary>
    public static string Format(this Precision precision) => Named.Single(pair => pair.Precision == precision).Name;

    /// <summary>What <see cref="Precision.Auto"/> means on this processor; any other precision is itself.</summary>
    public static Precision Resolve(this Precision precision) =>
        precision != Precision.Auto ? precision : HasInstruction(Precision.BFloat16) ? Precision.BFloat16 : Precision.Float32;

    /// <summary>Whether this processor has an instruction for the precision, so that it is faster than fp32.</summary>
    public static bool HasInstruction(Precision precision) => precision.Resolve() switch
    {
        Precision.BFloat16 => InstructionSets.Chosen() == InstructionSet.Vector512 && DotProducts.AreThere(DotProduct.BFloat16),
        Precision.Int8 => InstructionSets.Chosen() == InstructionSet.Vector512 && DotProducts.AreThere(DotProduct.Int8),
        _ => true,
    };

    internal static ElementType Arithmetic(this Precision precision) => precision.Resolve() switch
    {
        Precision.BFloat16 => ElementType.BFloat16,
        Precision.Int8 => ElementType.Int8,
        _ => ElementType.Float32,
    };
}
