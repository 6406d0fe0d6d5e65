using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Training;

/// <summary>
/// What goes on inside a teacher as it reads the texts of a step, and how far its student is from that. It is computed anew in every step: kept for all texts it would be thousands of times as
/// large as the logits are. The teacher reads the student's tokens.
/// </summary>
internal sealed class TeacherGuide : IDisposable
{
    private readonly OpenedModel teacher;
    private readonly IBackend backend;
    private readonly TrainingRecipe recipe;
    private readonly int studentLayers;
    private readonly int layer;
    private readonly int heads;
    private readonly Arena arena;
    private readonly Ops ops;
    private Matrix queryKeyValue;
    private Matrix relationLosses;
    private float[] losses = [];

    private TeacherGuide(OpenedModel teacher, IBackend backend, TrainingRecipe recipe, int studentLayers)
    {
        this.teacher = teacher;
        this.backend = backend;
        this.recipe = recipe;
        this.studentLayers = studentLayers;
        layer = recipe.RelationLayer == 0 ? Config.Layers : recipe.RelationLayer;
        heads = recipe.RelationHeads == 0 ? Config.Heads : recipe.RelationHeads;
        teacher.Model.Parameters.Use(teacher.Description.Precision.Resolve().Arithmetic());
        teacher.Model.Parameters.PackAlone();
        arena = new Arena(backend);
        ops = new Ops(backend, arena, tape: null)
        {
            ObserveAttention = (int number, Value value, in BatchIndices _) =>
            {
                if (number == layer)
                {
                    backend.Copy(value.Data, queryKeyValue);
                }
            },
        };
    }

    /// <summary>What is compared, in a line.</summary>
    public string Summary =>
        $"{Relations.Get(recipe)} of layer {layer} of {Config.Layers}, {heads} relation heads, weight {RelationWeight.Get(recipe)}";

    private static RecipeOption Relations { get; } = RecipeOption.Find("relations")!;

    private static RecipeOption RelationWeight { get; } = RecipeOption.Find("relation-weight")!;

    private EncoderConfig Config => teacher.Model.Config;

    /// <summary>Loads what the recipe wants of the teacher; null where that is nothing.</summary>
    /// <param name="job">Names the teacher.</param>
    /// <param name="student">The student's encoder.</param>
    /// <param name="tokenizer">The student's.</param>
    /// <param name="longest">Tokens of the longest text.</param>
    /// <param name="backend">The student's, where the teacher will live as well.</param>
    /// <exception cref="BeretException">Teacher and student cannot be compared in this way, or the teacher cannot be read.</exception>
    public static TeacherGuide? Open(TrainingJob job, EncoderConfig student, Tokenizer tokenizer, int longest, IBackend backend)
    {
        if (job.Teacher is null || job.Recipe.Relations == Numerics.Relations.None)
        {
            return null;
        }

        var teacher = ModelFolder.Load(job.Teacher.Folder, backend);
        try
        {
            Check(job, student, tokenizer, longest, teacher);
            return new TeacherGuide(teacher, backend, job.Recipe, student.Layers);
        }
        catch
        {
            teacher.Model.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of the teacher's weights, and of its working memory for a batch of so many tokens.</summary>
    public long BytesFor(int tokens) =>
        teacher.Model.Parameters.Bytes + MemoryPlan.Inference(Config, teacher.Model.Outputs, tokens) + ((long)tokens * 3 * Config.HiddenSize * sizeof(float));

    /// <summary>Lets the teacher read the texts of a step.</summary>
    public void Read(PackedBatch batch)
    {
        teacher.Model.Encoder.Check(batch);
        ops.Begin();
        queryKeyValue = arena.Take(batch.Tokens, 3 * Config.HiddenSize);
        relationLosses = arena.Take(batch.Sequences, heads);
        teacher.Model.Encoder.Forward(ops, ops.Upload(batch));
    }

    /// <summary>Holds the student's last attention to the teacher's; for <see cref="Ops.ObserveAttention"/> of the student.</summary>
    public void Compare(Ops student, int number, Value value, in BatchIndices batch)
    {
        if (number == studentLayers)
        {
            student.RelationLoss(
                value, batch, new RelationTarget(queryKeyValue, recipe.Relations, heads, (float)(recipe.RelationWeight / relationLosses.Length), relationLosses));
        }
    }

    /// <summary>The loss of the texts that were read, once the student's backward pass is through.</summary>
    /// <param name="logits">That of their logits.</param>
    /// <param name="parts">What it is made of.</param>
    public double Add(double logits, out LossParts parts)
    {
        var count = (int)relationLosses.Length;
        if (losses.Length < count)
        {
            losses = new float[count];
        }

        backend.Read(relationLosses, losses.AsSpan(0, count));
        var sum = 0.0;
        for (var i = 0; i < count; i++)
        {
            sum += losses[i];
        }

        parts = new LossParts(logits, sum / count);
        return logits + (recipe.RelationWeight * (sum / count));
    }

    public void Dispose()
    {
        arena.Dispose();
        teacher.Model.Dispose();
    }

    private static void Check(TrainingJob job, EncoderConfig student, Tokenizer tokenizer, int longest, OpenedModel teacher)
    {
        var (name, config, recipe) = (job.Teacher!.Name, teacher.Model.Config, job.Recipe);
        if (!HaveSameTokens(tokenizer, teacher.Tokenizer))
        {
            throw new TrainingException(
                $"--relations compares what teacher and student make of the same tokens, and {job.ModelName} has another vocabulary than {name}: "
                + "make a student with the teacher's vocabulary (beret reduce), or leave --relations out");
        }

        if (longest > config.MaxPositions)
        {
            throw new TrainingException($"the longest text has {longest} tokens, and the teacher {name} knows {config.MaxPositions} positions: lower --max-length");
        }

        if (recipe.RelationLayer > config.Layers)
        {
            throw new TrainingException($"--relation-layer is {recipe.RelationLayer}, and the teacher {name} has {config.Layers} layers");
        }

        var heads = recipe.RelationHeads == 0 ? config.Heads : recipe.RelationHeads;
        if (student.HiddenSize % heads != 0 || config.HiddenSize % heads != 0)
        {
            var possible = Enumerable.Range(1, student.HiddenSize).Where(count => student.HiddenSize % count == 0 && config.HiddenSize % count == 0);
            throw new TrainingException(
                $"{heads} relation heads do not share the {student.HiddenSize} features of the student and the {config.HiddenSize} of the teacher evenly: "
                + $"choose --relation-heads {string.Join(", ", possible.TakeLast(8))}");
        }
    }

    private static bool HaveSameTokens(Tokenizer a, Tokenizer b) =>
        a.VocabularySize == b.VocabularySize && Enumerable.Range(0, a.VocabularySize).All(id => a.Token(id) == b.Token(id));
}
