using Beret.Numerics;

namespace Beret.Pretraining;

/// <summary>What a model learns from texts without labels.</summary>
public enum PretrainingObjective
{
    /// <summary>Hidden tokens are to be guessed (Devlin et al., BERT, 2019).</summary>
    MaskedTokens,

    /// <summary>Tokens that a small generator has put in are to be told from those that were there (Clark et al., ELECTRA, 2020).</summary>
    ReplacedTokens,
}

/// <summary>Everything that decides what a pre-training run computes, apart from the model and the texts.</summary>
public sealed record PretrainingRecipe
{
    /// <summary>What is learnt.</summary>
    public PretrainingObjective Objective { get; init; } = PretrainingObjective.MaskedTokens;

    /// <summary>The width of the generator of replaced tokens, as a share of the model's.</summary>
    public double GeneratorSize { get; init; } = 0.25;

    /// <summary>The layer of the teacher, if there is one, whose states are learnt; 0: the last.</summary>
    public int TeacherLayer { get; init; }

    /// <summary>The arithmetic of the teacher.</summary>
    public Precision TeacherPrecision { get; init; } = Precision.Float32;

    /// <summary>The weight of the hidden tokens' loss beside the teacher's, which has weight 1.</summary>
    public double MaskedWeight { get; init; } = 1;

    /// <summary>Optimizer steps; 0: as many as <see cref="Epochs"/> need.</summary>
    public int Steps { get; init; }

    /// <summary>Passes over the texts, where <see cref="Steps"/> is 0.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>The most tokens in a step, where <see cref="BatchSize"/> is 0.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>Sequences in a step; 0: as many as <see cref="BatchTokens"/> hold.</summary>
    public int BatchSize { get; init; }

    /// <summary>The longest sequence in tokens, [CLS] and [SEP] included; longer texts are cut into several.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>The peak of the learning rate.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>The share of all steps in which the rate rises from 0.</summary>
    public double Warmup { get; init; } = 0.05;

    /// <summary>AdamW's decay of matrices and embeddings.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The share of the tokens that are to be guessed.</summary>
    public double Mask { get; init; } = 0.15;

    /// <summary>Whether the pieces of a word are masked together.</summary>
    public bool WholeWord { get; init; }

    /// <summary>The share of the texts that is held out, of which at most 100,000 tokens are kept; 0: none.</summary>
    public double HeldOut { get; init; } = 0.01;

    /// <summary>The arithmetic of the matrix products.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>The seed of new weights, of the order, of masks and of dropout.</summary>
    public int Seed { get; init; } = 42;

    /// <summary>Steps between the states that a run can go on from; 0: only where it is judged.</summary>
    public int CheckpointEvery { get; init; } = 500;

    /// <summary>Steps between the judgements on the held-out texts, at which the model folder is written too; 0: ten in the run.</summary>
    public int ValidateEvery { get; init; }

    /// <summary>Threads that compute; 0: one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>The number of threads in use.</summary>
    public int ThreadCount => Threads == 0 ? Environment.ProcessorCount : Threads;
}
