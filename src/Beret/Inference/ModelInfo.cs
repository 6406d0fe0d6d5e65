using Beret.Checkpoints;
using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>The sizes of an encoder.</summary>
/// <param name="Family">The architecture: <c>bert</c>.</param>
/// <param name="Layers">The number of blocks, L.</param>
/// <param name="HiddenSize">The width of the model, H.</param>
/// <param name="Heads">The attention heads of a block; null where only the weights are known, which do not tell.</param>
/// <param name="IntermediateSize">The width of the feed-forward layer.</param>
/// <param name="EmbeddingSize">The width of the embedding tables.</param>
/// <param name="VocabularySize">Rows of the word embeddings.</param>
/// <param name="MaxPositions">The longest sequence.</param>
/// <param name="TypeVocabularySize">Rows of the token-type embeddings.</param>
/// <param name="Activation">The feed-forward layer's activation; null where only the weights are known.</param>
public sealed record EncoderShape(
    string Family, int Layers, int HiddenSize, int? Heads, int IntermediateSize, int EmbeddingSize, int VocabularySize, int MaxPositions, int TypeVocabularySize,
    string? Activation);

/// <summary>What a model needs to predict one text of its maximum length.</summary>
/// <param name="Length">Tokens of that text.</param>
/// <param name="WeightBytes">The weights that stay as they are, fp32: embeddings, biases, normalisation.</param>
/// <param name="PackedBytes">The weights of the layers, in the model's precision, laid out for the matrix products.</param>
/// <param name="WorkingBytes">Activations.</param>
/// <param name="FlopsPerToken">Floating-point operations of the matrix products for one token, forward; training takes three times as many.</param>
public sealed record ModelCost(int Length, long WeightBytes, long PackedBytes, long WorkingBytes, double FlopsPerToken)
{
    /// <summary>All of the memory, in bytes.</summary>
    public long Bytes => WeightBytes + PackedBytes + WorkingBytes;
}

/// <summary>Everything that a model folder or a checkpoint says of itself, after reading all of it.</summary>
public sealed record ModelInfo
{
    /// <summary>The path that was read.</summary>
    public required string Path { get; init; }

    /// <summary>What it is, in words.</summary>
    public required string Kind { get; init; }

    /// <summary>The weights.</summary>
    public required CheckpointSummary Checkpoint { get; init; }

    /// <summary>The encoder; null where the weights are of no kind that is known.</summary>
    public EncoderShape? Encoder { get; init; }

    /// <summary>Weights of the encoder; 0 where it is not known.</summary>
    public long EncoderParameters { get; init; }

    /// <summary>The number of logits of the classifier; null where there is none.</summary>
    public int? Outputs { get; init; }

    /// <summary>The rate of the dropout before the classifier; null where it is not known.</summary>
    public double? ClassifierDropout { get; init; }

    /// <summary>Task, labels, lengths and origin; null where there is no classifier or nothing that says.</summary>
    public ModelDescription? Description { get; init; }

    /// <summary>The tokenizer; null where the folder has none.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>Memory and work; null where the sizes are not known.</summary>
    public ModelCost? Cost { get; init; }

    /// <summary>What a person should know, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Weights of the encoder and the classifier by part; null where the encoder is not known.</summary>
    public ModelParts? Parts { get; init; }

    /// <summary>Weights of the classifier, with a dense layer before its last where it has one; 0 where there is none.</summary>
    public long ClassifierParameters => Outputs is { } outputs && Encoder is { } encoder ? (outputs * (encoder.HiddenSize + 1L)) + (Parts?.HeadTransform ?? 0) : 0;

    /// <summary>As aligned lines of name and value, for reading. Ends with a line feed.</summary>
    public string ToText() => ModelInfoWriter.Text(this);

    /// <summary>As indented JSON. Ends with a line feed.</summary>
    public string ToJson() => ModelInfoWriter.Json(this);

