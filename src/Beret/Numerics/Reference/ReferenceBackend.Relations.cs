namespace Beret.Numerics.Reference;

/// <content>
/// The divergence of a student's relations from its teacher's (Wang et al., MiniLMv2, 2021, equations 3 to 5), a row of scores at a time: with S = A Bᵀ / √d, q = softmax(S) and p the
/// teacher's, KL(p ‖ q) = Σ p (ln p − ln q); dS = q − p, dA = dS B / √d, dB = dSᵀ A / √d.
/// </content>
internal sealed partial class ReferenceBackend
{
    public void RelationLoss(
        Matrix student, Matrix teacher, Indices starts, int longest, Relations relations, int heads, float share, Matrix losses, Matrix studentGradient)
    {
        ExpectSequences(student, starts, longest, heads);
        ExpectSequences(teacher, starts, longest, heads);
        Expect(losses, starts.Count - 1, heads);
        var kinds = Enum.GetValues<Relations>().Where(kind => kind != Relations.None && relations.HasFlag(kind)).ToArray();
        var sequence = 0;
        foreach (var (first, length) in Sequences(starts))
        {
            for (var head = 0; head < heads; head++)
            {
                var (own, its) = (Head(student.RowRange(first, length), heads, head), Head(teacher.RowRange(first, length), heads, head));
                var lost = 0.0;
                foreach (var kind in kinds)
                {
                    var ((a, b), (teacherA, teacherB)) = (Between(own, kind), Between(its, kind));
                    var (sumA, sumB) = (new double[length * a.Columns], new double[length * a.Columns]);
                    var weight = share / ((double)kinds.Length * length * Math.Sqrt(a.Columns));
                    for (var i = 0; i < length; i++)
                    {
                        var (p, teacherLogSumExp) = Softmax(teacherA, teacherB, i, Window.None, first);
                        var (q, logSumExp) = Softmax(a, b, i, Window.None, first);
                        for (var j = 0; j < length; j++)
                        {
                            var logP = Dot(Row(teacherA, i), Row(teacherB, j)) / Math.Sqrt(teacherA.Columns) - teacherLogSumExp;
                            var logQ = Dot(Row(a, i), Row(b, j)) / Math.Sqrt(a.Columns) - logSumExp;
                            lost += p[j] * (logP - logQ);
                            AddScaled(sumA.AsSpan(i * a.Columns, a.Columns), (q[j] - p[j]) * weight, Row(b, j));
                            AddScaled(sumB.AsSpan(j * a.Columns, a.Columns), (q[j] - p[j]) * weight, Row(a, i));
                        }
                    }

                    if (!studentGradient.IsNone)
                    {
                        Expect(studentGradient, student.Rows, student.Columns);
                        var (gradientA, gradientB) = Between(Head(studentGradient.RowRange(first, length), heads, head), kind);
                        for (var i = 0; i < length; i++)
                        {
                            Store(sumA.AsSpan(i * a.Columns, a.Columns), Row(gradientA, i), accumulate: true);
                            Store(sumB.AsSpan(i * a.Columns, a.Columns), Row(gradientB, i), accumulate: true);
                        }
                    }
                }

                Row(losses, sequence)[head] = (float)(lost / ((double)kinds.Length * length));
            }

            sequence++;
        }
    }

    private static (Matrix A, Matrix B) Between((Matrix Query, Matrix Key, Matrix Value) parts, Relations kind) => kind switch
    {
        Relations.QueryKey => (parts.Query, parts.Key),
        Relations.QueryQuery => (parts.Query, parts.Query),
        Relations.KeyKey => (parts.Key, parts.Key),
        Relations.ValueValue => (parts.Value, parts.Value),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
