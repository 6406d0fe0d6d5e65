using System.Globalization;
using System.Text.Json;
using Beret.Numerics;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>One setting of a pre-training recipe by name: an option of <c>beret pretrain</c>, and with underscores a key where the recipe is kept.</summary>
public sealed class PretrainingOption
{
    private readonly Func<PretrainingRecipe, string> get;
    private readonly Func<PretrainingRecipe, string, PretrainingRecipe?> set;
    private readonly string wanted;

    private PretrainingOption(
        string name, string description, string shape, string wanted, Func<PretrainingRecipe, string> get, Func<PretrainingRecipe, string, PretrainingRecipe?> set)
    {
        (Name, Description, Shape, this.wanted, this.get, this.set) = (name, description, shape, wanted, get, set);
    }

    /// <summary>Every option, in the order of the help.</summary>
    public static IReadOnlyList<PretrainingOption> All { get; } =
    [
        new(
            "objective", "What is learnt: guessing hidden tokens (BERT), or telling tokens that a small generator put in from those that were there (ELECTRA).",
            "masked-tokens|replaced-tokens", "masked-tokens or replaced-tokens", r => r.Objective == PretrainingObjective.MaskedTokens ? "masked-tokens" : "replaced-tokens",
            (r, text) => text switch
            {
                "masked-tokens" => r with { Objective = PretrainingObjective.MaskedTokens },
                "replaced-tokens" => r with { Objective = PretrainingObjective.ReplacedTokens },
                _ => null,
            }) { IsText = true },
        Real("generator-size", "The width of the generator of replaced tokens, as a share of the model's.", 0.01, 1, r => r.GeneratorSize, (r, v) => r with { GeneratorSize = v }),
        Whole("teacher-layer", "The layer of the teacher (--teacher) whose states are learnt; 0: the last.", 0, 1000, r => r.TeacherLayer, (r, v) => r with { TeacherLayer = v }),
        new(
            "teacher-precision", "The arithmetic of the teacher.", "fp32|bf16|int8|auto", "fp32, bf16, int8 or auto", r => r.TeacherPrecision.Format(),
            (r, text) => text is "fp32" or "bf16" or "int8" or "auto" ? r with { TeacherPrecision = Precisions.Parse(text) } : null) { IsText = true },
        Real("masked-weight", "The weight of the hidden tokens' loss beside the teacher's.", 0, 1000, r => r.MaskedWeight, (r, v) => r with { MaskedWeight = v }),
        Whole("steps", "Optimizer steps; 0: as many as the epochs need.", 0, int.MaxValue, r => r.Steps, (r, v) => r with { Steps = v }),
        Whole("epochs", "Passes over the texts, where no steps are given.", 1, 10_000, r => r.Epochs, (r, v) => r with { Epochs = v }),
        Whole("batch-tokens", "The most tokens in a step; longer steps learn more from each, shorter ones are more.", 8, 1 << 24, r => r.BatchTokens, (r, v) => r with { BatchTokens = v, BatchSize = 0 }),
        Whole("batch-size", "Sequences in a step, instead of a number of tokens; 0: by tokens.", 0, 1 << 20, r => r.BatchSize, (r, v) => r with { BatchSize = v }),
        Whole("max-length", "The longest sequence in tokens, [CLS] and [SEP] included; longer texts are cut into several.", 3, 1 << 16, r => r.MaxLength, (r, v) => r with { MaxLength = v }),
        Real("learning-rate", "The peak of the learning rate.", 0, 1, r => r.LearningRate, (r, v) => r with { LearningRate = v }),
        Real("warmup", "The share of all steps in which the rate rises from 0.", 0, 1, r => r.Warmup, (r, v) => r with { Warmup = v }),
        Real("weight-decay", "AdamW's decay of matrices and embeddings.", 0, 1, r => r.WeightDecay, (r, v) => r with { WeightDecay = v }),
        Real("mask", "The share of the tokens that are to be guessed.", 0.001, 0.9, r => r.Mask, (r, v) => r with { Mask = v }),
        Flag("whole-word", "Mask the pieces of a word together.", r => r.WholeWord, (r, v) => r with { WholeWord = v }),
        Real("held-out", "The share of the texts that is held out and judged on, 100,000 tokens at most; 0: none.", 0, 0.5, r => r.HeldOut, (r, v) => r with { HeldOut = v }),
        new(
            "precision", "The arithmetic of the matrix products.", "fp32|bf16|auto", "fp32, bf16 or auto", r => r.Precision.Format(),
            (r, text) => text is "fp32" or "bf16" or "auto" ? r with { Precision = Precisions.Parse(text) } : null) { IsText = true },
        Whole("seed", "The seed of new weights, of the order, of masks and of dropout.", 0, int.MaxValue, r => r.Seed, (r, v) => r with { Seed = v }),
        Whole("checkpoint-every", "Steps between the states that a run can go on from; 0: only where it is judged.", 0, int.MaxValue, r => r.CheckpointEvery, (r, v) => r with { CheckpointEvery = v }),
        Whole(
            "validate-every", "Steps between the judgements on the held-out texts, at which the model folder is written too; 0: ten in the run.", 0, int.MaxValue,
            r => r.ValidateEvery, (r, v) => r with { ValidateEvery = v }),
        Whole("threads", "Threads that compute; 0: one for each processor. The result does not depend on it.", 0, 1024, r => r.Threads, (r, v) => r with { Threads = v }),
    ];

