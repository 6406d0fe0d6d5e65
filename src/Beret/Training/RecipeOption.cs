using System.Globalization;
using System.Text.Json;
using Beret.Data;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tasks;
using Beret.Text;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>
/// One setting of a recipe by name: what the command line offers as <c>--name</c>, a recipe file as <c>"name_with_underscores"</c>, and the JSON schema describes.
/// </summary>
public abstract class RecipeOption
{
    private protected RecipeOption(string name, string description)
    {
        Name = name;
        Description = description;
    }

    /// <summary>The option's name, such as "learning-rate".</summary>
    public string Name { get; }

    /// <summary>The key in a recipe file, such as "learning_rate".</summary>
    public string Key => Name.Replace('-', '_');

    /// <summary>What it does, in one sentence.</summary>
    public string Description { get; }

    /// <summary>Whether it says something only of a run with a teacher (<see cref="TrainingJob.Teacher"/>).</summary>
    public bool NeedsTeacher { get; private init; }

    /// <summary>Whether it says something only of a run that reads long texts in windows (<see cref="Truncation.Windows"/>).</summary>
    public bool NeedsWindows { get; private init; }

    /// <summary>Another name that means the same; null where it has none.</summary>
    public string? Alias { get; private init; }

    /// <summary>The words it can be, where it is a choice.</summary>
    public virtual IReadOnlyList<string> Choices => [];

    /// <summary>A word that can stand in the place of the number, or null.</summary>
    public virtual string? Keyword => null;

    /// <summary>What it can be beside <see cref="Choices"/>, as a help shows it; null where these are all.</summary>
    public virtual string? Other => null;

    /// <summary>What holds where it is not given, of a setting that need not be.</summary>
    internal string Unset { get; private init; } = "the model's own";

    /// <summary>The smallest and the largest value, where it is a number that has such.</summary>
    internal virtual (double? Least, double? Most) Bounds => default;

    /// <summary>"integer", "number", "boolean" or "string", as JSON Schema calls them.</summary>
    public abstract string JsonType { get; }

