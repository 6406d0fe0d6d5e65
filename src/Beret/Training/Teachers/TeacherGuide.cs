using System.Globalization;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Training.Teachers;

/// <summary>
/// What goes on inside a teacher as it reads the texts of a step, and how far its student is from that. It is computed anew in every step: kept for all texts it would be thousands of times as
/// large as the logits are. The teacher reads the student's tokens where both have one vocabulary, otherwise the same texts in its own.
/// </summary>
internal sealed class TeacherGuide : IDisposable
{
    private readonly OpenedModel teacher;
    private readonly IBackend backend;
    private readonly TrainingRecipe recipe;
    private readonly Arena arena;
    private readonly Ops ops;
    private readonly PackedBatch own = new();
    private readonly List<int> chosen = [];
    private readonly LayerObserver learn;
    private SequenceClassifier? student;
    private AlignedTexts? aligned;
    private RelationComparison? relations;
    private HiddenComparison? hidden;
    private (int First, int End)[] ranges = [];
    private int tokens;
    private double share = 1;
    private long comparedInStep;
    private long comparedInBatch;
    private long windowsInStep;
    private long windowsInBatch;

    private TeacherGuide(OpenedModel teacher, IBackend backend, TrainingRecipe recipe)
    {
        this.teacher = teacher;
        this.backend = backend;
        this.recipe = recipe;
        teacher.Model.Parameters.Use(teacher.Description.Precision.Resolve().Arithmetic());
        teacher.Model.Parameters.PackAlone();
        arena = new Arena(backend);
        ops = new Ops(backend, arena, tape: null) { ObserveAttention = (int number, Value value, in BatchIndices _) => relations?.Learn(number, value) };
        learn = (number, value) => hidden?.Learn(number, value.Data, ranges.AsSpan(0, tokens));
    }

    /// <summary>What is compared, in a line.</summary>
    public string Summary => string.Join("; ", new[]
    {
        relations is null ? "" : $"relations {RecipeOption.Find("relations")!.Get(recipe)} of {relations}, weight {recipe.RelationWeight.ToString(CultureInfo.InvariantCulture)}",
        hidden is null ? "" : $"hidden states, layers {hidden}{(aligned is null ? "" : ", matched by word")}, weight {recipe.HiddenWeight.ToString(CultureInfo.InvariantCulture)}",
    }.Where(part => part.Length > 0));

    private EncoderConfig Config => teacher.Model.Config;

    /// <summary>Checks before anything that takes long whether teacher and student can be compared as the recipe wants it.</summary>
    /// <exception cref="BeretException">They cannot, or one of them cannot be read.</exception>
    public static void Check(TrainingJob job)
    {
        var isWindowed = job.Recipe.Truncation == Truncation.Windows && job.Recipe.HiddenStates != HiddenStates.None;
        if (job.Teacher is null || (job.Recipe.Relations == Relations.None && !isWindowed))
        {
            return;
        }

        var (student, teacher) = (ModelFiles.Open(job.ModelFolder, job.Source), ModelFiles.Open(job.Teacher.Folder));
        if (isWindowed && !HaveSameTokens(student.LoadTokenizer(), teacher.LoadTokenizer()))
        {
            throw new TrainingException(
                $"--hidden-states compares what teacher and student make of the same words, and with --truncation windows {job.ModelName} and {job.Teacher.Name}, whose vocabularies differ, "
                + "would cut a text into windows at other words: take another --truncation, or leave --hidden-states out");
        }

        if (job.Recipe.Relations == Relations.None)
        {
            return;
        }

        RelationComparison.Check(job.Recipe, student.Config, teacher.Config, job.Teacher.Name);
        if (!HaveSameTokens(student.LoadTokenizer(), teacher.LoadTokenizer()))
        {
            throw new TrainingException(
                $"--relations compares what teacher and student make of the same tokens, and {job.ModelName} has another vocabulary than {job.Teacher.Name}: "
                + "make a student with the teacher's vocabulary (beret reduce), or compare hidden states (--hidden-states), which are matched by word");
        }
    }

