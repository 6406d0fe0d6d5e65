namespace Beret.Numerics;

/// <summary>Is shown the queries, keys and values of each attention of a pass, counted from 1, as the attention is given them. [T, 3H].</summary>
internal delegate void AttentionObserver(int number, Value queryKeyValue, in BatchIndices batch);

/// <summary>What a student's attention is held to.</summary>
/// <param name="Teacher">[T, 3H′]: the teacher's queries, keys and values.</param>
/// <param name="Relations">What is compared.</param>
/// <param name="Heads">Relation heads.</param>
/// <param name="Share">The weight of each loss in what is differentiated.</param>
/// <param name="Losses">[B, heads], for the losses.</param>
internal readonly record struct RelationTarget(Matrix Teacher, Relations Relations, int Heads, float Share, Matrix Losses);

/// <content>A student's attention beside its teacher's (Wang et al., MiniLM, 2020, and MiniLMv2, 2021).</content>
internal sealed partial class Ops
{
    private int attentions;

    /// <summary>Null: nobody watches. A block that is computed anew is shown again, under the same number.</summary>
    public AttentionObserver? ObserveAttention { get; set; }

    /// <summary>
    /// Holds queries, keys and values [T, 3H] to the teacher's, when an <see cref="ObserveAttention"/> is shown them. The losses need the scores that their gradient needs, so both come at
    /// once: without a tape the losses now, with a tape losses and gradient in the backward pass.
    /// </summary>
    public void RelationLoss(Value student, in BatchIndices batch, in RelationTarget target)
    {
        if (tape is not null)
        {
            tape.Add(new Record { Operation = Operation.Relations, Output = student, Batch = batch, Relation = target, Mark = arena.Mark });
        }
        else if (!trains)
        {
            Relate(student.Data, batch, target, Matrix.None);
        }
    }

    private void Observe(Value queryKeyValue, in BatchIndices batch) => ObserveAttention?.Invoke(++attentions, queryKeyValue, batch);

    private void Relate(Matrix student, in BatchIndices batch, in RelationTarget target, Matrix gradient) =>
        backend.RelationLoss(student, target.Teacher, batch.Starts, batch.Longest, target.Relations, target.Heads, target.Share, target.Losses, gradient);
}