    /// <summary>Every option, in the order of the help.</summary>
    public static IReadOnlyList<RecipeOption> All { get; } =
    [
        new Whole("epochs", "Passes over the training texts.", 0, 10_000, r => r.Epochs, (r, v) => r with { Epochs = v }),
        new Whole(
            "max-steps", "The most steps, where these are fewer than the passes have; 0: no limit.", 0, int.MaxValue, r => r.MaxSteps, (r, v) => r with { MaxSteps = v }),
        new Whole("batch-size", "Texts in a batch, which is a step unless gradients are accumulated.", 1, 65_536, r => r.BatchSize, (r, v) => r with { BatchSize = v }),
        new Whole(
            "gradient-accumulation", "Batches in a step, whose gradients are added up: the step of a batch so many times as large, in the memory of one.", 1, 65_536,
            r => r.GradientAccumulation, (r, v) => r with { GradientAccumulation = v }),
        new WholeOrWord(
            "max-length", "The longest sequence in tokens, [CLS] and [SEP] included; auto goes by the lengths of the training texts.", 3, 1 << 20, "auto", TrainingRecipe.AutoLength,
            r => r.MaxLength, (r, v) => r with { MaxLength = v }),
        new Choice<Truncation>(
            "truncation",
            "Which tokens of a longer text are kept: its beginning, its end, a quarter from the beginning and the rest from the end, or all, in windows of --max-length that overlap.",
            [("head", Truncation.Head), ("tail", Truncation.Tail), ("head+tail", Truncation.HeadTail), ("windows", Truncation.Windows)],
            r => r.Truncation, (r, v) => r with { Truncation = v }),
        new OptionalWhole(
            "window-overlap", "With --truncation windows: tokens that a window has in common with the one before it, at most half of --max-length; by default a quarter.", 0, 1 << 19,
            r => r.WindowOverlap, (r, v) => r with { WindowOverlap = v }) { NeedsWindows = true },
        new Choice<WindowPooling>(
            "window-pooling", "With --truncation windows: how the logits of a text are made of those of its windows.",
            [("mean", WindowPooling.Mean), ("max", WindowPooling.Max)], r => r.WindowPooling, (r, v) => r with { WindowPooling = v }) { NeedsWindows = true },
        new Whole(
            "max-windows", "With --truncation windows: the most windows of a text that training reads, spread evenly where it has more; validation and the model read all.", 1, 1 << 20,
            r => r.MaxWindows, (r, v) => r with { MaxWindows = v }) { NeedsWindows = true },
        new Real("learning-rate", "The peak of the learning rate.", 0, 1, r => r.LearningRate, (r, v) => r with { LearningRate = v }),
        new OptionalReal(
            "head-learning-rate", "The peak for what stands on the encoder, the classifier above all; by default that of the rest.", 0, 1,
            r => r.HeadLearningRate, (r, v) => r with { HeadLearningRate = v })
        {
            Unset = "that of the rest",
        },
        new Choice<RateDecay>(
            "schedule", "How the rate falls after the warm-up: in a straight line or by half a cosine to 0 at the last step, or not at all.",
            [("linear", RateDecay.Linear), ("cosine", RateDecay.Cosine), ("constant", RateDecay.Constant)], r => r.Schedule, (r, v) => r with { Schedule = v }),
        new Real("warmup", "The share of all steps in which the rate rises from 0.", 0, 1, r => r.Warmup, (r, v) => r with { Warmup = v }),
        new Choice<DecayStart>(
            "decay-start", "From where the rate's decay counts: the first step (TensorFlow's tutorial) or the end of the warm-up (Hugging Face).",
            [("first-step", DecayStart.FirstStep), ("end-of-warmup", DecayStart.EndOfWarmup)], r => r.DecayStart, (r, v) => r with { DecayStart = v }),
        new Real(
            "weight-decay", "AdamW's decay of matrices and embeddings.", 0, 1,
            r => r.Optimizer.WeightDecay, (r, v) => r with { Optimizer = r.Optimizer with { WeightDecay = v } }),
        new Real(
            "layer-decay", "What the rate is multiplied by from each layer to the one below; 1: all learn alike.", 0.01, 1,
            r => r.Optimizer.LayerDecay, (r, v) => r with { Optimizer = r.Optimizer with { LayerDecay = v } }),
        new Real("beta1", "The memory of Adam's first moment.", 0, 0.999999, r => r.Optimizer.Beta1, (r, v) => r with { Optimizer = r.Optimizer with { Beta1 = v } }),
        new Real("beta2", "The memory of Adam's second moment.", 0, 0.9999999, r => r.Optimizer.Beta2, (r, v) => r with { Optimizer = r.Optimizer with { Beta2 = v } }),
        new Real("epsilon", "Added to the root of Adam's second moment.", 1e-30, 1, r => r.Optimizer.Epsilon, (r, v) => r with { Optimizer = r.Optimizer with { Epsilon = v } }),
        new Choice<AdamVariant>(
            "adam", "Where Adam's epsilon and bias correction stand: as in TensorFlow's tutorial, in PyTorch, or in the original BERT (no correction).",
            [("tensorflow", AdamVariant.TensorFlow), ("pytorch", AdamVariant.PyTorch), ("google", AdamVariant.Google)],
            r => r.Optimizer.Variant, (r, v) => r with { Optimizer = r.Optimizer with { Variant = v } }),
        new Real("clip", "The largest global gradient norm; 0: no clipping.", 0, 1e9, r => r.Optimizer.ClipTo, (r, v) => r with { Optimizer = r.Optimizer with { ClipTo = v } }),
        new Choice<ClipNorm>(
            "clip-norm", "How that norm counts word embeddings: each occurrence of a token by itself (TensorFlow's tutorial), or summed (PyTorch).",
            [("tutorial", ClipNorm.Tutorial), ("summed", ClipNorm.Summed)],
            r => r.Optimizer.ClipNorm, (r, v) => r with { Optimizer = r.Optimizer with { ClipNorm = v } }),
        new Word(
            "pooling", "What goes to the classifier: the encoder's pooler, the first token, the mean or the largest of all tokens; auto: what the model's config.json says, else the pooler.",
            ["auto", .. PoolingNames.All], r => r.Pooling?.Format() ?? "auto", (r, v) => r with { Pooling = v == "auto" ? null : PoolingNames.Parse(v) }),
        new Switch(
            "freeze-embeddings", "The embeddings keep their weights, and no gradient is computed for them.", r => r.FreezeEmbeddings, (r, v) => r with { FreezeEmbeddings = v }),
        new Whole(
            "freeze-layers", "How many layers, from the first on and with the embeddings below them, keep their weights: no gradient is computed for them.", 0, 1000,
            r => r.FreezeLayers, (r, v) => r with { FreezeLayers = v }),
        new Open(
            "class-weights", "How much each label counts in the loss: all alike, rare ones more so that all weigh the same together, or by label (others 1).",
            ClassWeights.Words, "LABEL=WEIGHT,…", r => r.ClassWeights.ToString(), (r, v) => ClassWeights.Parse(v) is { } weights ? r with { ClassWeights = weights } : null),
        new Real(
            "label-smoothing", "The share of each target that is spread evenly over all labels.", 0, 0.99, r => r.LabelSmoothing, (r, v) => r with { LabelSmoothing = v }),
        new Real(
            "focal-gamma", "Focal loss: a text's loss is multiplied by (1 − p)^γ, with p the probability of what is right, so that sure ones count less; 0: plain cross-entropy.", 0, 10,
            r => r.FocalGamma, (r, v) => r with { FocalGamma = v }),
        new Real("dropout", "The dropout rate before the classifier.", 0, 0.99, r => r.Dropout, (r, v) => r with { Dropout = v }),
        new OptionalReal("hidden-dropout", "The encoder's dropout rate; by default the model's own.", 0, 0.99, r => r.HiddenDropout, (r, v) => r with { HiddenDropout = v }),
        new OptionalReal(
            "attention-dropout", "The dropout rate of the attention probabilities; by default the model's own.", 0, 0.99,
            r => r.AttentionDropout, (r, v) => r with { AttentionDropout = v }),
        new Whole("seed", "The seed of the split, the order, the dropout and the new classifier.", 0, int.MaxValue, r => r.Seed, (r, v) => r with { Seed = v }),
        new Real("validation-split", "The share of the training texts set aside for validation.", 0, 0.9, r => r.ValidationSplit, (r, v) => r with { ValidationSplit = v }),
        new Choice<SplitMethod>(
            "split",
            "How they are set aside: as in TensorFlow's tutorial, so that every label has its share (of numbers every tenth of their ranks), or so that the rows of a group (--group-column) stay together.",
            [("tutorial", SplitMethod.Tutorial), ("stratified", SplitMethod.Stratified), ("grouped", SplitMethod.Grouped)], r => r.Split, (r, v) => r with { Split = v }),
        new Choice<ShuffleMode>(
            "shuffle", "The order of the texts: anew every epoch, through a buffer of 256 once (TensorFlow's tutorial), or as they come.",
            [("epoch", ShuffleMode.EveryEpoch), ("tutorial", ShuffleMode.Tutorial), ("none", ShuffleMode.None)], r => r.Shuffle, (r, v) => r with { Shuffle = v }),
        new Whole("validate-every", "Steps between validations; 0: one at the end of each epoch.", 0, int.MaxValue, r => r.ValidateEvery, (r, v) => r with { ValidateEvery = v })
        {
            Alias = "evaluate-every",
        },
        new Whole(
            "early-stopping", "Validations without an improvement after which the run stops; 0: never.", 0, int.MaxValue,
            r => r.EarlyStopping, (r, v) => r with { EarlyStopping = v }),
        new Open(
            "keep",
            "Which model is kept: of the best validation accuracy (multi-label: F1; regression: correlation), of the lowest validation loss, the last, or the best by any figure of beret evaluate, such as f1_macro.",
            KeepModel.Words, "FIGURE", r => r.Keep.ToString(), (r, v) => KeepModel.Parse(v) is { } keep ? r with { Keep = keep } : null),
        new Whole(
            "checkpoint-every", "Steps between the checkpoints that an interrupted run goes on from; 0: one at the end of each epoch.", 0, int.MaxValue,
            r => r.CheckpointEvery, (r, v) => r with { CheckpointEvery = v }),
        new Word("task", "What is decided: auto infers it from the labels.", ["auto", .. TaskNames.All], r => r.Task, (r, v) => r with { Task = v }),
        new Choice<Precision>(
            "precision", "The arithmetic of the encoder's matrix products; auto is bf16 where the processor has an instruction for it, else fp32.",
            [("fp32", Precision.Float32), ("bf16", Precision.BFloat16), ("auto", Precision.Auto)], r => r.Precision, (r, v) => r with { Precision = v }),
        new Real(
            "temperature", "With a teacher: what its logits and the student's are divided by before they are compared.", 0.01, 1000,
            r => r.Temperature, (r, v) => r with { Temperature = v }) { NeedsTeacher = true },
        new Real(
            "alpha", "With a teacher: its share of the loss; the labels have the rest.", 0, 1, r => r.Alpha, (r, v) => r with { Alpha = v }) { NeedsTeacher = true },
        new Choice<Relations>(
            "relations",
            "With a teacher that has the student's vocabulary: relations between tokens (queries with keys, values with values, …) that the attention of the student's last layer is held to, as in "
                + "MiniLM (qk+vv) or in MiniLMv2 (qq+kk+vv).",
            [
                ("none", Relations.None), ("qk+vv", Relations.QueryKey | Relations.ValueValue),
                ("qq+kk+vv", Relations.QueryQuery | Relations.KeyKey | Relations.ValueValue), ("vv", Relations.ValueValue),
            ],
            r => r.Relations, (r, v) => r with { Relations = v }) { NeedsTeacher = true },
        new Real(
            "relation-weight", "With --relations: what their loss is multiplied by before it is added to that of the logits.", 0, 1e6,
            r => r.RelationWeight, (r, v) => r with { RelationWeight = v }) { NeedsTeacher = true },
        new Whole(
            "relation-layer", "With --relations: the layer of the teacher, counted from 1; 0: the last.", 0, 1000,
            r => r.RelationLayer, (r, v) => r with { RelationLayer = v }) { NeedsTeacher = true },
        new Whole(
            "relation-heads", "With --relations: how many heads queries, keys and values are cut into; 0: as many as the teacher's attention has.", 0, 65_536,
            r => r.RelationHeads, (r, v) => r with { RelationHeads = v }) { NeedsTeacher = true },
        new Choice<HiddenStates>(
            "hidden-states",
            "With a teacher: hidden states that the student is to have from it, those of the last layer, or of all, each from a layer of the teacher (TinyBERT). The vocabularies may differ: then "
                + "tokens are matched by word.",
            [("none", HiddenStates.None), ("last", HiddenStates.Last), ("all", HiddenStates.All)],
            r => r.HiddenStates, (r, v) => r with { HiddenStates = v }) { NeedsTeacher = true },
        new Real(
            "hidden-weight", "With --hidden-states: what their loss is multiplied by before it is added to that of the logits.", 0, 1e6,
            r => r.HiddenWeight, (r, v) => r with { HiddenWeight = v }) { NeedsTeacher = true },
        new Switch(
            "checkpoint-activations", "Keep only the input of each layer and compute the rest anew in the backward pass: the same result, a third more work, far less memory.",
            r => r.CheckpointActivations, (r, v) => r with { CheckpointActivations = v }),
        new Switch(
            "baseline", "Train a linear model on words (tf-idf) beside it, in seconds, and show its figures: they say what the encoder is worth.",
            r => r.Baseline, (r, v) => r with { Baseline = v }),
        new Whole("threads", "Threads that compute; 0: one for each processor. The result does not depend on it.", 0, 1024, r => r.Threads, (r, v) => r with { Threads = v }),
    ];

