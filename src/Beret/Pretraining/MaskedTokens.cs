using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Pretraining;

/// <summary>Masked language modelling: the questions are the hidden tokens.</summary>
internal sealed class MaskedTokens : IObjective
{
    private readonly MaskedLanguageModel model;
    private readonly MaskedLearner learner;
    private readonly HashSet<Parameter> without;

    /// <param name="model">Becomes this objective's.</param>
    /// <param name="drawn">What the checkpoint did not have; null for all.</param>
    /// <param name="recipe">How to train.</param>
    /// <param name="teacherWidth">The size of a teacher's states; 0 without one.</param>
    public MaskedTokens(MaskedLanguageModel model, IReadOnlyList<string>? drawn, PretrainingRecipe recipe, int teacherWidth)
    {
        this.model = model;
        Parameters.Use(recipe.Precision.Arithmetic());

        // A pooler that was drawn at random is no part of what is learnt; that of the checkpoint is kept as it was.
        without = [.. model.UnusedParameters.Where(parameter => drawn?.Contains(parameter.Name) ?? true), .. model.Projection.Parameters];
        NewLayers = Objectives.Layers(drawn?.Except(model.UnusedParameters.Concat(model.Projection.Parameters).Select(parameter => parameter.Name)));
        var (tokens, masked) = Objectives.Largest(recipe);
        Activations = MaskedLearner.Plan(model.Config, tokens, recipe.MaxLength, masked, teacherWidth);
        learner = new MaskedLearner(model, Objectives.Optimizer(recipe), (ulong)recipe.Seed, Activations) { MaskedWeight = teacherWidth == 0 ? 1 : recipe.MaskedWeight };
    }

    public ParameterSet Parameters => model.Parameters;

    public EncoderConfig Config => model.Config;

    public IReadOnlyList<string>? NewLayers { get; }

    public long Activations { get; }

    public int Steps
    {
        get => learner.Steps;
        set => learner.Steps = value;
    }

    public StepResult Step(MaskedBatch batch, TeacherTargets? teacher, double learningRate, out Outcome outcome) => learner.Step(batch, learningRate, out outcome, teacher);

    public Outcome Judge(MaskedBatch batch) => learner.Judge(batch);

    public void Write(string folder, ModelSource source) => Objectives.Write(
        folder, Config, source, model.Layout.Architecture, Parameters,
        Parameters.All.Where(parameter => !without.Contains(parameter)).Select(parameter => (parameter.Name, parameter)));

    public void Dispose()
    {
        learner.Dispose();
        model.Dispose();
    }
}
