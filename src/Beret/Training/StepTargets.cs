using Beret.Tasks;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>What the texts of a step are held to: their labels' targets, a teacher's logits, and whether the model has them right.</summary>
/// <param name="texts">All that are learned from.</param>
/// <param name="objective">What is minimised over labels.</param>
/// <param name="answers">What the teacher says of each, or null.</param>
/// <param name="batchSize">The most texts at once.</param>
internal sealed class StepTargets(RunTexts texts, Objective objective, TeacherAnswers? answers, int batchSize)
{
    private readonly float[] targets = new float[batchSize * objective.TargetSize];
    private readonly float[] teaching = answers is null ? [] : new float[batchSize * texts.Task.Outputs];
    private double factor = 1;

    private ClassificationTask Task => texts.Task;

    /// <summary>Begins a step on some texts, over whose weights the mean is taken.</summary>
    public void Begin(ReadOnlySpan<int> members)
    {
        var (count, weights) = (0, 0.0);
        foreach (var member in members)
        {
            if (texts.HasLabel(member))
            {
                count++;
                weights += objective.WeightOf(texts.Learned[member]);
            }
        }

        factor = count == 0 ? 1 : count / weights;
    }

    /// <summary>The targets of some of these texts; those of one without a label are <see cref="RunTexts.NoLabel"/>.</summary>
    public ReadOnlySpan<float> Labels(ReadOnlySpan<int> members)
    {
        var size = objective.TargetSize;
        for (var i = 0; i < members.Length; i++)
        {
            var target = targets.AsSpan(i * size, size);
            if (texts.HasLabel(members[i]))
            {
                objective.WriteTarget(texts.Learned[members[i]], target, factor);
            }
            else
            {
                target.Fill(RunTexts.NoLabel);
            }
        }

        return targets.AsSpan(0, members.Length * size);
    }

    /// <summary>The teacher's logits for some of them; nothing where there is no teacher.</summary>
    public ReadOnlySpan<float> Teaching(ReadOnlySpan<int> members)
    {
        if (answers is null)
        {
            return default;
        }

        for (var i = 0; i < members.Length; i++)
        {
            answers[members[i]].CopyTo(teaching.AsSpan(i * Task.Outputs));
        }

        return teaching.AsSpan(0, members.Length * Task.Outputs);
    }

    /// <summary>How many the model has right; a text without a label has its teacher's.</summary>
    /// <param name="members">The texts.</param>
    /// <param name="logits">What the model computed for them.</param>
    public int Correct(ReadOnlySpan<int> members, ReadOnlySpan<float> logits)
    {
        var correct = 0;
        for (var i = 0; i < members.Length; i++)
        {
            var label = texts.HasLabel(members[i]) ? texts.Learned[members[i]].Label : Task.Decide(answers![members[i]]);
            correct += Task.Decide(logits.Slice(i * Task.Outputs, Task.Outputs)) == label ? 1 : 0;
        }

        return correct;
    }
}
