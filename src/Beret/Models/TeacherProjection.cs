using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// What stands between an encoder and a teacher's states, which its own are to equal: a learnt dense layer to the teacher's width (Jiao et al., "TinyBERT", 2020, equation 8), or nothing where
/// the states are compared as they are. It is no part of the model.
/// </summary>
internal sealed class TeacherProjection
{
    private readonly Dense? dense;

    /// <param name="set">The model's parameters.</param>
    /// <param name="width">The size of the encoder's states.</param>
    /// <param name="teacherWidth">The size of the teacher's, which those of the encoder are projected to; 0: they are not.</param>
    /// <param name="exact">As <see cref="ParameterSet.DeclareDense"/> takes it.</param>
    public TeacherProjection(ParameterSet set, int width, int teacherWidth, bool exact = false) =>
        dense = teacherWidth == 0 ? null : set.DeclareDense("", ["teacher_projection"], width, teacherWidth, exact: exact);

    public IEnumerable<Parameter> Parameters => dense is null ? [] : [.. dense.Weights, .. dense.Biases];

    public bool Has(Parameter parameter) => dense?.Has(parameter) ?? false;

    /// <summary>The mean squared difference of some tokens' states from a teacher's: [M, 1]. With a tape, the gradient of their mean starts a part of the backward pass.</summary>
    /// <param name="ops">The operations.</param>
    /// <param name="states">The encoder's, [T, H].</param>
    /// <param name="rows">The tokens.</param>
    /// <param name="targets">The teacher's states, [M, teacher's width].</param>
    /// <param name="weight">What the mean is multiplied by in what is differentiated.</param>
    public Matrix Loss(Ops ops, Value states, ReadOnlySpan<int> rows, ReadOnlySpan<float> targets, double weight = 1)
    {
        var matrix = ops.Arena.Take(rows.Length, targets.Length / rows.Length);
        ops.Backend.Write(targets, matrix);
        var some = ops.Gather(states, ops.Upload(rows));
        return ops.Loss(Numerics.Loss.MeanSquaredError, dense is null ? some : ops.Linear(some, dense), matrix, weight);
    }
}
