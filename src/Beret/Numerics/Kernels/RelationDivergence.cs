using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>
/// How far a student's relations in one sequence and relation head are from its teacher's, and the gradient, one relation A·Bᵀ after the other. As in <see cref="Attention{V, S}"/>, the scores
/// of a panel of rows of A with all rows of B lie transposed in cache, those of the teacher and those of the student, which become the slopes in their place; nothing of size tokens × tokens
/// reaches memory.
/// </summary>
internal static unsafe class RelationDivergence<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>One of the two models.</summary>
    public struct Side
    {
        public float* QueryKeyValue;
        public nint Stride;
        public int Hidden;

        /// <summary>Features of a relation head.</summary>
        public int Size;
        public float Scale;
    }

    public struct Arguments
    {
        public Side Student;
        public Side Teacher;
        public int* Starts;
        public int Heads;
        public Relations Relations;

        /// <summary>Of the relations.</summary>
        public int Count;
        public float Share;
        public float* Losses;
        public nint LossesStride;

        /// <summary>As the student's queries, keys and values lie, or null.</summary>
        public float* Gradient;
        public nint GradientStride;
        internal float** Own;
    }

    private static int Strip => Attention<V, S>.Strip;

    /// <summary>Floats of scratch memory that a task needs.</summary>
    public static long Floats(int longest, int studentSize, int teacherSize) => new Room(null, longest, studentSize, teacherSize).Floats;

    /// <summary>Task = sequence · heads + relation head.</summary>
    public static void Run(void* state, int task, int slot)
    {
        ref var g = ref *(Arguments*)state;
        var (sequence, head) = (task / g.Heads, task % g.Heads);
        var start = g.Starts[sequence];
        var length = g.Starts[sequence + 1] - start;
        var room = new Room(g.Own[slot], length, g.Student.Size, g.Teacher.Size);
        var gradient = g.Gradient is null ? null : g.Gradient + start * g.GradientStride + head * g.Student.Size;
        var lost = 0.0;
        for (var left = (uint)g.Relations; left != 0; left &= left - 1)
        {
            // The thirds of the columns that the relation is between.
            var (a, b) = (Relations)(left & (~left + 1)) switch
            {
                Relations.QueryKey => (0, 1),
                Relations.QueryQuery => (0, 0),
                Relations.KeyKey => (1, 1),
                _ => (2, 2),
            };
            lost += Relate(
                ref g, room, length, Part(g.Student, start, head, a), Part(g.Student, start, head, b), Part(g.Teacher, start, head, a), Part(g.Teacher, start, head, b),
                gradient is null ? null : gradient + a * g.Student.Hidden, gradient is null ? null : gradient + b * g.Student.Hidden);
        }

        g.Losses[sequence * g.LossesStride + head] = (float)(lost / ((double)g.Count * length));
    }

    private static float* Part(in Side side, int start, int head, int part) => side.QueryKeyValue + start * side.Stride + part * side.Hidden + head * side.Size;

    /// <summary>The sum of the divergences of one relation's rows; the gradients are added to.</summary>
    private static double Relate(
        ref Arguments g, in Room room, int length, float* studentA, float* studentB, float* teacherA, float* teacherB, float* gradientA, float* gradientB)
    {
        var width = Tile.Width<V, S>();
        var (student, teacher) = (g.Student, g.Teacher);
        var slope = S.Broadcast((float)(g.Share * student.Scale / ((double)g.Count * length)));
        Attention<V, S>.RowStrips(studentB, student.Stride, length, student.Size, room.StudentStrips);
        Attention<V, S>.RowStrips(teacherB, teacher.Stride, length, teacher.Size, room.TeacherStrips);
        if (gradientA is not null)
        {
            Attention<V, S>.ColumnStrips(studentB, student.Stride, student.Size, length, room.Columns);
            new Span<float>(room.SumB, checked((int)((long)room.Keys * room.Wide))).Clear();
        }

        var lost = 0.0;
        for (var first = 0; first < length; first += width)
        {
            var count = Math.Min(width, length - first);
            Pack.Transposed(teacherA + first * teacher.Stride, teacher.Stride, count, width, teacher.Size, room.Panel);
            Attention<V, S>.Multiply(room.TeacherStrips, length, teacher.Size, room.Panel, room.TeacherScores);
            Pack.Transposed(studentA + first * student.Stride, student.Stride, count, width, student.Size, room.Panel);
            Attention<V, S>.Multiply(room.StudentStrips, length, student.Size, room.Panel, room.Scores);
            for (var half = 0; half < count; half += S.Count)
            {
                S.Store(room.Panel, Diverge(room.TeacherScores + half, room.Scores + half, length, teacher.Scale, student.Scale, slope, gradientA is not null));
                for (var i = 0; i < Math.Min(S.Count, count - half); i++)
                {
                    lost += room.Panel[i];
                }
            }

            if (gradientA is null)
            {
                continue;
            }

            // dB += dSᵀ A, summed over this panel's rows.
            var rows = studentA + first * student.Stride;
            for (var column = 0; column < student.Size; column += width)
            {
                Pack.Direct(rows + column, student.Stride, Math.Min(width, student.Size - column), width, count, room.Rows);
                Attention<V, S>.Sum(room.Scores, length, room.Rows, width, room.SumB + column, room.Wide, count);
            }

            // dAᵀ = Bᵀ dSᵀ
            for (var f = 0; f < room.Features; f += Strip)
            {
                Tile.Packed<V, S>(Strip, room.Columns + (nint)f * length, room.Scores, width, room.PanelA + (nint)f * width, width, length, accumulate: false);
            }

            Pack.Transpose(room.PanelA, width, student.Size, count, room.RowsA, student.Size);
            for (var i = 0; i < count; i++)
            {
                Elementwise<V, S>.Add(gradientA + (first + i) * g.GradientStride, room.RowsA + i * student.Size, student.Size);
            }
        }

        for (var t = 0; t < length && gradientB is not null; t++)
        {
            Elementwise<V, S>.Add(gradientB + t * g.GradientStride, room.SumB + (nint)t * room.Wide, student.Size);
        }

        return lost;
    }

    /// <summary>
    /// The columns' Σ p (ln p − ln q), with p = softmax(scale · teacher) and q = softmax(scale · scores); where wanted, scores → (q − p) · slope. All powers and logarithms on the way are to
    /// the base 2.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V Diverge(float* teacher, float* scores, int length, float teacherScale, float scale, V slope, bool wantsSlopes)
    {
        var width = Tile.Width<V, S>();
        var (teacherFactor, factor) = (S.Broadcast(teacherScale * VectorMath.Log2E), S.Broadcast(scale * VectorMath.Log2E));
        var (teacherLogSum, logSum) = (LogSum(teacher, length, teacherFactor), LogSum(scores, length, factor));
        var sum = S.Zero;
        for (var t = 0; t < length; t++)
        {
            var place = (nint)t * width;
            var logP = S.Subtract(S.Multiply(teacherFactor, S.Load(teacher + place)), teacherLogSum);
            var logQ = S.Subtract(S.Multiply(factor, S.Load(scores + place)), logSum);
            var p = VectorMath.Exp2<V, S>(logP);
            sum = S.MultiplyAdd(p, S.Subtract(logP, logQ), sum);
            if (wantsSlopes)
            {
                S.Store(scores + place, S.Multiply(S.Subtract(VectorMath.Exp2<V, S>(logQ), p), slope));
            }
        }

        return S.Multiply(sum, S.Broadcast(1 / VectorMath.Log2E));
    }

    /// <summary>The columns' log₂ Σ 2^(factor · score).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V LogSum(float* scores, int length, V factor)
    {
        var width = Tile.Width<V, S>();
        var highest = Attention<V, S>.Highest(scores, length);
        var sum = S.Zero;
        for (var t = 0; t < length; t++)
        {
            sum = S.Add(sum, VectorMath.Exp2<V, S>(S.Multiply(factor, S.Subtract(S.Load(scores + (nint)t * width), highest))));
        }

        var lanes = stackalloc float[S.Count];
        S.Store(lanes, sum);
        for (var i = 0; i < S.Count; i++)
        {
            lanes[i] = (float)Math.Log2(lanes[i]);
        }

        return S.MultiplyAdd(factor, highest, S.Load(lanes));
    }

    /// <summary>A task's scratch memory.</summary>
    private readonly struct Room
    {
        public readonly int Keys;
        public readonly int Features;
        public readonly int Wide;

        /// <summary>[strips of rows of B].</summary>
        public readonly float* StudentStrips;
        public readonly float* TeacherStrips;

        /// <summary>[strips of columns of the student's B].</summary>
        public readonly float* Columns;

        /// <summary>[Keys, Wide].</summary>
        public readonly float* SumB;

        /// <summary>[Keys, a panel].</summary>
        public readonly float* TeacherScores;
        public readonly float* Scores;

        /// <summary>[features, a panel].</summary>
        public readonly float* Panel;
        public readonly float* PanelA;

        /// <summary>[a panel, a panel's columns].</summary>
        public readonly float* Rows;

        /// <summary>[a panel, the head's features].</summary>
        public readonly float* RowsA;
        public readonly long Floats;

        public Room(float* memory, int length, int studentSize, int teacherSize)
        {
            var width = Tile.Width<V, S>();
            Keys = Attention<V, S>.RoundUp(length, Strip);
            Features = Attention<V, S>.RoundUp(studentSize, Strip);
            Wide = Attention<V, S>.RoundUp(studentSize, width);
            StudentStrips = memory;
            TeacherStrips = StudentStrips + (nint)Keys * studentSize;
            Columns = TeacherStrips + (nint)Keys * teacherSize;
            SumB = Columns + (nint)Features * length;
            TeacherScores = SumB + (nint)Keys * Wide;
            Scores = TeacherScores + (nint)Keys * width;
            Panel = Scores + (nint)Keys * width;
            PanelA = Panel + (nint)Math.Max(studentSize, teacherSize) * width;
            Rows = PanelA + (nint)Features * width;
            RowsA = Rows + (nint)width * width;
            Floats = RowsA + (nint)width * studentSize - memory;
        }
    }
}
