using Beret.Numerics;
using Beret.Numerics.Kernels;

namespace Beret.Tests.Numerics;

/// <summary>The environment variable that forces an instruction set. The whole is run again under each by .ci/run, so these hold whatever it says.</summary>
public class InstructionSetTests
{
    private static readonly string? Forced = Environment.GetEnvironmentVariable(InstructionSets.Variable);

    [Fact]
    public void The_variable_is_obeyed()
    {
        InstructionSet expected = Forced switch
        {
            null or "" => InstructionSets.Widest,
            "scalar" => InstructionSet.Scalar,
            _ => Enum.Parse<InstructionSet>($"Vector{Forced}"),
        };
        Assert.Equal(expected, InstructionSets.Chosen());
        using var backend = CpuBackend.Create(1);
        Assert.Equal(Backend(expected), backend.GetType().GetGenericArguments()[1]);
    }

    [Fact]
    public void Every_narrower_set_is_supported_too() =>
        Assert.Equal(Enum.GetValues<InstructionSet>().Where(set => set <= InstructionSets.Widest), InstructionSets.Supported);

    private static Type Backend(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => typeof(Simd512),
        InstructionSet.Vector256 => typeof(Simd256),
        InstructionSet.Vector128 => typeof(Simd128),
        _ => typeof(SimdScalar),
    };
}
