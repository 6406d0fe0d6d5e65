using Beret.Data;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Text;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>
/// Everything that decides what a run computes, apart from the model and the data; the defaults are the tutorial's. The same names are the options of
/// <c>beret train</c> and the keys of a recipe file (<see cref="RecipeFile"/>).
/// </summary>
public sealed record TrainingRecipe
{
    /// <summary>Passes over the training texts.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>The most steps, whatever the passes would be; 0: no limit.</summary>
    public int MaxSteps { get; init; }

    /// <summary>Texts that are computed at once; a step has <see cref="GradientAccumulation"/> times as many.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Batches of a step: their gradients are added up, and the result is that of one large batch.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>The value of <see cref="MaxLength"/> that leaves it to the training texts (<see cref="LengthSurvey"/>).</summary>
    public const int AutoLength = 0;

    /// <summary>The longest sequence in tokens, [CLS] and [SEP] included; or <see cref="AutoLength"/>, which is decided once, before training.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>Which tokens of a longer text are kept.</summary>
    public Truncation Truncation { get; init; } = Truncation.Head;

    /// <summary>With <see cref="Truncation.Windows"/>: how many tokens of the text a window has in common with the one before it; null for a quarter of <see cref="MaxLength"/>.</summary>
    public int? WindowOverlap { get; init; }

    /// <summary>With <see cref="Truncation.Windows"/>: how the logits of a text are made of those of its windows.</summary>
    public WindowPooling WindowPooling { get; init; }

    /// <summary>With <see cref="Truncation.Windows"/>: the most windows of a text that training reads; of more, so many of them, spread evenly. Validation reads all.</summary>
    public int MaxWindows { get; init; } = 8;

    /// <summary>The peak of the learning rate.</summary>
    public double LearningRate { get; init; } = 3e-5;

    /// <summary>The peak for what stands on the encoder, the classifier above all; null: as for the rest.</summary>
    public double? HeadLearningRate { get; init; }

    /// <summary>How the rate falls after the warm-up.</summary>
    public RateDecay Schedule { get; init; } = RateDecay.Linear;

    /// <summary>The share of all steps that warms up.</summary>
    public double Warmup { get; init; } = 0.1;

    /// <summary>From where the rate's decay counts.</summary>
    public DecayStart DecayStart { get; init; } = DecayStart.FirstStep;

    /// <summary>The constants of AdamW.</summary>
    public AdamWOptions Optimizer { get; init; } = new();

    /// <summary>What of the encoder goes to the classifier, or null for what its configuration says.</summary>
    public Pooling? Pooling { get; init; }

    /// <summary>Whether the embeddings keep their weights.</summary>
    public bool FreezeEmbeddings { get; init; }

    /// <summary>How many layers, with the embeddings below them, keep their weights.</summary>
    public int FreezeLayers { get; init; }

    /// <summary>How much each label counts in the loss.</summary>
    public ClassWeights ClassWeights { get; init; } = ClassWeights.None;

    /// <summary>The share of a target that is spread over all labels, ε.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>How much less counts what the model is sure of, γ; 0: the same.</summary>
    public double FocalGamma { get; init; }

    /// <summary>The dropout rate before the classifier.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>The encoder's dropout rate, or null for the one that its configuration gives.</summary>
    public double? HiddenDropout { get; init; }

    /// <summary>The dropout rate of the attention probabilities, or null for the one that the configuration gives.</summary>
    public double? AttentionDropout { get; init; }

    /// <summary>The seed of the split, the order, the dropout and the new classifier.</summary>
    public int Seed { get; init; } = 42;

    /// <summary>The share of the training texts that is set aside for validation.</summary>
    public double ValidationSplit { get; init; } = 0.2;

    /// <summary>How these are chosen.</summary>
    public SplitMethod Split { get; init; }

    /// <summary>How the texts are ordered from epoch to epoch.</summary>
    public ShuffleMode Shuffle { get; init; } = ShuffleMode.EveryEpoch;

    /// <summary>Steps between validations; 0: one at the end of each epoch.</summary>
    public int ValidateEvery { get; init; }

    /// <summary>Validations without an improvement after which the run stops; 0: never.</summary>
    public int EarlyStopping { get; init; }

    /// <summary>Which model is kept.</summary>
    public KeepModel Keep { get; init; } = KeepModel.BestAccuracy;

    /// <summary>Steps between the checkpoints that a run can go on from; 0: one at the end of each epoch.</summary>
    public int CheckpointEvery { get; init; } = 200;

    /// <summary>"auto", "binary" or "multi-class".</summary>
    public string Task { get; init; } = "auto";

    /// <summary>The arithmetic of the encoder's matrix products: fp32, bf16, or auto.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>With a teacher: what both models' logits are divided by before they are compared.</summary>
    public double Temperature { get; init; } = 2;

    /// <summary>With a teacher: its share of the loss; the labels have the rest.</summary>
    public double Alpha { get; init; } = 0.9;

    /// <summary>With a teacher: which relations between tokens the attention of the student's last layer is held to.</summary>
    public Relations Relations { get; init; }

    /// <summary>With <see cref="Relations"/>: what their loss is multiplied by before it is added to that of the logits.</summary>
    public double RelationWeight { get; init; } = 1;

    /// <summary>With <see cref="Relations"/>: the layer of the teacher, counted from 1; 0: the last.</summary>
    public int RelationLayer { get; init; }

    /// <summary>With <see cref="Relations"/>: how many heads queries, keys and values are cut into; 0: as many as the teacher's attention has.</summary>
    public int RelationHeads { get; init; }

    /// <summary>With a teacher: which hidden states the student is to have from it.</summary>
    public HiddenStates HiddenStates { get; init; }

    /// <summary>With <see cref="HiddenStates"/>: what their loss is multiplied by before it is added to that of the logits.</summary>
    public double HiddenWeight { get; init; } = 1;

    /// <summary>
    /// Keeps of each layer only its input, and computes the rest anew in the backward pass: the same result, a third more work, a fraction of the memory for activations.
    /// </summary>
    public bool CheckpointActivations { get; init; }

    /// <summary>
    /// Whether a plain linear model on words is trained on the same texts at the end, in seconds, to stand beside the figures (<see cref="Baselines.Baseline"/>). It changes nothing of the model.
    /// </summary>
    public bool Baseline { get; init; } = true;

    /// <summary>Threads that compute; 0: one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Texts in a step.</summary>
    internal long StepTexts => (long)BatchSize * GradientAccumulation;

    /// <summary>How texts are read: as the model will read them.</summary>
    internal EncodeOptions EncodeOptions => new()
    {
        MaxLength = MaxLength, Truncation = Truncation, WindowOverlap = Truncation == Truncation.Windows ? WindowOverlap : null,
    };

    /// <summary>How the texts that are learned from are read.</summary>
    internal EncodeOptions TrainingEncodeOptions => EncodeOptions with { MostWindows = MaxWindows };

    /// <summary>The number of threads in use.</summary>
    public int ThreadCount => Threads == 0 ? Environment.ProcessorCount : Threads;
}
