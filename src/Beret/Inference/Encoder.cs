using Beret.Data;
using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>How an encoder is loaded.</summary>
public sealed record EncoderOptions
{
    /// <summary>The number of threads that compute; null for one for each processor. The results do not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>The most tokens of a text, special tokens included; 128 as in the tutorial, or what the model has positions for, if that is less.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>Which tokens of a longer text are kept; not <see cref="Truncation.Windows"/>, for a text has one vector a token.</summary>
    public Truncation Truncation { get; init; } = Truncation.Head;

    /// <summary>The arithmetic of the matrix products.</summary>
    public Precision Precision { get; init; } = Precision.Float32;
}

/// <summary>
/// A pretrained encoder without a classifier: text in, vectors out. May be used by any number of threads at once; they take turns.
/// </summary>
/// <example>
/// <code>
/// using var encoder = Encoder.Load("all-MiniLM-L6-v2");
/// var movie = encoder.Encode("this is such an amazing movie!");
/// Console.WriteLine($"{movie.Pooled.Length} {movie.Sequence.Tokens} {movie.Layers.Count}");
/// </code>
/// </example>
public sealed class Encoder : IDisposable
{
    private const int MostTexts = 64;
    private const int MostTokens = 4096;

    private readonly IBackend backend;
    private readonly LoadedEncoder model;
    private readonly EncodeOptions encode;
    private readonly Arena arena;
    private readonly Ops ops;
    private readonly Lock turn = new();

    private Encoder(IBackend backend, LoadedEncoder model, Tokenizer tokenizer, EncoderOptions options)
    {
        this.backend = backend;
        this.model = model;
        Tokenizer = tokenizer;
        encode = new EncodeOptions { MaxLength = Math.Min(options.MaxLength, model.Encoder.Config.MaxPositions), Truncation = options.Truncation };
        model.Parameters.Use(options.Precision.Arithmetic());
        model.Parameters.PackAlone();
        arena = new Arena(backend);
        ops = new Ops(backend, arena, tape: null);
    }

    /// <summary>The tokenizer that goes with the encoder.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The size of every vector, H.</summary>
    public int HiddenSize => model.Encoder.Config.HiddenSize;

    /// <summary>The number of blocks, L.</summary>
    public int Layers => model.Encoder.Config.Layers;

    /// <summary>The number of weights.</summary>
    public long Parameters => model.Parameters.Count;

    /// <summary>
    /// Loads an encoder by its name, downloading it where it is not in the cache; or from a folder, a SavedModel or checkpoint of TensorFlow, or an archive of one.
    /// </summary>
    /// <exception cref="BeretException">There is no such model, or it cannot be downloaded or read.</exception>
    public static Encoder Load(string nameOrFolder, EncoderOptions? options = null) => LoadAsync(nameOrFolder, options).GetAwaiter().GetResult();

    /// <inheritdoc cref="Load"/>
    /// <param name="progress">Told how far a download is.</param>
    /// <param name="cancellation">Stops a download.</param>
    public static async Task<Encoder> LoadAsync(
        string nameOrFolder, EncoderOptions? options = null, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrFolder);
        options ??= new EncoderOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads ?? 1, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxLength, 3, nameof(options));
        if (options.Truncation == Truncation.Windows)
        {
            throw new InferenceException("an encoder gives each token of a text one vector, so it does not read windows: use head, tail or head+tail, or encode the parts of a long text by themselves");
        }

        using var downloader = new Downloader();
        var resolved = await new ModelHub(downloader).ResolveAsync(nameOrFolder, progress, cancellation).ConfigureAwait(false);
        return Open(resolved, options);
    }

    /// <summary>Encodes one text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="parts">The outputs that are wanted.</param>
    public TextEncoding Encode(string text, EncoderParts parts = EncoderParts.All) => Encode([text], parts)[0];

    /// <summary>Encodes texts, in batches of like length; the results are in the order of the texts.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="parts">The outputs that are wanted: all of them take (L + 1) · T · H floats for each text.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<TextEncoding> Encode(IReadOnlyList<string> texts, EncoderParts parts = EncoderParts.All, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var tokenized = texts.Select(text => Tokenizer.Encode(text, pair: null, encode)).ToArray();
        var plan = LengthBatches.Plan([.. tokenized.Select(text => text.Ids.Length)], MostTexts, MostTokens);
        var results = new TextEncoding[tokenized.Length];
        var packed = new PackedBatch();
        for (var i = 0; i < plan.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            packed.Clear();
            foreach (var member in plan[i])
            {
                packed.Add(tokenized[member].Ids);
            }

            Run(packed, plan[i], tokenized, parts, results);
        }

        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        arena.Dispose();
        model.Parameters.Dispose();
        backend.Dispose();
    }

    private static Encoder Open(ResolvedModel resolved, EncoderOptions options)
    {
        var backend = CpuBackend.Create(options.Threads ?? Environment.ProcessorCount);
        LoadedEncoder? model = null;
        try
        {
            var files = ModelFiles.Open(resolved.Folder, resolved.Source);
            using var weights = files.OpenWeights();
            model = ModelLoader.LoadEncoder(files.Config, weights, backend);
            return new Encoder(backend, model, files.LoadTokenizer(), options);
        }
        catch
        {
            model?.Parameters.Dispose();
            backend.Dispose();
            throw;
        }
    }

    private void Run(PackedBatch packed, ReadOnlySpan<int> members, TokenizedText[] tokenized, EncoderParts parts, TextEncoding[] results)
    {
        model.Encoder.Check(packed);
        var layers = new TokenVectors[members.Length][];
        var wantsLayers = parts.HasFlag(EncoderParts.Layers);
        for (var b = 0; b < layers.Length; b++)
        {
            layers[b] = new TokenVectors[wantsLayers ? Layers : 0];
        }

        lock (turn)
        {
            ops.Begin();
            var indices = ops.Upload(packed);
            var outputs = model.Encoder.Forward(ops, indices, wantsLayers ? Observe : null);
            for (var b = 0; b < members.Length; b++)
            {
                var sequence = !parts.HasFlag(EncoderParts.Sequence) ? null
                    : wantsLayers ? layers[b][^1] : Rows(outputs.Sequence.Data, packed, b);
                var pooled = parts.HasFlag(EncoderParts.Pooled) ? ReadAll(outputs.Pooled.Data.RowRange(b, 1)) : [];
                results[members[b]] = new TextEncoding(tokenized[members[b]].Ids, pooled, sequence, layers[b]);
            }
        }

        // Number 0 is the embeddings, which the tutorial's encoder_outputs do not hold.
        void Observe(int number, Value value)
        {
            for (var b = 0; number > 0 && b < layers.Length; b++)
            {
                layers[b][number - 1] = Rows(value.Data, packed, b);
            }
        }
    }

    private TokenVectors Rows(Matrix matrix, PackedBatch packed, int sequence)
    {
        var start = packed.Starts[sequence];
        return new TokenVectors(ReadAll(matrix.RowRange(start, packed.Starts[sequence + 1] - start)), matrix.Columns);
    }

    private float[] ReadAll(Matrix matrix)
    {
        var values = new float[matrix.Length];
        backend.Read(matrix, values);
        return values;
    }
}
