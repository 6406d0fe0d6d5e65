using Beret.Data;
using Beret.Text;

namespace Beret.Training;

/// <summary>What a run works on.</summary>
public sealed record TrainingJob
{
    /// <summary>The folder of the pretrained encoder: config.json, weights, vocabulary.</summary>
    public required string ModelFolder { get; init; }

    /// <summary>What the encoder is called in reports.</summary>
    public required string ModelName { get; init; }

    /// <summary>The tokenizer's flavour, or null for Hugging Face's, or the one that the folder's beret.json names.</summary>
    public TokenizerFlavour? Flavour { get; init; }

    /// <summary>Whether the weights come from TensorFlow, where "gelu" means its tanh form.</summary>
    public bool UsesTanhGelu { get; init; }

    /// <summary>The training texts; a part of them is set aside for validation unless <see cref="Validation"/> is given.</summary>
    public required LabelledTexts Data { get; init; }

    /// <summary>Validation texts of their own, or null.</summary>
    public LabelledTexts? Validation { get; init; }

    /// <summary>What the data is called in reports.</summary>
    public required string DataName { get; init; }

    /// <summary>The folder that the model is written to.</summary>
    public required string Output { get; init; }

    /// <summary>How to train.</summary>
    public TrainingRecipe Recipe { get; init; } = new();

    /// <summary>Go on with the interrupted run in <see cref="Output"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>Replace what is in <see cref="Output"/>.</summary>
    public bool Overwrite { get; init; }
}