    /// <summary>Loads the teacher, where the recipe wants more of it than its logits; null where it does not.</summary>
    /// <param name="job">Names the teacher.</param>
    /// <param name="backend">The student's, where the teacher will live as well.</param>
    /// <exception cref="BeretException">The teacher cannot be read.</exception>
    public static TeacherGuide? Load(TrainingJob job, IBackend backend)
    {
        if (job.Teacher is null || (job.Recipe.Relations == Relations.None && job.Recipe.HiddenStates == HiddenStates.None))
        {
            return null;
        }

        var teacher = ModelFolder.Load(job.Teacher.Folder, backend);
        try
        {
            return new TeacherGuide(teacher, backend, job.Recipe);
        }
        catch
        {
            teacher.Model.Dispose();
            throw;
        }
    }

    /// <summary>The width that a student's states have to be projected to; 0: they are not.</summary>
    public int ProjectionFor(EncoderConfig student) => recipe.HiddenStates != HiddenStates.None && student.HiddenSize != Config.HiddenSize ? Config.HiddenSize : 0;

    /// <summary>What of a student's hidden states is compared; null for nothing.</summary>
    public HiddenSizes? SizesFor(EncoderConfig student) => recipe.HiddenStates == HiddenStates.None
        ? null : new HiddenSizes(HiddenComparison.LayersOf(recipe.HiddenStates, student.Layers), Config.HiddenSize, ProjectionFor(student) > 0);

    /// <summary>Makes all ready for a student.</summary>
    /// <param name="job">Names both; checked.</param>
    /// <param name="model">The student, which stays the caller's.</param>
    /// <param name="tokenizer">The student's.</param>
    /// <param name="options">How it reads.</param>
    /// <param name="texts">All that are learned from.</param>
    /// <param name="longest">The student's tokens of the longest.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BeretException">The teacher cannot read texts of this length, or in its own vocabulary.</exception>
    public void Prepare(TrainingJob job, SequenceClassifier model, Tokenizer tokenizer, EncodeOptions options, RunTexts texts, int longest, CancellationToken cancellation)
    {
        student = model;
        var isShared = HaveSameTokens(tokenizer, teacher.Tokenizer);
        if (recipe.Relations != Relations.None)
        {
            relations = new RelationComparison(backend, recipe, model.Config.Layers, Config);
        }

        if (recipe.HiddenStates != HiddenStates.None)
        {
            hidden = new HiddenComparison(backend, recipe.HiddenStates, model.Config.Layers, Config);
        }

        if (!isShared)
        {
            var its = teacher.Description.EncodeOptions with { MaxLength = Math.Min(Config.MaxPositions, recipe.MaxLength), Truncation = recipe.Truncation };
            aligned = AlignedTexts.Build(tokenizer, options, teacher.Tokenizer, its, texts.Learned, recipe.ThreadCount, cancellation);
        }
        else if (longest > Config.MaxPositions)
        {
            throw new TrainingException($"the longest text has {longest} tokens, and the teacher {job.Teacher!.Name} knows {Config.MaxPositions} positions: lower --max-length");
        }
    }

    /// <summary>Bytes of the teacher's weights, and of its working memory for a batch of so many tokens.</summary>
    public long BytesFor(int tokens) => teacher.Model.Parameters.Bytes + MemoryPlan.Inference(Config, teacher.Model.Outputs, tokens)
        + (relations is null ? 0 : (long)tokens * 3 * Config.HiddenSize * sizeof(float));

    /// <summary>Says which texts the next step is made of, in one batch or several.</summary>
    public void Begin(ReadOnlySpan<int> texts, TokenStore store) => (comparedInStep, windowsInStep) = (Compared(texts, store), Windows(texts, store));

    /// <summary>Says which texts the next batch is made of.</summary>
    public void Choose(ReadOnlySpan<int> texts, TokenStore store)
    {
        chosen.Clear();
        chosen.AddRange(texts);
        (comparedInBatch, windowsInBatch) = (Compared(texts, store), Windows(texts, store));
    }

