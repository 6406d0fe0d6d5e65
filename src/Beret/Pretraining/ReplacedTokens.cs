using Beret.Checkpoints;
using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Pretraining;

/// <summary>Replaced-token detection: the question of each token is whether it was there. The folder holds the discriminator, and below it the generator.</summary>
internal sealed class ReplacedTokens : IObjective
{
    private const string GeneratorFolder = "generator";

    private readonly ReplacedTokenModel model;
    private readonly ReplacedLearner learner;
    private readonly HashSet<Parameter> without;

    /// <param name="model">Becomes this objective's.</param>
    /// <param name="drawn">What the checkpoints did not have; null for all.</param>
    /// <param name="recipe">How to train.</param>
    public ReplacedTokens(ReplacedTokenModel model, IReadOnlyList<string>? drawn, PretrainingRecipe recipe)
    {
        this.model = model;
        Parameters.Use(recipe.Precision.Arithmetic());
        without = [.. model.UnusedParameters.Where(parameter => drawn?.Contains(parameter.Name) ?? true), .. model.GeneratorParameters];
        NewLayers = Objectives.Layers(drawn?.Except(model.UnusedParameters.Select(parameter => parameter.Name)));
        var (tokens, masked) = Objectives.Largest(recipe);
        Activations = ReplacedLearner.Plan(model.Config, recipe.GeneratorSize, tokens, recipe.MaxLength, masked);
        learner = new ReplacedLearner(model, Objectives.Optimizer(recipe), (ulong)recipe.Seed, Activations);
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

    /// <summary>The generator beside a discriminator, under the names that it has in <see cref="ReplacedTokenModel"/>; null where there is none.</summary>
    public static Checkpoint? OpenGenerator(string folder)
    {
        var path = Path.Combine(folder, GeneratorFolder);
        if (!Directory.Exists(path))
        {
            return null;
        }

        var stored = Checkpoint.Open(path);
        return RelaidCheckpoint.Create(stored, stored.Tensors.Select(tensor => new RelaidTensor(ReplacedTokenModel.GeneratorPrefix + tensor.Name, tensor, TensorLayout.Same)));
    }

    public StepResult Step(MaskedBatch batch, TeacherTargets? teacher, double learningRate, out Outcome outcome) => learner.Step(batch, learningRate, out outcome);

    public Outcome Judge(MaskedBatch batch) => learner.Judge(batch);

    public void Write(string folder, ModelSource source)
    {
        Objectives.Write(
            folder, Config, source, ReplacedTokenModel.Architecture, Parameters,
            Parameters.All.Where(parameter => !without.Contains(parameter)).Select(parameter => (parameter.Name, parameter)));
        var generator = Directory.CreateDirectory(Path.Combine(folder, GeneratorFolder)).FullName;
        Objectives.Write(
            generator, model.GeneratorConfig, source, Electra.Family.MaskedHead!.Architecture, Parameters,
            model.EmbeddingParameters.Select(parameter => (parameter.Name, parameter))
                .Concat(model.GeneratorParameters.Select(parameter => (parameter.Name[ReplacedTokenModel.GeneratorPrefix.Length..], parameter))));
    }

    public void Dispose()
    {
        learner.Dispose();
        model.Dispose();
    }
}
