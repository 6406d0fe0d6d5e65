using System.Text.Json;
using Beret.Checkpoints;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>Everything that a run needs in memory: the model, the texts' tokens, the learner; and what is done with them.</summary>
internal sealed class PretrainingSession : IDisposable
{
    /// <summary>What a pre-trained folder holds beside the model: how it came about, and how good it is.</summary>
    public const string ReportFile = "pretraining.json";

    private const int JudgedTokens = 4096;

    private readonly PretrainingJob job;
    private readonly PretrainingRecipe recipe;
    private readonly IBackend backend;
    private readonly MaskedLanguageModel model;
    private readonly Tokenizer tokenizer;
    private readonly ModelSource source;
    private readonly IReadOnlyList<string>? drawn;
    private readonly MaskedBatch batch;
    private readonly MemoryPlan memory;
    private readonly int[] tokens;

    private PretrainingSession(
        PretrainingJob job, IBackend backend, MaskedLanguageModel model, Tokenizer tokenizer, ModelSource source, IReadOnlyList<string>? drawn, TokenCorpus corpus)
    {
        (this.job, recipe, this.backend, this.model, this.tokenizer, this.source, this.drawn, Corpus) = (job, job.Recipe, backend, model, tokenizer, source, drawn, corpus);
        batch = new MaskedBatch(MaskingRules.For(tokenizer, recipe));
        tokens = new int[recipe.MaxLength];
        Order = new SequenceOrder(corpus, recipe);
        var mostTokens = recipe.BatchSize > 0 ? recipe.BatchSize * recipe.MaxLength : Math.Max(recipe.BatchTokens, recipe.MaxLength);

        // A quarter more tokens to guess than there are on average.
        var activations = MaskedLearner.Plan(model.Config, mostTokens, recipe.MaxLength, Math.Clamp((int)(1.25 * recipe.Mask * mostTokens), 1, mostTokens));
        Learner = new MaskedLearner(
            model, new AdamWOptions { WeightDecay = recipe.WeightDecay, Variant = AdamVariant.PyTorch, ClipNorm = ClipNorm.Summed }, (ulong)recipe.Seed, activations);
        memory = new MemoryPlan(Parameters.Bytes, (long)Parameters.Gradients.Columns * sizeof(float), 2 * Parameters.Bytes, activations);
    }

    public TokenCorpus Corpus { get; }

    public SequenceOrder Order { get; }

    public MaskedLearner Learner { get; }

    public ParameterSet Parameters => model.Parameters;

    /// <summary>Tokens of the last step.</summary>
    public int Tokens => batch.Packed.Tokens;

    /// <summary>Tokens to guess of the last step.</summary>
    public int Masked => batch.Count;

    /// <summary>Loads or makes the model, and tokenizes.</summary>
    public static PretrainingSession Prepare(PretrainingJob job, PretrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var recipe = job.Recipe;
        IBackend? backend = null;
        MaskedLanguageModel? model = null;
        TokenCorpus? corpus = null;
        try
        {
            backend = CpuBackend.Create(recipe.ThreadCount);
            Tokenizer tokenizer;
            var source = ModelSource.HuggingFace;
            IReadOnlyList<string>? drawn = null;
            if (job.ModelFolder is { } folder)
            {
                var files = ModelFiles.Open(folder, job.Source);
                (tokenizer, source) = (files.LoadTokenizer(), files.Source);
                using var weights = files.OpenWeights();
                (model, drawn) = ModelLoader.LoadMasked(files.Config, weights, backend, (ulong)recipe.Seed);
            }
            else
            {
                tokenizer = OpenVocabulary(job.Vocabulary ?? throw new TrainingException("a model from nothing needs a vocabulary (--vocab)"));
                model = new MaskedLanguageModel(backend, ConfigReader.Read(job.ConfigFile ?? throw new TrainingException("a model or a configuration is needed")));
                model.InitializeAll((ulong)recipe.Seed);
            }

            Check(job, tokenizer, model.Config);
            model.Parameters.Use(recipe.Precision.Arithmetic());
            corpus = TokenCorpus.Build(TokensBeside(job.Output), job.Texts, tokenizer, recipe, callbacks.Tokenizing, cancellation);
            return new PretrainingSession(job, backend, model, tokenizer, source, drawn, corpus);
        }
        catch
        {
            corpus?.Dispose();
            model?.Dispose();
            backend?.Dispose();
            throw;
        }
    }

