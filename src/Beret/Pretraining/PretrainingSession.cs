using System.Text.Json;
using Beret.Checkpoints;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;
using Beret.Training;
using Beret.Training.Runs;

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
    private readonly IObjective objective;
    private readonly Tokenizer tokenizer;
    private readonly ModelSource source;
    private readonly MaskedBatch batch;
    private readonly MemoryPlan memory;
    private readonly TeacherStates? states;
    private readonly int[] tokens;

    private PretrainingSession(
        PretrainingJob job, IBackend backend, IObjective objective, Tokenizer tokenizer, ModelSource source, TokenCorpus corpus, TeacherStates? states)
    {
        (this.job, recipe, this.backend, this.objective, this.tokenizer, this.source, Corpus, this.states) = (job, job.Recipe, backend, objective, tokenizer, source, corpus, states);
        batch = new MaskedBatch(MaskingRules.For(tokenizer, recipe));
        tokens = new int[recipe.MaxLength];
        Order = new SequenceOrder(corpus, recipe);
        Parameters.AllocateForTraining();
        memory = new MemoryPlan(Parameters.Bytes, (long)Parameters.Gradients.Columns * sizeof(float), 2 * Parameters.Bytes, objective.Activations);
    }

    public TokenCorpus Corpus { get; }

    public SequenceOrder Order { get; }

    public ParameterSet Parameters => objective.Parameters;

    /// <summary>SHA-256 of the model as it came; null of one from nothing.</summary>
    public string? ModelFingerprint { get; private init; }

    /// <summary>SHA-256 of the teacher's weights; null without one.</summary>
    public string? Teacher => states?.Teacher.Fingerprint;

    /// <summary>The number of steps done.</summary>
    public int Steps
    {
        get => objective.Steps;
        set => objective.Steps = value;
    }

    /// <summary>Tokens of the last step.</summary>
    public int Tokens => batch.Packed.Tokens;

    /// <summary>Loads or makes the model, and tokenizes.</summary>
    public static PretrainingSession Prepare(PretrainingJob job, PretrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var recipe = job.Recipe;
        IBackend? backend = null;
        StateTeacher? teacher = null;
        TeacherTokens? seen = null;
        IObjective? objective = null;
        TokenCorpus? corpus = null;
        TeacherStates? states = null;
        string? fingerprint = null;
        try
        {
            backend = CpuBackend.Create(recipe.ThreadCount);
            teacher = job.TeacherFolder is { } of ? StateTeacher.Load(of, job.TeacherSource, backend, recipe) : null;
            var width = teacher?.Width ?? 0;
            Tokenizer tokenizer;
            var source = ModelSource.HuggingFace;
            if (job.ModelFolder is { } folder)
            {
                var files = ModelFiles.Open(folder, job.Source);
                (tokenizer, source) = (files.LoadTokenizer(), files.Source);
                using var weights = files.OpenWeights();
                fingerprint = Training.Runs.ModelFingerprint.Of(files.Path, weights);
                objective = Objectives.Load(files.Config, weights, files.Path, backend, recipe, width);
            }
            else
            {
                tokenizer = ModelTokenizer.LoadVocabulary(job.Vocabulary ?? throw new TrainingException("a model from nothing needs a vocabulary (--vocab)"));
                objective = Objectives.New(ConfigReader.Read(job.ConfigFile ?? throw new TrainingException("a model or a configuration is needed")), backend, recipe, width);
            }

            Check(job, tokenizer, objective.Config);
            seen = teacher is null ? null : TeacherTokens.Create(OutputFolder.Beside(job.Output, "teacher-tokens"), teacher.Tokenizer, teacher.Room);
            corpus = TokenCorpus.Build(OutputFolder.Beside(job.Output, "tokens"), job.Texts, tokenizer, recipe, seen, callbacks.Tokenizing, cancellation);
            if (teacher is not null)
            {
                var isReadAgain = recipe.Steps == 0 ? recipe.Epochs > 1 : recipe.Steps > SequenceOrder.StepsOf(corpus, recipe with { Epochs = 1 });
                states = TeacherStates.Create(teacher, seen!, corpus, isReadAgain ? OutputFolder.Beside(job.Output, "teacher-states") : null, recipe.ThreadCount);
            }

            return new PretrainingSession(job, backend, objective, tokenizer, source, corpus, states) { ModelFingerprint = fingerprint };
        }
        catch
        {
            states?.Dispose();
            seen?.Dispose();
            teacher?.Dispose();
            corpus?.Dispose();
            objective?.Dispose();
            backend?.Dispose();
            throw;
        }
    }

    public PretrainingPlan Plan(int stepsDone)
    {
        var config = objective.Config;
        var steps = recipe.Steps > 0 ? recipe.Steps : SequenceOrder.StepsOf(Corpus, recipe);
        return new PretrainingPlan
        {
            Recipe = recipe,
            Model = job.ModelName,
            Architecture = $"{config.Family.ModelType}, {config.Layers} layers, hidden size {config.HiddenSize}, {config.Heads} heads, feed-forward {config.IntermediateSize}",
            Vocabulary = $"{tokenizer.Kind}, {(tokenizer.LowerCase ? "uncased" : "cased")}, {tokenizer.VocabularySize} tokens",
            NewLayers = objective.NewLayers,
            Teacher = states is null ? null : $"{job.TeacherName}, layer {states.Teacher.Layer} of {states.Teacher.Layers}, {states.Teacher.Width} numbers, {recipe.TeacherPrecision.Format()}",
            TeacherBytes = states?.KeptBytes ?? 0,
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
    public StepResult Step(ReadOnlySpan<int> sequences, int step, double learningRate, out Outcome outcome)
    {
        batch.Begin(step);
        foreach (var sequence in sequences)
        {
            batch.Add(Corpus.Read(sequence, tokens));
        }

        batch.Complete();
        states?.Fill(sequences);
        return objective.Step(batch, states?.Targets, learningRate, out outcome);
    }

    /// <summary>Judges the model on the held-out texts, with the same masks every time; null where cancelled.</summary>
    /// <returns>The mean loss of the questions, and the share of them that were answered right.</returns>
    public (double Loss, double Accuracy)? Judge(PretrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var (loss, right, count) = (0.0, 0L, 0L);
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
            var outcome = objective.Judge(batch);
            loss += outcome.Loss * outcome.Count;
            right += outcome.Right;
            count += outcome.Count;
            callbacks.Validating(next, Corpus.HeldOut.Count);
        }

        return (loss / count, (double)right / count);
    }

    /// <summary>Writes the model folder as it is now, in the Hugging Face layout.</summary>
    /// <param name="report">Writes what is known of the run.</param>
    public void Save(Action<Utf8JsonWriter> report) => AtomicFolder.Write(
        job.Output,
        folder =>
        {
            tokenizer.Save(folder);
            objective.Write(folder, source);
            using var file = File.Create(Path.Combine(folder, ReportFile));
            using var writer = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true, NewLine = "\n" });
            report(writer);
        },
        ModelFolder.IsOfModel);

    public void Dispose()
    {
        objective.Dispose();
        states?.Dispose();
        Corpus.Dispose();
        backend.Dispose();
    }

    private static void Check(PretrainingJob job, Tokenizer tokenizer, EncoderConfig config)
    {
        if (tokenizer.VocabularySize > config.VocabularySize)
        {
            throw new TrainingException(
                $"the vocabulary has {tokenizer.VocabularySize} tokens, but {job.ModelName} has embeddings for {config.VocabularySize} only (vocab_size in config.json)");
        }
    }
}