    /// <summary>The option's name, such as "learning-rate".</summary>
    public string Name { get; }

    /// <summary>What it does, in one sentence.</summary>
    public string Description { get; }

    /// <summary>What a value looks like in the help: N, X, or the words it can be.</summary>
    public string Shape { get; }

    /// <summary>Whether the option alone means yes.</summary>
    public bool IsFlag => Shape == "true|false";

    /// <summary>The key where the recipe is kept.</summary>
    internal string Key => Name.Replace('-', '_');

    private bool IsText { get; init; }

    /// <summary>The value as it is written on the command line.</summary>
    public string Get(PretrainingRecipe recipe) => get(recipe);

    /// <summary>The recipe with another value.</summary>
    /// <exception cref="TrainingException">It is no such value.</exception>
    public PretrainingRecipe Set(PretrainingRecipe recipe, string text) =>
        set(recipe, text) ?? throw new TrainingException($"--{Name} is '{text}'; it has to be {wanted}");

    /// <summary>Writes a recipe as a JSON object.</summary>
    internal static void Write(Utf8JsonWriter writer, PretrainingRecipe recipe)
    {
        writer.WriteStartObject();
        foreach (var option in All)
        {
            writer.WritePropertyName(option.Key);
            if (option.IsText)
            {
                writer.WriteStringValue(option.Get(recipe));
            }
            else
            {
                writer.WriteRawValue(option.Get(recipe));
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    internal static PretrainingRecipe Read(JsonElement json) => All.Aggregate(
        new PretrainingRecipe(),
        (recipe, option) => json.GetProperty(option.Key) is var value && option.IsText ? option.Set(recipe, value.GetString()!) : option.Set(recipe, value.GetRawText()));

    private static PretrainingOption Whole(
        string name, string description, int least, int most, Func<PretrainingRecipe, int> get, Func<PretrainingRecipe, int, PretrainingRecipe> set) => new(
        name, description, "N", most == int.MaxValue ? $"a whole number from {least} on" : $"a whole number from {least} to {most}", r => get(r).ToString(CultureInfo.InvariantCulture),
        (r, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? set(r, value) : null);

    private static PretrainingOption Real(
        string name, string description, double least, double most, Func<PretrainingRecipe, double> get, Func<PretrainingRecipe, double, PretrainingRecipe> set) => new(
        name, description, "X", string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"), r => get(r).ToString(CultureInfo.InvariantCulture),
        (r, text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? set(r, value) : null);

    private static PretrainingOption Flag(string name, string description, Func<PretrainingRecipe, bool> get, Func<PretrainingRecipe, bool, PretrainingRecipe> set) => new(
        name, description, "true|false", "true or false", r => get(r) ? "true" : "false", (r, text) => text switch { "true" => set(r, true), "false" => set(r, false), _ => null });
}
