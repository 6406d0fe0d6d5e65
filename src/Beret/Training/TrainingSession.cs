using System.Diagnostics;
using System.Text.Json;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Evaluation;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Training;

/// <summary>Everything that a run needs in memory: the model, the tokens, the learner; and what is done with them.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly IBackend backend;
    private readonly SequenceClassifier model;
    private readonly Tokenizer tokenizer;
    private readonly ClassificationTask task;
    private readonly TrainingRecipe recipe;
    private readonly PackedBatch batch = new();
    private readonly MemoryPlan memory;
    private readonly TrainingJob job;
    private IReadOnlyList<string> newLayers = [];
    private LabelledTexts? validation;
    private TokenStore? validationStore;
    private BatchRunner? runner;
    private TextScorer? scorer;
    private float[] targets;
    private int[] labels;

    private TrainingSession(
        TrainingJob job, IBackend backend, SequenceClassifier model, Tokenizer tokenizer, ClassificationTask task, LabelledTexts training, TokenStore store)
    {
        this.job = job;
        this.backend = backend;
        this.model = model;
        this.tokenizer = tokenizer;
        this.task = task;
        recipe = job.Recipe;
        Training = training;
        Store = store;
        targets = new float[recipe.BatchSize * task.TargetSize];
        labels = new int[recipe.BatchSize];
        memory = MemoryPlan.For(model.Config, task.Outputs, recipe.BatchSize, Math.Min(store.Longest, recipe.MaxLength), recipe.CheckpointActivations);
        Learner = new Learner(model, backend, task.Loss, recipe.Optimizer, (ulong)recipe.Seed, memory.Activations, recipe.CheckpointActivations);
    }

    /// <summary>The texts that are trained on, in the order of the split.</summary>
    public LabelledTexts Training { get; }

    public TokenStore Store { get; }

    public Learner Learner { get; }

    public ParameterSet Parameters => model.Parameters;

    public bool HasValidation => validation is not null;

    /// <summary>Tokens of the last step.</summary>
    public int Tokens => batch.Tokens;

    /// <summary>The loss of a model that knows the labels' shares and nothing of the texts: their entropy.</summary>
    public double ChanceLoss => -Training.Counts.Where(count => count > 0)
        .Select(count => (double)count / Training.Examples.Count).Sum(share => share * Math.Log(share));

    /// <summary>Splits, loads, tokenizes.</summary>
    public static TrainingSession Prepare(TrainingJob job, TrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var recipe = job.Recipe;
        var task = ClassificationTask.For(job.Data.Labels, recipe.Task);
        var (training, validation) = Split(job);
        callbacks.Preparing("loading the encoder");
        var files = ModelFiles.Open(job.ModelFolder, job.Source);
        job = job with { Source = files.Source };
        var tokenizer = files.LoadTokenizer();
        var backend = CpuBackend.Create(recipe.ThreadCount);
        SequenceClassifier? model = null;
        TrainingSession? session = null;
        IReadOnlyList<string> newLayers = [];
        try
        {
            using (var weights = files.OpenWeights())
            {
                var loaded = ModelLoader.Load(WithRates(files.Config, recipe), weights, backend, task.Outputs, (ulong)recipe.Seed);
                (model, newLayers) = (loaded.Model, loaded.NewLayers);
            }

            model.Parameters.Use(recipe.Precision.Arithmetic());
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

            callbacks.Preparing($"tokenizing {training.Examples.Count + (validation?.Examples.Count ?? 0):n0} texts");
            var options = new EncodeOptions { MaxLength = recipe.MaxLength, Truncation = recipe.Truncation };
            session = new TrainingSession(
                job, backend, model, tokenizer, task, training, TokenStore.Build(tokenizer, training.Examples, options, recipe.ThreadCount, cancellation));
            session.newLayers = newLayers;
            if (validation is not null)
            {
                session.validation = validation;
                session.validationStore = TokenStore.Build(tokenizer, validation.Examples, options, recipe.ThreadCount, cancellation);
                session.runner = new BatchRunner(model, backend);
                session.scorer = new TextScorer(session.runner);
            }

            return session;
        }
        catch
        {
            session?.Learner.Dispose();
            session?.runner?.Dispose();
            model?.Dispose();
            backend.Dispose();
            throw;
        }
    }

    /// <summary>What the user is shown before training. Times one step that changes nothing.</summary>
    public TrainingPlan Plan(int stepsDone, CancellationToken cancellation)
    {
        var stepsPerEpoch = (Store.Count + recipe.BatchSize - 1) / recipe.BatchSize;
        var probe = Enumerable.Range(0, Math.Min(recipe.BatchSize, Store.Count)).ToArray();
        var untrained = Logits(0);
        var seconds = double.PositiveInfinity;
        for (var i = 0; i < 2 && !cancellation.IsCancellationRequested; i++)
        {
            // The first time compiles the kernels.
            var started = Stopwatch.GetTimestamp();
            Fill(probe);
            Learner.Differentiate(batch, Targets(probe.Length));
            seconds = Math.Min(seconds, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        var perToken = seconds / batch.Tokens;
        var validations = recipe.ValidateEvery > 0 ? stepsPerEpoch * recipe.Epochs / recipe.ValidateEvery + recipe.Epochs : recipe.Epochs;
        var config = model.Config;
        return new TrainingPlan
        {
            Recipe = recipe,
            Model = job.ModelTitle,
            Architecture = $"{config.Family.ModelType}, {config.Layers} layers, hidden size {config.HiddenSize}, {config.Heads} heads, feed-forward {config.IntermediateSize}",
            HiddenSize = config.HiddenSize,
            Preprocessing = $"{tokenizer.Kind}, {(tokenizer.LowerCase ? "uncased" : "cased")}, {tokenizer.VocabularySize} tokens, flavour {tokenizer.Flavour.Format()}, "
                + $"{recipe.MaxLength} tokens, truncation {recipe.Truncation.Format()}",
            NewLayers = newLayers,
            Labels = task.Labels,
            Task = task.Name,
            Training = Training,
            Validation = validation,
            Samples = [.. Training.Examples.Take(3)],
            CutShare = (double)Store.Cut / Store.Count,
            MeanTokens = (double)Store.Tokens / Store.Count,
            Parameters = Parameters.Count,
            Memory = memory,
            ProcessPeak = ProcessPeak(),
            Steps = stepsPerEpoch * recipe.Epochs,
            StepsPerEpoch = stepsPerEpoch,
            ExpectedTime = double.IsFinite(perToken)
                ? TimeSpan.FromSeconds(perToken * (Store.Tokens * ((double)recipe.Epochs - (double)stepsDone / stepsPerEpoch) + validations * (validationStore?.Tokens ?? 0) / 3.0))
                : TimeSpan.Zero,
            UntrainedLogits = untrained,
            StepsDone = stepsDone,
        };
    }

    /// <summary>One optimizer step on some training texts.</summary>
    public StepResult Step(ReadOnlySpan<int> texts, double learningRate, out int correct)
    {
        Fill(texts);
        var result = Learner.Step(batch, Targets(texts.Length), learningRate);
        correct = 0;
        var logits = Learner.Logits;
        for (var i = 0; i < texts.Length; i++)
        {
            correct += task.Decide(logits.Slice(i * task.Outputs, task.Outputs)) == labels[i] ? 1 : 0;
        }

        return result;
    }

    /// <summary>Judges the model on the validation texts; null where cancelled.</summary>
    public EvaluationResult? Validate(TrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var store = validationStore!;
        var logits = new float[(long)store.Count * task.Outputs];
        var done = 0;
        try
        {
            scorer!.Score(store, logits, (texts, _) => callbacks.Validating(done += texts, store.Count), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }

        return task.Evaluate(store.Labels, logits);
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
            Precision = recipe.Precision,
            BaseModel = job.ModelTitle,
            BaseSource = this.job.Source,
            DataOrigin = job.DataName,
            DataFingerprint = Training.Fingerprint,
            Recipe = RecipeJson(plan.Recipe),
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
        model.Dispose();
        backend.Dispose();
    }

    private static (LabelledTexts Training, LabelledTexts? Validation) Split(TrainingJob job)
    {
        if (job.Validation is not null)
        {
            return (job.Data, job.Validation.WithLabels(job.Data.Labels));
        }

        if (job.Recipe.ValidationSplit == 0)
        {
            return (job.Data, null);
        }

        return DatasetSplit.TutorialSplit(job.Data, job.Recipe.ValidationSplit, job.Recipe.Seed);
    }

    private static EncoderConfig WithRates(EncoderConfig config, TrainingRecipe recipe) => config with
    {
        ClassifierDropout = recipe.Dropout,
        HiddenDropout = recipe.HiddenDropout ?? config.HiddenDropout,
        AttentionDropout = recipe.AttentionDropout ?? config.AttentionDropout,
    };

    private static JsonElement RecipeJson(TrainingRecipe recipe)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            RecipeFile.Write(writer, recipe);
        }

        using var document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }

    /// <summary>
    /// What the process has needed so far, or, if that is more, what it holds now and validation will add: weights, moments and activations are there by now.
    /// </summary>
    private long ProcessPeak()
    {
        using var process = Process.GetCurrentProcess();
        var validating = validationStore is null ? 0 : MemoryPlan.Inference(model.Config, task.Outputs, Math.Max(TextScorer.MostTokens, validationStore.Longest));
        return Math.Max(process.PeakWorkingSet64, process.WorkingSet64 + validating);
    }

    private void Fill(ReadOnlySpan<int> texts) => Store.Fill(batch, texts, labels);

    private ReadOnlySpan<float> Targets(int count)
    {
        task.WriteTargets(labels.AsSpan(0, count), targets);
        return targets.AsSpan(0, count * task.TargetSize);
    }

    private float[] Logits(int text)
    {
        var logits = new float[task.Outputs];
        Store.Fill(batch, [text], labels);
        using var once = new BatchRunner(model, backend);
        once.Run(batch, logits);
        return logits;
    }
}