    /// <summary>Lets the teacher read the texts of a step.</summary>
    /// <param name="batch">The student's tokens.</param>
    /// <param name="share">What these texts count for in a step of more.</param>
    public void Read(PackedBatch batch, double share)
    {
        this.share = share;
        Match(batch);
        var read = aligned is null ? batch : own;
        teacher.Model.Encoder.Check(read);
        ops.Begin();
        relations?.Begin(arena, read.Tokens, read.Sequences);
        teacher.Model.Encoder.Contextualize(ops, ops.Upload(read), hidden is null ? null : learn);
    }

    /// <summary>Watches the student's pass.</summary>
    public void Watch(Ops ops)
    {
        if (relations is not null)
        {
            ops.ObserveAttention = (int number, Value value, in BatchIndices batch) => relations.Compare(ops, number, value, batch, RelationShare);
        }
    }

    /// <summary>Shows the student's layers; null where nobody watches them.</summary>
    public LayerObserver? Layers => hidden is null ? null : hidden.Observe;

    /// <summary>Puts behind the student's pass what is compared at its end.</summary>
    public void Compare(Ops ops) => hidden?.Compare(ops, student!, recipe.HiddenWeight * HiddenShare);

    /// <summary>The loss of the texts that were read, once the student's backward pass is through.</summary>
    /// <param name="logits">That of their logits.</param>
    /// <param name="parts">What it is made of.</param>
    public double Add(double logits, out LossParts parts)
    {
        parts = new LossParts(logits, relations?.Loss() * (RelationShare / share), hidden?.Loss * HiddenShare / share);
        return logits + (recipe.RelationWeight * (parts.Relations ?? 0)) + (recipe.HiddenWeight * (parts.Hidden ?? 0));
    }

    public void Dispose()
    {
        arena.Dispose();
        teacher.Model.Dispose();
    }

    /// <summary>Hidden states are compared token by token: a batch counts by its tokens, where it counts by its texts otherwise.</summary>
    private double HiddenShare => comparedInBatch == comparedInStep ? 1 : (double)comparedInBatch / comparedInStep;

    /// <summary>Relations are compared window by window.</summary>
    private double RelationShare => windowsInStep == 0 ? share : (double)windowsInBatch / windowsInStep;

    private static long Windows(ReadOnlySpan<int> texts, TokenStore store)
    {
        var count = 0L;
        foreach (var text in texts)
        {
            count += store.WindowsOf(text);
        }

        return count;
    }

    /// <summary>The student's tokens that the teacher has something for.</summary>
    private long Compared(ReadOnlySpan<int> texts, TokenStore store)
    {
        var count = 0L;
        foreach (var text in texts)
        {
            if (aligned is null)
            {
                count += store.TokensOf(text);
                continue;
            }

            foreach (var (first, end) in aligned.RangesOf(text))
            {
                count += first < end ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>Packs what the teacher reads, where that is not the student's batch, and notes which of its tokens stand where the student's do.</summary>
    private void Match(PackedBatch batch)
    {
        tokens = batch.Tokens;
        if (ranges.Length < tokens)
        {
            ranges = new (int, int)[tokens];
        }

        if (aligned is null)
        {
            for (var t = 0; t < tokens; t++)
            {
                ranges[t] = (t, t + 1);
            }

            return;
        }

        own.Clear();
        var place = 0;
        foreach (var text in chosen)
        {
            var first = own.Tokens;
            aligned.AddTo(own, text);
            foreach (var (start, end) in aligned.RangesOf(text))
            {
                ranges[place++] = (first + start, first + end);
            }
        }
    }

    private static bool HaveSameTokens(Tokenizer a, Tokenizer b) =>
        a.VocabularySize == b.VocabularySize && Enumerable.Range(0, a.VocabularySize).All(id => a.Token(id) == b.Token(id));
}
