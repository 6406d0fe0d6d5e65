using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Beret.Numerics;

/// <summary>The vector widths that the kernels are compiled for.</summary>
internal enum InstructionSet
{
    Scalar,
    Vector128,
    Vector256,
    Vector512,
}

/// <summary>Chooses the instruction set: the widest that the processor has, unless the environment variable <c>BERET_SIMD</c> forces another.</summary>
internal static class InstructionSets
{
    public const string Variable = "BERET_SIMD";

    public static InstructionSet Widest { get; } =
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported ? InstructionSet.Vector512
        : Vector256.IsHardwareAccelerated && Fma.IsSupported ? InstructionSet.Vector256
        : Vector128.IsHardwareAccelerated ? InstructionSet.Vector128
        : InstructionSet.Scalar;

    public static IEnumerable<InstructionSet> Supported => Enum.GetValues<InstructionSet>().Where(set => set <= Widest);

    /// <summary>The forced set, or the widest.</summary>
    /// <exception cref="BeretException">The variable names no set, or one that this processor lacks.</exception>
    public static InstructionSet Chosen()
    {
        var text = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(text))
        {
            return Widest;
        }

        InstructionSet? set = text.ToLowerInvariant() switch
        {
            "scalar" => InstructionSet.Scalar,
            "128" => InstructionSet.Vector128,
            "256" => InstructionSet.Vector256,
            "512" => InstructionSet.Vector512,
            _ => null,
        };
        return set switch
        {
            null => throw new BeretException($"{Variable}={text} names no instruction set; it can be scalar, 128, 256 or 512"),
            { } wide when wide > Widest => throw new BeretException($"{Variable}={text} needs wider vectors than this processor has ({Name(Widest)})"),
            { } chosen => chosen,
        };
    }

    public static string Name(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => "512-bit vectors (AVX-512)",
        InstructionSet.Vector256 => "256-bit vectors (AVX2)",
        InstructionSet.Vector128 => "128-bit vectors",
        _ => "scalar",
    };
}