    /// <summary>
    /// Reads a model of any format (a folder, a SavedModel, a TensorFlow checkpoint by folder, index or prefix, an archive), a folder with weights only, or one file
    /// of weights, completely.
    /// </summary>
    /// <exception cref="BeretException">Something is missing, damaged or not supported.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ModelInfo Read(string path, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(path, named: null, cancellation);
    }

    /// <summary>Reads a model that was asked for by its name, completely.</summary>
    /// <exception cref="BeretException">Something is missing, damaged or not supported.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ModelInfo Read(ResolvedModel model, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Read(model.Folder, model.Source, cancellation);
    }

    private static ModelInfo Read(string path, ModelSource? named, CancellationToken cancellation)
    {
        AtomicFolder.Recover(path);
        if (ModelFiles.IsArchive(path) || File.Exists(System.IO.Path.Combine(path, HuggingFaceConfig.FileName)))
        {
            return ReadModel(path, ModelFiles.Open(path, named), cancellation);
        }

        if (!ModelFiles.IsTensorFlow(path))
        {
            return ReadWeights(path, [], cancellation);
        }

        try
        {
            return ReadModel(path, ModelFiles.Open(path, named), cancellation);
        }
        catch (InferenceException error)
        {
            // What cannot be used can still be looked at.
            return ReadWeights(path, [error.Message], cancellation);
        }
    }

    private static ModelInfo ReadModel(string path, ModelFiles files, CancellationToken cancellation)
    {
        var config = files.Config;
        CheckpointSummary summary;
        using (var stored = Beret.Checkpoints.Checkpoint.Open(files.WeightsPath))
        {
            summary = CheckpointSummary.Read(stored, cancellation);
        }

        using var weights = files.OpenWeights();
        config = config.Family.Adapt(config, weights);
        var notes = NotesOn(summary);
        var head = ModelLoader.StoredOutputs(weights, config);
        var tokenizer = files.HasTokenizer ? files.LoadTokenizer() : null;
        notes.AddRange(tokenizer?.Notes ?? ["the folder has no vocabulary, so it cannot read text"]);
        var description = files.Written;

        ModelParts parts;

        // Loaded as it is for use, so that what this says fits together does.
        using (var backend = CpuBackend.Create(1))
        {
            if (head is null && config.TiesDecoder && config.Family.MaskedHead is { } masked && weights.Contains(masked.Bias))
            {
                var loaded = ModelLoader.LoadMasked(config, weights, backend);
                using var model = loaded.Model;
                parts = ModelParts.Of(model.Parameters.All.Except(model.HeadParameters).Where(parameter => !loaded.Drawn.Contains(parameter.Name)), config);
                notes.Add("it guesses hidden tokens (masked language modelling): beret train makes a classifier of it, beret pretrain goes on with it");
            }
            else if (head is null)
            {
                using var encoder = ModelLoader.LoadEncoder(config, weights, backend).Parameters;
                parts = ModelParts.Of(encoder.All, config);
                notes.Add("there is no classifier: beret train makes one");
            }
            else
            {
                using var model = ModelLoader.Load(config, weights, backend).Model;
                parts = ModelParts.Of(model.Parameters.All, config);
                description ??= tokenizer is null ? null : TryDescribe(files, head.Value, tokenizer, notes);
            }
        }

        return new ModelInfo
        {
            Path = path,
            Kind = files.Kind,
            Checkpoint = summary,
            Encoder = new EncoderShape(
                config.Family.ModelType, config.Layers, config.HiddenSize, config.Heads, config.IntermediateSize, config.EmbeddingSize, config.VocabularySize,
                config.MaxPositions, config.TypeVocabularySize, NameOf(config.Activation)),
            EncoderParameters = (long)config.ParameterCount,
            Parts = parts,
            Outputs = head,
            ClassifierDropout = config.ClassifierDropout,
            Description = description,
            Tokenizer = tokenizer,
            Cost = CostOf(config, head ?? 1, description?.MaxLength ?? Math.Min(128, config.MaxPositions), (description?.Precision ?? Precision.Float32).Resolve()),
            Notes = notes,
        };
    }

    private static ModelInfo ReadWeights(string path, IReadOnlyList<string> why, CancellationToken cancellation)
    {
        using var checkpoint = Beret.Checkpoints.Checkpoint.Open(path);
        var summary = CheckpointSummary.Read(checkpoint, cancellation);
        var encoder = ShapeOf(checkpoint);
        var notes = NotesOn(summary);
        notes.AddRange(why);
        if (why.Count == 0)
        {
            notes.Add(encoder is null
                ? "the names of its tensors are those of no encoder that is known here"
                : "the sizes are those of its tensors; a config.json beside it would name the heads and the activation");
        }

        return new ModelInfo
        {
            Path = path,
            Kind = "checkpoint, weights only",
            Checkpoint = summary,
            Encoder = encoder,
            Parts = encoder is null ? null : ModelParts.OfBert(encoder),
            EncoderParameters = encoder is null ? 0 : checkpoint.Tensors.Where(t => IsOfEncoder(t.Name) && t.Type.IsFloat()).Sum(t => t.Count),
            Outputs = encoder is not null && checkpoint.Find("classifier.weight") is { Shape: [var outputs and > 0 and < int.MaxValue, _] } ? (int)outputs : null,
            Notes = notes,
        };
    }

    private static ModelDescription? TryDescribe(ModelFiles files, int outputs, Tokenizer tokenizer, List<string> notes)
    {
        try
        {
            return files.Describe(outputs, tokenizer);
        }
        catch (InferenceException error)
        {
            // What cannot be predicted with can still be looked at.
            notes.Add(error.Message);
            return null;
        }
    }

    private static List<string> NotesOn(CheckpointSummary summary) => summary.NotFinite == 0 ? [] :
        [$"{summary.NotFinite} values of the weights are NaN or infinite, the first in {CheckpointException.Quote(summary.FirstNotFinite!)}"];

    /// <summary>A dry run of loading and of one text.</summary>
    private static ModelCost CostOf(EncoderConfig config, int outputs, int length, Precision precision)
    {
        using var backend = new PlanningBackend();
        using var model = new SequenceClassifier(backend, config, outputs);
        var weights = backend.Allocated;
        model.Parameters.Use(precision.Arithmetic());
        model.Parameters.Pack();
        var packed = backend.Allocated - weights;
        model.Parameters.PackAlone();
        weights = backend.Allocated - packed;
        var batch = new PackedBatch();
        batch.Add(new int[length]);
        using var arena = Arena.Dry();
        var ops = new Ops(backend, arena, tape: null);
        ops.Begin();
        model.Forward(ops, ops.Upload(batch));
        return new ModelCost(length, weights, packed, arena.Peak, config.FlopsPerToken(length));
    }

    private static bool IsOfEncoder(string name) => Bare(name) is var bare
        && (bare.StartsWith("embeddings", StringComparison.Ordinal) || bare.StartsWith("encoder.", StringComparison.Ordinal) || bare.StartsWith("pooler.", StringComparison.Ordinal));

    private static string Bare(string name) => name.StartsWith("bert.", StringComparison.Ordinal) ? name["bert.".Length..] : name;

    /// <summary>The sizes that the shapes of BERT's tensors tell.</summary>
    private static EncoderShape? ShapeOf(Checkpoint checkpoint)
    {
        var tables = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        var layers = 0;
        foreach (var tensor in checkpoint.Tensors)
        {
            var name = Bare(tensor.Name);
            tables.TryAdd(name, tensor);
            const string Layer = "encoder.layer.";
            if (name.StartsWith(Layer, StringComparison.Ordinal) && int.TryParse(name[Layer.Length..].Split('.')[0], out var number) && number is >= 0 and < 1 << 20)
            {
                layers = Math.Max(layers, number + 1);
            }
        }

        var word = Table("embeddings.word_embeddings.weight");
        var position = Table("embeddings.position_embeddings.weight");
        var type = Table("embeddings.token_type_embeddings.weight");
        var wide = Table("encoder.layer.0.intermediate.dense.weight");
        return word is null || position is null || type is null || wide is null
            ? null
            : new EncoderShape("bert", layers, wide.Value.Columns, null, wide.Value.Rows, word.Value.Columns, word.Value.Rows, position.Value.Rows, type.Value.Rows, null);

        (int Rows, int Columns)? Table(string name) =>
            tables.GetValueOrDefault(name) is { Shape: [> 0 and < int.MaxValue and var rows, > 0 and < int.MaxValue and var columns] } ? ((int)rows, (int)columns) : null;
    }

    private static string NameOf(Activation activation) => activation switch
    {
        Numerics.Activation.Gelu => "GELU, exact (erf)",
        Numerics.Activation.GeluTanh => "GELU, tanh form",
        _ => activation.ToString(),
    };
}
