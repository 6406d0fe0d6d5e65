using System.Diagnostics;
using Beret.Baselines;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Evaluation;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tasks;
using Beret.Text;
using Beret.Tokens;
using Beret.Training.Runs;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>Everything that a run needs in memory: the model, the tokens, the learner; and what is done with them.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly IBackend backend;
    private readonly SequenceClassifier model;
    private readonly Tokenizer tokenizer;
    private readonly ClassificationTask task;
    private readonly RunTexts texts;
    private readonly TeacherAnswers? answers;
    private readonly TeacherGuide? guide;
    private readonly TrainingRecipe recipe;
    private readonly PackedBatch batch = new();
    private readonly MemoryPlan memory;
    private readonly TrainingJob job;
    private IReadOnlyList<string> newLayers = [];
    private ClassificationTask? replaced;
    private TokenStore? validationStore;
    private BatchRunner? runner;
    private TextScorer? scorer;
    private readonly Objective objective;
    private readonly StepTargets targets;

    private TrainingSession(
        TrainingJob job, IBackend backend, SequenceClassifier model, Tokenizer tokenizer, RunTexts texts, Objective objective, TeacherAnswers? answers, TokenStore store,
        TeacherGuide? guide)
    {
        this.job = job;
        this.backend = backend;
        this.model = model;
        this.tokenizer = tokenizer;
        this.texts = texts;
        this.objective = objective;
        this.answers = answers;
        this.guide = guide;
        task = texts.Task;
        recipe = job.Recipe;
        Store = store;
        targets = new StepTargets(texts, objective, answers, recipe.BatchSize);
        var largest = StepSize.LargestOf(store, recipe);
        var batches = (int)((Math.Min(recipe.StepTexts, store.Count) + recipe.BatchSize - 1) / recipe.BatchSize);
        memory = MemoryPlan.For(
            model.Config, task.Outputs, largest, recipe.WindowPooling, recipe.CheckpointActivations, answers is not null, guide?.SizesFor(model.Config),
            new StepShape(objective.TargetSize, batches, planned => FrozenPart.Apply(planned, recipe))) with
        {
            Teacher = guide?.BytesFor(largest.Tokens) ?? 0,
        };
        Learner = new Learner(
            model, backend, objective.Loss, recipe.Optimizer, (ulong)recipe.Seed, memory.Activations, recipe.CheckpointActivations,
            answers is null ? null : new Distillation(recipe.Temperature, recipe.Alpha), guide, objective.Focus)
        {
            Pooling = recipe.WindowPooling,
        };
        if (recipe.GradientAccumulation > 1)
        {
            Learner.Reserve((long)largest.Tokens * batches);
        }

        if (recipe.HeadLearningRate is { } rate)
        {
            HeadRate.Apply(model, rate / recipe.LearningRate);
        }
    }

    /// <summary>SHA-256 over the texts that are learned from.</summary>
    public string Fingerprint => texts.Fingerprint;

    /// <summary>The same over those that the model is judged on; null where there are none.</summary>
    public string? ValidationFingerprint => texts.Validation?.Fingerprint;

    /// <summary>SHA-256 of the model as it came.</summary>
    public required string ModelFingerprint { get; init; }

    /// <summary>SHA-256 of the teacher, or null.</summary>
    public string? TeacherFingerprint => answers?.Teacher;

    public TokenStore Store { get; }

    public Learner Learner { get; }

    public ParameterSet Parameters => model.Parameters;

    /// <summary>Whether the task decides on one class, which is right or wrong.</summary>
    public bool HasAccuracy => task.Kind == LabelKind.Class;

    public bool HasValidation => texts.Validation is not null;

    /// <summary>Tokens of the last step.</summary>
    public int Tokens { get; private set; }

    /// <summary>Which model is kept.</summary>
    public required KeepRule Keep { get; init; }

    /// <summary>The loss of a model that knows the labels' distribution and nothing of the texts. What it is with a teacher nobody knows: then infinite.</summary>
    public double ChanceLoss => answers is not null ? double.PositiveInfinity : objective.ChanceLoss;

    /// <summary>Splits, asks the teacher, loads, tokenizes.</summary>
    /// <param name="job">What to prepare.</param>
    /// <param name="callbacks">Is told what takes a while.</param>
    /// <param name="check">Given the fingerprints of the texts and of the teacher before anything that takes long: throws where they are not the right ones.</param>
    /// <param name="cancellation">Stops it.</param>
    public static TrainingSession Prepare(TrainingJob job, TrainingCallbacks callbacks, Action<string, string?> check, CancellationToken cancellation)
    {
        var recipe = job.Recipe;
        TeacherGuide.Check(job);
        RequireRates(recipe);
        callbacks.Preparing("loading the encoder");
        var files = ModelFiles.Open(job.ModelFolder, job.Source);
        job = job with { Source = files.Source };
        var tokenizer = files.LoadTokenizer();
        var known = KnownClassifier.Of(files, tokenizer);
        var (texts, answers) = RunInput.Read(job, known, callbacks, check, cancellation);
        if (job.Test is { } test)
        {
            // Labels that the model will not know are said now, and not when it has been trained.
            job = job with { Test = test.As(texts.Task.Kind).WithLabels(texts.Task.Labels) };
        }

        var isForeign = known is not null && !known.Is(texts.Task);
        var objective = Objective.For(recipe, texts.Task, texts.Training);
        var keep = new KeepRule(recipe.Keep, texts.Validation is null ? null : () => texts.Task.Evaluate(texts.Validation.Examples, new float[texts.Validation.Examples.Count * texts.Task.Outputs]));
        var backend = CpuBackend.Create(recipe.ThreadCount);
        SequenceClassifier? model = null;
        TrainingSession? session = null;
        TeacherGuide? guide = null;
        TokenStore? store = null;
        IReadOnlyList<string> newLayers = [];
        string fingerprint;
        try
        {
            guide = TeacherGuide.Load(job, backend);
            using (var weights = files.OpenWeights())
            {
                var config = WithRates(files.Config, recipe);
                var loaded = ModelLoader.Load(config, weights, backend, texts.Task.Outputs, (ulong)recipe.Seed, guide?.ProjectionFor(config) ?? 0, drawsHead: isForeign);
                (model, newLayers) = (loaded.Model, loaded.NewLayers);
                fingerprint = Runs.ModelFingerprint.Of(files.Path, weights);
            }

            model.Parameters.Use(recipe.Precision.Arithmetic());
            FrozenPart.Check(recipe, model.Config, job.Teacher is not null);
            FrozenPart.Apply(model, recipe);
            if (recipe.CheckpointActivations && !model.Encoder.PassesBlocks)
            {
                throw new TrainingException(
                    $"--checkpoint-activations is not there for {model.Config.Family.ModelType}, whose layers share more than their input; a smaller --batch-size takes less memory too");
            }

            if (recipe.MaxLength > model.Config.MaxPositions)
            {
                throw new TrainingException($"--max-length {recipe.MaxLength} is more than the {model.Config.MaxPositions} positions that {job.ModelName} knows");
            }

            if (tokenizer.VocabularySize > model.Config.VocabularySize)
            {
                throw new TrainingException(
                    $"the vocabulary in {job.ModelFolder} has {tokenizer.VocabularySize} tokens, but the model has embeddings for {model.Config.VocabularySize} only");
            }

            callbacks.Preparing($"tokenizing {texts.Learned.Count + (texts.Validation?.Examples.Count ?? 0):n0} texts");
            var options = recipe.TrainingEncodeOptions;
            store = TokenStore.Build(tokenizer, texts.Learned, options, recipe.ThreadCount, callbacks.Doing("tokenizing"), cancellation);
            guide?.Prepare(job, model, tokenizer, options, texts, store.Longest, cancellation);
            session = new TrainingSession(job, backend, model, tokenizer, texts, objective, answers, store, guide) { Keep = keep, ModelFingerprint = fingerprint };
            session.newLayers = newLayers;
            session.replaced = isForeign ? known!.Task : null;
            if (texts.Validation is { } validation)
            {
                session.validationStore = TokenStore.Build(tokenizer, validation.Examples, recipe.EncodeOptions, recipe.ThreadCount, callbacks.Doing("tokenizing"), cancellation);
            }

            if (texts.Validation is not null || job.Test is not null)
            {
                session.runner = new BatchRunner(model, backend) { Pooling = recipe.WindowPooling };
                session.scorer = new TextScorer(session.runner);
            }

            return session;
        }
        catch
        {
            session?.Learner.Dispose();
            session?.runner?.Dispose();
            session?.validationStore?.Dispose();
            store?.Dispose();
            guide?.Dispose();
            model?.Dispose();
            backend.Dispose();
            throw;
        }
    }

    /// <summary>What the user is shown before training. Times one step that changes nothing.</summary>
    public TrainingPlan Plan(int stepsDone, CancellationToken cancellation)
    {
        var stepsPerEpoch = (int)((Store.Count + recipe.StepTexts - 1) / recipe.StepTexts);
        var steps = recipe.MaxSteps > 0 ? Math.Min(stepsPerEpoch * recipe.Epochs, recipe.MaxSteps) : stepsPerEpoch * recipe.Epochs;
        var probe = Enumerable.Range(0, Math.Min(recipe.BatchSize, Store.Count)).ToArray();
        var untrained = Logits(0);
        var seconds = double.PositiveInfinity;
        for (var i = 0; i < 2 && !cancellation.IsCancellationRequested; i++)
        {
            // The first time compiles the kernels.
            var started = Stopwatch.GetTimestamp();
            targets.Begin(probe);
            guide?.Begin(probe, Store);
            Fill(probe);
            Learner.Differentiate(batch, targets.Labels(probe), targets.Teaching(probe));
            seconds = Math.Min(seconds, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        var perToken = seconds / batch.Tokens;
        var epochs = (double)steps / stepsPerEpoch;
        var validations = (recipe.ValidateEvery > 0 ? steps / recipe.ValidateEvery : 0) + Math.Ceiling(epochs);
        var config = model.Config;
        return new TrainingPlan
        {
            Recipe = recipe,
            Model = job.ModelTitle,
            Architecture = $"{config.Family.ModelType}, {config.Layers} layers, hidden size {config.HiddenSize}, {config.Heads} heads, feed-forward {config.IntermediateSize}",
            HiddenSize = config.HiddenSize,
            Preprocessing = $"{tokenizer.Kind}, {(tokenizer.LowerCase ? "uncased" : "cased")}, {tokenizer.VocabularySize} tokens, flavour {tokenizer.Flavour.Format()}, "
                + $"{recipe.MaxLength} tokens, {LongTexts.Say(recipe.EncodeOptions, recipe.WindowPooling)}",
            NewLayers = newLayers,
            ReplacedLabels = replaced?.Labels,
            Labels = task.Labels,
            Task = task.Name,
            Headline = task.Headline,
            Training = texts.Training,
            Validation = texts.Validation,
            Unlabelled = texts.Unlabelled.Count,
            Teacher = job.Teacher is { } teacher ? TrainingJob.TitleOf(teacher.Name) : null,
            Guidance = guide?.Summary,
            TeacherEvaluation = answers is not null && texts.Validation is { } judged ? task.Evaluate(judged.Examples, answers.OfValidation) : null,
            Samples = [.. texts.Training.Examples.Take(3)],
            CutShare = (double)Store.Cut / Store.Count,
            MeanTokens = (double)Store.Tokens / Store.Count,
            MeanWindows = (double)Store.Windows / Store.Count,
            Parameters = model.OwnParameters.Where(parameter => !parameter.IsFrozen).Sum(parameter => parameter.Length),
            FrozenParameters = model.OwnParameters.Where(parameter => parameter.IsFrozen).Sum(parameter => parameter.Length),
            Memory = memory,
            ProcessPeak = ProcessPeak(),
            Steps = steps,
            StepsPerEpoch = stepsPerEpoch,
            ExpectedTime = double.IsFinite(perToken)
                ? TimeSpan.FromSeconds(perToken * (Store.Tokens * (epochs - (double)stepsDone / stepsPerEpoch) + validations * (validationStore?.Tokens ?? 0) / 3.0))
                : TimeSpan.Zero,
            UntrainedLogits = untrained,
            StepsDone = stepsDone,
        };
    }

    /// <summary>One optimizer step on some training texts.</summary>
    /// <param name="members">Their numbers.</param>
    /// <param name="learningRate">The rate.</param>
    /// <param name="correct">How many the model had right before the step; a text without a label has its teacher's. 0 without <see cref="HasAccuracy"/>.</param>
    public StepResult Step(ReadOnlySpan<int> members, double learningRate, out int correct)
    {
        targets.Begin(members);
        guide?.Begin(members, Store);
        (Tokens, correct) = (0, 0);
        for (var start = 0; start < members.Length; start += recipe.BatchSize)
        {
            var part = members.Slice(start, Math.Min(recipe.BatchSize, members.Length - start));
            Fill(part);
            if (part.Length == members.Length)
            {
                var result = Learner.Step(batch, targets.Labels(part), learningRate, targets.Teaching(part));
                correct = Judge(part);
                return result;
            }

            Learner.Accumulate(batch, targets.Labels(part), (double)part.Length / members.Length, targets.Teaching(part));
            correct += Judge(part);
        }

        return Learner.Update(learningRate);
    }

    /// <summary>Judges the model on the validation texts, and how often it decides as its teacher, if it has one; null where cancelled.</summary>
    public (EvaluationResult Result, double? Agreement)? Validate(TrainingCallbacks callbacks, CancellationToken cancellation)
    {
        try
        {
            var logits = Score(validationStore!, callbacks, cancellation);
            return (task.Evaluate(texts.Validation!.Examples, logits), answers is null ? null : Agreement(logits, answers.OfValidation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Judges the model on texts of their own.</summary>
    public (EvaluationResult Result, float[] Logits) Evaluate(LabelledTexts judged, TrainingCallbacks callbacks)
    {
        var examples = judged.As(task.Kind).WithLabels(task.Labels).Examples;
        using var store = TokenStore.Build(tokenizer, examples, recipe.EncodeOptions, recipe.ThreadCount, callbacks.Doing("tokenizing"), CancellationToken.None);
        var logits = Score(store, callbacks, CancellationToken.None);
        return (task.Evaluate(examples, logits), logits);
    }

    /// <summary>A linear model on the words of the training texts; null where it is not wanted, or no text has a label.</summary>
    public Baseline? TrainBaseline(TrainingCallbacks callbacks)
    {
        if (!recipe.Baseline || texts.Training.Examples.Count == 0)
        {
            return null;
        }

        callbacks.Preparing("training the baseline");
        return Baseline.Train(texts.Training, task);
    }

    /// <summary>Writes the model folder as it is now.</summary>
    public void Save(TrainingJob job, TrainingPlan plan, Action<string> more) => ModelFolder.Write(
        job.Output, model, tokenizer,
        new ModelDescription
        {
            Task = task.Name,
            Labels = task.Labels,
            Flavour = tokenizer.Flavour,
            MaxLength = recipe.MaxLength,
            Truncation = recipe.Truncation,
            WindowOverlap = recipe.EncodeOptions.WindowOverlap,
            WindowPooling = recipe.WindowPooling,
            Precision = recipe.Precision,
            BaseModel = job.ModelTitle,
            BaseSource = this.job.Source,
            DataOrigin = job.DataTitle,
            DataFingerprint = Fingerprint,
            Teacher = plan.Teacher,
            Recipe = RunOutcome.Json(writer => RecipeFile.Write(writer, plan.Recipe, RecipeOption.Of(plan))),
        },
        more);

    /// <summary>Takes the weights from a model folder.</summary>
    public void Reload(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        WeightLoader.Load(checkpoint, Parameters, model.Config.Family.Prefix);
    }

    public void Dispose()
    {
        Learner.Dispose();
        runner?.Dispose();
        guide?.Dispose();
        Store.Dispose();
        validationStore?.Dispose();
        model.Dispose();
        backend.Dispose();
    }

    private float[] Score(TokenStore store, TrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var logits = new float[(long)store.Count * task.Outputs];
        var done = 0;
        scorer!.Score(store, logits, (count, _) => callbacks.Validating(done += count, store.Count), cancellation);
        return logits;
    }

    private double Agreement(ReadOnlySpan<float> logits, ReadOnlySpan<float> teacher)
    {
        var (k, same) = (task.Outputs, 0);
        for (var start = 0; start < logits.Length; start += k)
        {
            same += task.AgreeOn(logits.Slice(start, k), teacher.Slice(start, k)) ? 1 : 0;
        }

        return (double)same * k / logits.Length;
    }

    private static void RequireRates(TrainingRecipe recipe)
    {
        if (recipe is { LearningRate: 0, HeadLearningRate: not null })
        {
            throw new TrainingException("--learning-rate 0 leaves --head-learning-rate nothing to be a share of: to train the head alone, freeze all layers (--freeze-layers)");
        }
    }

    private static EncoderConfig WithRates(EncoderConfig config, TrainingRecipe recipe) => config with
    {
        Pooling = recipe.Pooling ?? config.Pooling,
        ClassifierDropout = recipe.Dropout,
        HiddenDropout = recipe.HiddenDropout ?? config.HiddenDropout,
        AttentionDropout = recipe.AttentionDropout ?? config.AttentionDropout,
    };

    /// <summary>
    /// What the process has needed so far, or, if that is more, what it holds now and validation will add: weights, moments and activations are there by now.
    /// </summary>
    private long ProcessPeak()
    {
        using var process = Process.GetCurrentProcess();
        var validating = validationStore is null ? 0 : MemoryPlan.Inference(model.Config, task.Outputs, Math.Max(TextScorer.MostTokens, validationStore.Longest));
        return Math.Max(process.PeakWorkingSet64, process.WorkingSet64 + validating);
    }

    /// <summary>Counts the tokens of the batch that was learned from, and what of it was right.</summary>
    private int Judge(ReadOnlySpan<int> members)
    {
        Tokens += batch.Tokens;
        return HasAccuracy ? targets.Correct(members, Learner.Logits) : 0;
    }

    private void Fill(ReadOnlySpan<int> members)
    {
        Store.Fill(batch, members);
        guide?.Choose(members, Store);
    }

    private float[] Logits(int text)
    {
        var logits = new float[task.Outputs];
        Store.Fill(batch, [text]);
        using var once = new BatchRunner(model, backend) { Pooling = recipe.WindowPooling };
        once.Run(batch, logits);
        return logits;
    }
}