    /// <summary>Those that decided a run.</summary>
    internal static IEnumerable<RecipeOption> Of(TrainingPlan plan) => All.Where(
        option => (!option.NeedsTeacher || plan.Teacher is not null) && (!option.NeedsWindows || plan.Recipe.Truncation == Truncation.Windows));

    /// <summary>The option of a name or key, or null.</summary>
    public static RecipeOption? Find(string name) => All.FirstOrDefault(option => option.Name == name.Replace('_', '-') || option.Alias == name.Replace('_', '-'));

    /// <summary>The recipe with this setting changed to a text's value.</summary>
    /// <exception cref="TrainingException">The text is no value of this setting.</exception>
    public TrainingRecipe Set(TrainingRecipe recipe, string text)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(text);
        return TrySet(recipe, text) ?? throw new TrainingException($"--{Name} is \"{text}\", not {Wanted}");
    }

    /// <summary>The setting's value as a text that <see cref="Set(TrainingRecipe, string)"/> reads; "" where it is not given.</summary>
    public abstract string Get(TrainingRecipe recipe);

    /// <summary>The recipe with this setting changed to a JSON value.</summary>
    internal TrainingRecipe Set(TrainingRecipe recipe, JsonElement value, string where)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.String when JsonType == "string" || value.GetString() == Keyword => value.GetString(),
            JsonValueKind.Number when JsonType is "integer" or "number" => value.GetRawText(),
            JsonValueKind.True or JsonValueKind.False when JsonType == "boolean" => value.GetRawText(),
            JsonValueKind.Null when this is OptionalReal or OptionalWhole => "",
            _ => null,
        };
        return (text is null ? null : TrySet(recipe, text)) ?? throw new TrainingException($"{where}: {Key} is {value.GetRawText()}, not {Wanted}");
    }

    /// <summary>Writes the setting's value.</summary>
    internal void Write(Utf8JsonWriter writer, TrainingRecipe recipe)
    {
        var text = Get(recipe);
        if (JsonType == "string" || text == Keyword)
        {
            writer.WriteString(Key, text);
        }
        else if (text.Length == 0)
        {
            writer.WriteNull(Key);
        }
        else
        {
            writer.WritePropertyName(Key);
            writer.WriteRawValue(text);
        }
    }

    /// <summary>What the setting can be, for "… is 7, not …".</summary>
    private protected abstract string Wanted { get; }

    /// <summary>Null where the text is no value of this setting.</summary>
    private protected abstract TrainingRecipe? TrySet(TrainingRecipe recipe, string text);

    private static string Show(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private class Whole(
        string name, string description, int least, int most, Func<TrainingRecipe, int> get, Func<TrainingRecipe, int, TrainingRecipe> set)
        : RecipeOption(name, description)
    {
        public override string JsonType => "integer";

        internal override (double? Least, double? Most) Bounds => (least, most == int.MaxValue ? null : most);

        private protected override string Wanted => $"a whole number from {least}{(most == int.MaxValue ? " up" : $" to {most}")}";

        public override string Get(TrainingRecipe recipe) => get(recipe).ToString(CultureInfo.InvariantCulture);

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
                ? set(recipe, value)
                : null;
    }

    private sealed class WholeOrWord(
        string name, string description, int least, int most, string word, int meaning, Func<TrainingRecipe, int> get, Func<TrainingRecipe, int, TrainingRecipe> set)
        : Whole(name, description, least, most, r => get(r), (r, v) => set(r, v))
    {
        public override string Keyword => word;

        private protected override string Wanted => $"{base.Wanted}, or {word}";

        public override string Get(TrainingRecipe recipe) => get(recipe) == meaning ? word : base.Get(recipe);

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text) => text == word ? set(recipe, meaning) : base.TrySet(recipe, text);
    }

    private sealed class OptionalWhole(
        string name, string description, int least, int most, Func<TrainingRecipe, int?> get, Func<TrainingRecipe, int?, TrainingRecipe> set)
        : Whole(name, description, least, most, r => get(r) ?? least, (r, v) => set(r, v))
    {
        public override string Get(TrainingRecipe recipe) => get(recipe) is { } value ? value.ToString(CultureInfo.InvariantCulture) : "";

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text) => text.Length == 0 ? set(recipe, null) : base.TrySet(recipe, text);
    }

    private class Real(
        string name, string description, double least, double most, Func<TrainingRecipe, double> get, Func<TrainingRecipe, double, TrainingRecipe> set)
        : RecipeOption(name, description)
    {
        public override string JsonType => "number";

        internal override (double? Least, double? Most) Bounds => (least, most);

        private protected override string Wanted => $"a number from {Show(least)} to {Show(most)}";

        public override string Get(TrainingRecipe recipe) => Show(get(recipe));

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
                ? set(recipe, value)
                : null;
    }

    private sealed class OptionalReal(
        string name, string description, double least, double most, Func<TrainingRecipe, double?> get, Func<TrainingRecipe, double?, TrainingRecipe> set)
        : Real(name, description, least, most, r => get(r) ?? double.NaN, (r, v) => set(r, v))
    {
        public override string Get(TrainingRecipe recipe) => get(recipe) is { } value ? Show(value) : "";

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text) => text.Length == 0 ? set(recipe, null) : base.TrySet(recipe, text);
    }

    private sealed class Choice<T>(
        string name, string description, (string Word, T Value)[] choices, Func<TrainingRecipe, T> get, Func<TrainingRecipe, T, TrainingRecipe> set)
        : RecipeOption(name, description)
        where T : struct, Enum
    {
        public override string JsonType => "string";

        public override IReadOnlyList<string> Choices => [.. choices.Select(choice => choice.Word)];

        private protected override string Wanted => string.Join(" or ", Choices);

        public override string Get(TrainingRecipe recipe) => choices.Single(choice => choice.Value.Equals(get(recipe))).Word;

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text)
        {
            foreach (var choice in choices)
            {
                if (choice.Word == text)
                {
                    return set(recipe, choice.Value);
                }
            }

            return null;
        }
    }

    private sealed class Switch(string name, string description, Func<TrainingRecipe, bool> get, Func<TrainingRecipe, bool, TrainingRecipe> set)
        : RecipeOption(name, description)
    {
        public override string JsonType => "boolean";

        private protected override string Wanted => "true or false";

        public override string Get(TrainingRecipe recipe) => get(recipe) ? "true" : "false";

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text) => text switch
        {
            "true" => set(recipe, true),
            "false" => set(recipe, false),
            _ => null,
        };
    }

    private sealed class Open(
        string name, string description, IReadOnlyList<string> choices, string other, Func<TrainingRecipe, string> get, Func<TrainingRecipe, string, TrainingRecipe?> set)
        : RecipeOption(name, description)
    {
        public override string JsonType => "string";

        public override IReadOnlyList<string> Choices => choices;

        public override string Other => other;

        private protected override string Wanted => string.Join(" or ", [.. choices, other]);

        public override string Get(TrainingRecipe recipe) => get(recipe);

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text) => set(recipe, text);
    }

    private sealed class Word(
        string name, string description, string[] choices, Func<TrainingRecipe, string> get, Func<TrainingRecipe, string, TrainingRecipe> set)
        : RecipeOption(name, description)
    {
        public override string JsonType => "string";

        public override IReadOnlyList<string> Choices => choices;

        private protected override string Wanted => string.Join(" or ", choices);

        public override string Get(TrainingRecipe recipe) => get(recipe);

        private protected override TrainingRecipe? TrySet(TrainingRecipe recipe, string text) => choices.Contains(text) ? set(recipe, text) : null;
    }
}
