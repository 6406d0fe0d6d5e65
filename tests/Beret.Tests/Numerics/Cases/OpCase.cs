using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>What a case is for.</summary>
[Flags]
internal enum Uses
{
    /// <summary>A fast backend against the reference, and against itself with other numbers of threads.</summary>
    Comparison = 1,

    /// <summary>The analytic gradient against finite differences, where the case has a <see cref="Differentiation"/>.</summary>
    Gradient = 2,

    /// <summary>A realistic shape, for the benchmark.</summary>
    Speed = 4,

    Correctness = Comparison | Gradient,
}

/// <summary>What one run of a case costs: floating-point operations, and bytes that have to be read or written at least once.</summary>
internal readonly record struct Work(double Flops, double Bytes)
{
    /// <summary>Work bound by memory: so many floats read or written, so many operations.</summary>
    public static Work Floats(double moved, double flops = 0) => new(flops, moved * sizeof(float));
}

/// <summary>One operation on one shape. The same list drives the comparison of backends, the check of the gradients and the benchmark.</summary>
/// <param name="Operation">The name of the operation of <see cref="IBackend"/>, or of a chain of them.</param>
/// <param name="Shape">The rest of the case's name.</param>
/// <param name="Seed">Of the operands' values.</param>
/// <param name="Bind">Makes the operands on a backend; what it returns runs the operation on them.</param>
internal sealed record OpCase(string Operation, string Shape, int Seed, Work Work, Func<Operands, Bound> Bind)
{
    public Uses Uses { get; init; } = Uses.Correctness;

    /// <summary>
    /// How far a fast backend may be from the reference, as a share of an output's largest entry. Zero: the seam leaves no room, every value is the same.
    /// </summary>
    public double Tolerance { get; init; } = 2e-6;

    /// <summary>How far it may be in any case: for outputs that are zero but for rounding.</summary>
    public double Floor { get; init; } = 1e-30;

    public string Name => $"{Operation} {Shape}";

    public override string ToString() => Name;

    /// <summary>Runs the case once on a backend and returns its named outputs.</summary>
    /// <exception cref="InvalidOperationException">The operation wrote where it should not.</exception>
    public IReadOnlyList<Output> RunOn(IBackend backend)
    {
        using var operands = new Operands(backend, Seed);
        Bind(operands).Run();
        operands.CheckUntouched();
        return operands.ReadOutputs();
    }

    /// <summary>What differs between two results of this case, or null where nothing does.</summary>
    public string? Difference(IReadOnlyList<Output> expected, IReadOnlyList<Output> actual)
    {
        foreach (var (want, got) in expected.Zip(actual))
        {
            var limit = Tolerance == 0 ? 0 : Math.Max(Floor, Tolerance * want.Values.Select(Math.Abs).DefaultIfEmpty().Max());
            for (var i = 0; i < want.Values.Length; i++)
            {
                if (!(Math.Abs(got.Values[i] - want.Values[i]) <= limit))
                {
                    return $"{Name}: {want.Name}[{i}] is {got.Values[i]:G9}, the reference {want.Values[i]:G9}, allowed ±{limit:G3}";
                }
            }
        }

        return null;
    }
}

/// <summary>An output of a case: its values, row by row.</summary>
internal sealed record Output(string Name, double[] Values);

/// <summary>A case whose operands lie on a backend.</summary>
internal sealed record Bound(Action Run)
{
    public Differentiation? Differentiation { get; init; }
}

/// <summary>The function whose gradient a case computes: Σ OutputGradient ∘ Output as a function of the inputs.</summary>
/// <param name="Forward">Computes Output from the inputs, as often as it is called.</param>
internal sealed record Differentiation(Action Forward, Matrix Output, Matrix OutputGradient, params Differentiation.Input[] Inputs)
{
    /// <param name="Gradient">What the case adds to, or overwrites with, the gradient of <paramref name="Value"/>.</param>
    internal sealed record Input(string Name, Matrix Value, Matrix Gradient)
    {
        /// <summary>The gradient lies in the place of what the case reads, which is not a gradient gathered before.</summary>
        public bool InPlace { get; init; }
    }
}
