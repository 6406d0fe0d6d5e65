using System.Diagnostics.CodeAnalysis;

namespace Beret.Numerics;

/// <summary>Checks of operands. One that fails is a defect of the caller, never of the user's input.</summary>
internal static class Shapes
{
    public static void Require([DoesNotReturnIf(false)] bool condition, string rule)
    {
        if (!condition)
        {
            Throw(rule);
        }
    }

    public static void RequireSame(Matrix a, Matrix b) => Require(a.Rows == b.Rows && a.Columns == b.Columns, "both matrices have one shape");

    [DoesNotReturn]
    private static void Throw(string rule) => throw new InvalidOperationException($"operand shapes do not fit: {rule}");
}
