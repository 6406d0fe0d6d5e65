using Beret.Models;
using Beret.Numerics;

namespace Beret.Training.Teachers;

/// <summary>Holds the attention of a student's last layer to that of a teacher's layer (Wang et al., "MiniLMv2", 2021).</summary>
internal sealed class RelationComparison
{
    private readonly IBackend backend;
    private readonly TrainingRecipe recipe;
    private readonly EncoderConfig teacher;
    private readonly int studentLayers;
    private readonly int layer;
    private readonly int heads;
    private Matrix queryKeyValue;
    private Matrix losses;
    private float[] read = [];

    /// <param name="backend">Of both models.</param>
    /// <param name="recipe">What is compared; checked.</param>
    /// <param name="studentLayers">The student's.</param>
    /// <param name="teacher">The teacher's sizes.</param>
    public RelationComparison(IBackend backend, TrainingRecipe recipe, int studentLayers, EncoderConfig teacher)
    {
        this.backend = backend;
        this.recipe = recipe;
        this.teacher = teacher;
        this.studentLayers = studentLayers;
        layer = recipe.RelationLayer == 0 ? teacher.Layers : recipe.RelationLayer;
        heads = HeadsOf(recipe, teacher);
    }

    /// <summary>Checks what a recipe wants against the sizes of both models.</summary>
    /// <param name="recipe">What is to be compared.</param>
    /// <param name="student">The student's sizes.</param>
    /// <param name="teacher">The teacher's.</param>
    /// <param name="name">The teacher's name.</param>
    /// <exception cref="TrainingException">The teacher has no such layer, or the heads do not fit.</exception>
    public static void Check(TrainingRecipe recipe, EncoderConfig student, EncoderConfig teacher, string name)
    {
        if (recipe.RelationLayer > teacher.Layers)
        {
            throw new TrainingException($"--relation-layer is {recipe.RelationLayer}, and the teacher {name} has {teacher.Layers} layers");
        }

        var heads = HeadsOf(recipe, teacher);
        if (student.HiddenSize % heads != 0 || teacher.HiddenSize % heads != 0)
        {
            var possible = Enumerable.Range(1, student.HiddenSize).Where(count => student.HiddenSize % count == 0 && teacher.HiddenSize % count == 0);
            throw new TrainingException(
                $"{heads} relation heads do not share the {student.HiddenSize} features of the student and the {teacher.HiddenSize} of the teacher evenly: "
                + $"choose --relation-heads {string.Join(", ", possible.OrderBy(count => Math.Abs(count - heads)).Take(6).Order())}");
        }
    }

    /// <summary>What is compared, in a line.</summary>
    public override string ToString() => $"layer {layer} of {teacher.Layers}, {heads} relation heads";

    /// <summary>Makes room for what the teacher is about to show.</summary>
    /// <param name="arena">Of the teacher's pass.</param>
    /// <param name="tokens">Of the batch.</param>
    /// <param name="sequences">Of the batch.</param>
    public void Begin(Arena arena, int tokens, int sequences)
    {
        queryKeyValue = arena.Take(tokens, 3 * teacher.HiddenSize);
        losses = arena.Take(sequences, heads);
    }

    /// <summary>Takes queries, keys and values of one of the teacher's layers; for its <see cref="AttentionObserver"/>.</summary>
    public void Learn(int number, Value value)
    {
        if (number == layer)
        {
            backend.Copy(value.Data, queryKeyValue);
        }
    }

    /// <summary>Holds those of the student's last layer to them; for its <see cref="AttentionObserver"/>. The share is what the batch counts for in its step.</summary>
    public void Compare(Ops ops, int number, Value value, in BatchIndices batch, double share)
    {
        if (number == studentLayers)
        {
            ops.RelationLoss(value, batch, new RelationTarget(queryKeyValue, recipe.Relations, heads, (float)(recipe.RelationWeight * share / losses.Length), losses));
        }
    }

    /// <summary>The mean over texts and heads, once the student's backward pass is through.</summary>
    public double Loss() => LossMean.Of(backend, losses, ref read);

    private static int HeadsOf(TrainingRecipe recipe, EncoderConfig teacher) => recipe.RelationHeads == 0 ? teacher.Heads : recipe.RelationHeads;
}
