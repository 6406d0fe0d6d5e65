using Beret.Numerics;
using Beret.Text;

namespace Beret.Training;

/// <summary>A recipe by name: what to begin with where one does not want to choose every setting.</summary>
public sealed class TrainingPreset
{
    private readonly Func<TrainingRecipe, TrainingRecipe> change;

    private TrainingPreset(string name, string description, Func<TrainingRecipe, TrainingRecipe> change)
    {
        Name = name;
        Description = description;
        this.change = change;
    }

    /// <summary>All of them, the tutorial's first.</summary>
    public static IReadOnlyList<TrainingPreset> All { get; } =
    [
        new("tutorial", "the settings of TensorFlow's tutorial, which hold without a preset too", _ => new TrainingRecipe()),
        new(
            "fast", "a good model soon: one pass of at most 300 steps over the beginnings and ends of texts",
            recipe => recipe with
            {
                Epochs = 1, MaxSteps = 300, LearningRate = 1e-4, MaxLength = 128, Truncation = Truncation.HeadTail, Precision = Precision.Auto,
            }),
        new(
            "best", "a more accurate model for more time, overnight on two cores: three passes over 512 tokens of each text",
            recipe => recipe with
            {
                Epochs = 3, LearningRate = 5e-5, MaxLength = 512, Truncation = Truncation.HeadTail, Precision = Precision.Auto, Optimizer = recipe.Optimizer with { LayerDecay = 0.9 },
            }),
    ];

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it is for, in a line.</summary>
    public string Description { get; }

    /// <summary>The preset of a name.</summary>
    /// <exception cref="TrainingException">There is none.</exception>
    public static TrainingPreset Find(string name) =>
        All.FirstOrDefault(preset => preset.Name == name)
        ?? throw new TrainingException($"there is no preset \"{name}\"; there are {string.Join(", ", All.Select(preset => preset.Name))}");

    /// <summary>A recipe with the preset's settings; what it says nothing of stays.</summary>
    public TrainingRecipe Apply(TrainingRecipe recipe) => change(recipe);
}
