using System.Numerics;
using Beret.Numerics.Kernels;

namespace Beret.Numerics;

internal sealed unsafe partial class CpuBackend<V, S>
{
    public void RelationLoss(
        Matrix student, Matrix teacher, Indices starts, int longest, Relations relations, int heads, float share, Matrix losses, Matrix studentGradient)
    {
        Shapes.Require(relations != Relations.None, "there is something to compare");
        Shapes.Require(student.Rows == teacher.Rows, "teacher and student have the same tokens");
        Shapes.Require(losses.Rows == starts.Count - 1 && losses.Columns == heads, "there is a loss for each sequence and relation head");
        var arguments = new RelationDivergence<V, S>.Arguments
        {
            Student = Side(student, heads), Teacher = Side(teacher, heads), Starts = Pointer(starts), Heads = heads, Relations = relations, Share = share,
            Count = BitOperations.PopCount((uint)relations), Losses = Pointer(losses), LossesStride = losses.Stride,
        };
        if (!studentGradient.IsNone)
        {
            Shapes.RequireSame(student, studentGradient);
            arguments.Gradient = Pointer(studentGradient);
            arguments.GradientStride = studentGradient.Stride;
        }

        scratch.Reserve(RelationDivergence<V, S>.Floats(longest, arguments.Student.Size, arguments.Teacher.Size));
        arguments.Own = scratch.Own;
        pool.Run((starts.Count - 1) * heads, &RelationDivergence<V, S>.Run, &arguments);
    }

    private static RelationDivergence<V, S>.Side Side(Matrix queryKeyValue, int heads)
    {
        Shapes.Require(queryKeyValue.Columns % (3 * heads) == 0, "the relation heads share the features of queries, keys and values evenly");
        var hidden = queryKeyValue.Columns / 3;
        return new RelationDivergence<V, S>.Side
        {
            QueryKeyValue = Pointer(queryKeyValue), Stride = queryKeyValue.Stride, Hidden = hidden, Size = hidden / heads, Scale = (float)(1 / Math.Sqrt(hidden / heads)),
        };
    }
}