    public PretrainingPlan Plan(int stepsDone)
    {
        var config = model.Config;
        var steps = recipe.Steps > 0 ? recipe.Steps : SequenceOrder.StepsOf(Corpus, recipe);
        return new PretrainingPlan
        {
            Recipe = recipe,
            Model = job.ModelName,
            Architecture = $"{config.Family.ModelType}, {config.Layers} layers, hidden size {config.HiddenSize}, {config.Heads} heads, feed-forward {config.IntermediateSize}",
            Vocabulary = $"{tokenizer.Kind}, {(tokenizer.LowerCase ? "uncased" : "cased")}, {tokenizer.VocabularySize} tokens",
            NewLayers = drawn is null ? null : [.. Layers(drawn.Except(model.UnusedParameters.Select(parameter => parameter.Name)))],
            Parameters = Parameters.All.Where(parameter => !parameter.IsFrozen).Sum(parameter => parameter.Length),
            Texts = Corpus.Texts,
            Tokens = Corpus.Tokens,
            Sequences = Corpus.Count,
            HeldOutTokens = Corpus.HeldOut.Sum(sequence => (long)sequence.Length),
            Memory = memory,
            Steps = steps,
            ValidateEvery = recipe.ValidateEvery > 0 ? recipe.ValidateEvery : Math.Max(1, steps / 10),
            StepsDone = stepsDone,
        };
    }

    /// <summary>One optimizer step on some sequences.</summary>
    public StepResult Step(ReadOnlySpan<int> sequences, int step, double learningRate, out MaskedOutcome outcome)
    {
        batch.Begin(step);
        foreach (var sequence in sequences)
        {
            batch.Add(Corpus.Read(sequence, tokens));
        }

        batch.Complete();
        return Learner.Step(batch, learningRate, out outcome);
    }

    /// <summary>Judges the model on the held-out texts, with the same masks every time; null where cancelled.</summary>
    /// <returns>The mean loss of the masked tokens, and the share of them that were guessed.</returns>
    public (double Loss, double Accuracy)? Judge(PretrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var (loss, guessed, count) = (0.0, 0L, 0L);
        for (int next = 0, step = 0; next < Corpus.HeldOut.Count; step++)
        {
            if (cancellation.IsCancellationRequested)
            {
                return null;
            }

            batch.Begin(step, isHeldOut: true);
            do
            {
                batch.Add(Corpus.HeldOut[next++]);
            }
            while (next < Corpus.HeldOut.Count && batch.Packed.Tokens + Corpus.HeldOut[next].Length + 2 <= JudgedTokens);
            batch.Complete();
            var outcome = Learner.Judge(batch);
            loss += outcome.Loss * batch.Count;
            guessed += outcome.Guessed;
            count += batch.Count;
            callbacks.Validating(next, Corpus.HeldOut.Count);
        }

        return (loss / count, (double)guessed / count);
    }

    /// <summary>Writes the model folder as it is now, in the Hugging Face layout.</summary>
    /// <param name="report">Writes what is known of the run.</param>
    /// <param name="drop">Which files of the folder as it was are to go.</param>
    public void Save(Action<Utf8JsonWriter> report, Func<string, bool> drop) => AtomicFolder.Write(
        job.Output,
        folder =>
        {
            tokenizer.Save(folder);
            using (var config = File.Create(Path.Combine(folder, HuggingFaceConfig.FileName)))
            {
                HuggingFaceConfig.Write(config, model.Config with { Labels = null, ProblemType = null }, source, model.Layout.Architecture);
            }

            // A pooler that was drawn at random is no part of what was learnt; that of the checkpoint is kept as it was.
            var without = model.UnusedParameters.Where(parameter => drawn?.Contains(parameter.Name) ?? true).ToHashSet();
            ModelFolder.WriteWeights(Path.Combine(folder, ModelFolder.Weights), Parameters, without: without);
            using var file = File.Create(Path.Combine(folder, ReportFile));
            using var writer = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true, NewLine = "\n" });
            report(writer);
        },
        name => ModelFolder.IsOfModel(name) || drop(name));

    public void Dispose()
    {
        Learner.Dispose();
        Corpus.Dispose();
        model.Dispose();
        backend.Dispose();
    }

    private static void Check(PretrainingJob job, Tokenizer tokenizer, EncoderConfig config)
    {
        if (job.Recipe.MaxLength > config.MaxPositions)
        {
            throw new TrainingException($"--max-length {job.Recipe.MaxLength} is more than the {config.MaxPositions} positions that {job.ModelName} knows");
        }

        if (tokenizer.VocabularySize > config.VocabularySize)
        {
            throw new TrainingException(
                $"the vocabulary has {tokenizer.VocabularySize} tokens, but {job.ModelName} has embeddings for {config.VocabularySize} only (vocab_size in config.json)");
        }
    }

    /// <summary>A folder's tokenizer, or a file's: with the settings that stand beside it, if any do.</summary>
    private static Tokenizer OpenVocabulary(string path)
    {
        var folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(path) || File.Exists(Path.Combine(folder, "tokenizer_config.json"))
            ? Tokenizer.Load(folder)
            : Tokenizer.FromVocabulary(path, lowerCase: true, TokenizerFlavour.HuggingFace);
    }

    private static string TokensBeside(string output)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        return Path.Combine(Path.GetDirectoryName(path) ?? path, $".{Path.GetFileName(path)}.tokens");
    }

    private static IEnumerable<string> Layers(IEnumerable<string> names) => names
        .Select(name => name.EndsWith(".weight", StringComparison.Ordinal) || name.EndsWith(".bias", StringComparison.Ordinal) ? name[..name.LastIndexOf('.')] : name)
        .Distinct(StringComparer.Ordinal);
}
