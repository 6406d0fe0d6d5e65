using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Beret.Data;
using Beret.Evaluation;
using Beret.Models;
using Beret.Numerics;
using Beret.Tasks;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Inference;

/// <summary>
/// A trained text classifier: text in, label and probabilities out. May be used by any number of threads at once; a text gets the same bits alone, in a list and
/// in a stream, whatever else is computed beside it.
/// </summary>
/// <example>
/// <code>
/// using var classifier = Classifier.Load("runs/imdb");
/// Console.WriteLine(classifier.Predict("this is such an amazing movie!").Label);
/// </code>
/// </example>
public sealed class Classifier : IDisposable
{
    // Texts that are tokenized ahead, and the most that are computed before the first of them is answered; in tokens two batches.
    private const int Window = 1024;
    private const int WindowTokens = 8192;

    [ThreadStatic]
    private static TokenBuffer? threadBuffer;

    private readonly IBackend backend;
    private readonly OpenedModel opened;
    private readonly BatchRunner runner;
    private readonly TextScorer scorer;
    private readonly SharedBatches shared;
    private readonly EncodeOptions encode;
    private readonly ClassificationTask task;
    private readonly int threads;

    private Classifier(IBackend backend, OpenedModel opened, ClassifierOptions options, int threads, bool isToBeSaved)
    {
        this.threads = threads;
        this.backend = backend;
        this.opened = opened;
        Description = LongTexts.Reading(opened.Description, options) with { Precision = (options.Precision ?? opened.Description.Precision).Resolve() };
        if (MaxLength < 3 || MaxLength > opened.Model.Config.MaxPositions)
        {
            throw new InferenceException($"a maximum length of {MaxLength} tokens does not fit the model: it takes 3 to {opened.Model.Config.MaxPositions}");
        }

        encode = Description.EncodeOptions;
        task = Description.ClassificationTask;
        opened.Model.Parameters.Use(Description.Precision.Arithmetic());
        if (isToBeSaved)
        {
            opened.Model.Parameters.Pack();
        }
        else
        {
            opened.Model.Parameters.PackAlone();
        }

        runner = new BatchRunner(opened.Model, backend) { Pooling = Description.WindowPooling };
        scorer = new TextScorer(runner);
        shared = new SharedBatches(scorer);
    }

    /// <summary>What the model decides: one of <see cref="TaskNames"/>.</summary>
    public string Task => Description.Task;

    /// <summary>The names of the classes in the order of their probabilities; of a binary task the negative, then the positive; of a regression the one name of its number.</summary>
    public IReadOnlyList<string> Labels => Description.Labels;

    /// <summary>The most tokens of an input that are read, special tokens included.</summary>
    public int MaxLength => Description.MaxLength;

    /// <summary>Which tokens of a longer text are read.</summary>
    public Truncation Truncation => Description.Truncation;

    /// <summary>How many tokens of the text a window has in common with the one before it; null unless longer texts are read in windows.</summary>
    public int? WindowOverlap => Description.WindowOverlap;

    /// <summary>How the logits of a text are made of those of its windows.</summary>
    public WindowPooling WindowPooling => Description.WindowPooling;

    /// <summary>The arithmetic of the matrix products.</summary>
    public Precision Precision => Description.Precision;

    /// <summary>What the model folder says of the model.</summary>
    public ModelDescription Description { get; }

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer => opened.Tokenizer;

    /// <summary>
    /// Loads a classifier: a model folder that Beret wrote, whose files are held to their checksums; a Hugging Face folder with a classifier; the SavedModel that
    /// TensorFlow's tutorial saved, with its preprocessing; or an archive of one.
    /// </summary>
    /// <param name="folder">The folder, or the archive.</param>
    /// <param name="options">Threads, and what is to differ from the folder; null for the defaults.</param>
    /// <exception cref="BeretException">The folder is missing, incomplete, damaged, or of a kind that is not supported; the message says which.</exception>
    public static Classifier Load(string folder, ClassifierOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Open(folder, options ?? new ClassifierOptions(), rounding: null);
    }

    /// <summary>Loads a classifier as it will be when it has been kept in a precision and loaded again; it may be saved.</summary>
    internal static Classifier LoadRounded(string folder, Precision precision, int? threads) =>
        Open(folder, new ClassifierOptions { Precision = precision, Threads = threads }, precision);

    /// <summary>The number of weights.</summary>
    internal long Parameters => opened.Model.Parameters.Count;

    /// <summary>Writes the model folder, the weights in the classifier's precision.</summary>
    internal void Save(string folder) => ModelFolder.Write(folder, opened.Model, opened.Tokenizer, Description, storage: Precision);

    private static Classifier Open(string folder, ClassifierOptions options, Precision? rounding)
    {
        var threads = options.Threads ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1, nameof(options));
        var backend = CpuBackend.Create(threads);
        OpenedModel? opened = null;
        try
        {
            opened = ModelFolder.Load(folder, backend);
            if (rounding is { } precision)
            {
                QuantizedWeights.Round(opened.Model.Parameters, precision);
            }

            return new Classifier(backend, opened, options, threads, isToBeSaved: rounding is not null);
        }
        catch
        {
            opened?.Model.Dispose();
            backend.Dispose();
            throw;
        }
    }

    /// <summary>Classifies one text, or one pair of texts. Texts of several threads that wait for each other are computed together.</summary>
    /// <exception cref="BeretException">The text cannot be given to this model: a pair to a model without a second segment.</exception>
    public Prediction Predict(string text, string? pair = null)
    {
        var buffer = threadBuffer ??= new TokenBuffer();
        Encode(text, pair, buffer);
        Span<float> logits = scorer.Outputs <= 64 ? stackalloc float[scorer.Outputs] : new float[scorer.Outputs];
        shared.Score(buffer, logits);
        return Prediction.Of(task, logits, buffer.Count, buffer.Cut, buffer.Windows);
    }

    /// <summary>Classifies texts, in batches of like length; the predictions are in the order of the texts.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<string> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Predict([.. texts.Select(text => new TextPair(text))], cancellation);
    }

    /// <summary>Classifies texts and pairs of texts, in batches of like length; the predictions are in their order.</summary>
    /// <exception cref="BeretException">A pair is given to a model without a second segment.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TextPair> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var predictions = new Prediction[texts.Count];
        var encoded = new EncodedTexts(Math.Min(Window, texts.Count));
        for (var from = 0; from < texts.Count; from += Window)
        {
            var start = from;
            try
            {
                var window = new EncodedText[Math.Min(Window, texts.Count - start)];
                TextLoop.Run(window.Length, threads, () => new TokenBuffer(), (i, buffer) => window[i] = Tokenize(texts[start + i], buffer), cancellation);
                foreach (var text in window)
                {
                    encoded.Add(text);
                }

                Decide(encoded, predictions.AsSpan(start, encoded.Count), cancellation);
            }
            finally
            {
                encoded.Return();
            }
        }

        return predictions;
    }

    /// <summary>
    /// Classifies a stream of texts of any length in constant memory; the predictions come in the order of the texts. What is there is batched, and nothing is waited
    /// for: a single text is answered at once, a full pipe in large batches.
    /// </summary>
    /// <param name="texts">Is read ahead, by at most about a thousand texts.</param>
    /// <param name="cancellation">Also given to <paramref name="texts"/>.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IAsyncEnumerable<Prediction> PredictMany(IAsyncEnumerable<string> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return PredictMany(Alone(texts, cancellation), cancellation);
    }

    /// <summary>Classifies a stream of texts and pairs of texts, as <see cref="PredictMany(IAsyncEnumerable{string}, CancellationToken)"/> does.</summary>
    /// <param name="texts">Is read ahead, by at most about a thousand texts.</param>
    /// <param name="cancellation">Also given to <paramref name="texts"/>.</param>
    /// <exception cref="BeretException">A pair is given to a model without a second segment.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async IAsyncEnumerable<Prediction> PredictMany(IAsyncEnumerable<TextPair> texts, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ahead = Channel.CreateBounded<EncodedText>(new BoundedChannelOptions(Window) { SingleReader = true, SingleWriter = true });
        var reading = System.Threading.Tasks.Task.Run(() => ReadAhead(texts, ahead.Writer, stop.Token), CancellationToken.None);
        var window = new EncodedTexts(Window);
        var predictions = new Prediction[Window];
        try
        {
            while (await ahead.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false))
            {
                for (var tokens = 0; window.Count < Window && tokens < WindowTokens && ahead.Reader.TryRead(out var text); tokens += text.Count)
                {
                    window.Add(text);
                }

                var count = window.Count;
                Decide(window, predictions.AsSpan(0, count), cancellation);
                window.Return();
                for (var i = 0; i < count; i++)
                {
                    yield return predictions[i];
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(false);
            window.Return();
            while (ahead.Reader.TryRead(out var left))
            {
                left.Return();
            }
        }
    }

    /// <summary>Evaluates the model on labelled texts.</summary>
    /// <param name="texts">Their labels may be in any order; each must be one of <see cref="Labels"/>. A model that gives numbers needs numbers.</param>
    /// <param name="progress">Told after each batch how far it is.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <returns>The metrics of the task, each with its 95% interval.</returns>
    /// <exception cref="BeretException">A label is not one of the model's, there is no text, or the model's logits are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public EvaluationResult Evaluate(LabelledTexts texts, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        texts = texts.As(task.Kind).WithLabels(Labels);
        var logits = new Evaluator(scorer, Tokenizer, encode, threads).Logits(texts.Examples, progress, cancellation);
        return task.Evaluate(texts.Examples, logits);
    }

    /// <summary>The logits of texts and pairs in their order, [texts, K], whatever their labels.</summary>
    internal float[] Logits(IReadOnlyList<Example> texts, CancellationToken cancellation) =>
        new Evaluator(scorer, Tokenizer, encode, threads).Logits(texts, cancellation: cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        runner.Dispose();
        opened.Model.Dispose();
        backend.Dispose();
    }

    /// <summary>Ends without an error of its own: what goes wrong reaches the reader through the channel, behind all texts that were read before.</summary>
    private async System.Threading.Tasks.Task ReadAhead(IAsyncEnumerable<TextPair> texts, ChannelWriter<EncodedText> writer, CancellationToken cancellation)
    {
        Exception? error = null;
        try
        {
            await foreach (var text in texts.WithCancellation(cancellation).ConfigureAwait(false))
            {
                var encoded = Tokenize(text);
                if (!writer.TryWrite(encoded))
                {
                    await writer.WriteAsync(encoded, cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (Exception caught)
        {
            error = caught;
        }

        writer.Complete(error);
    }

    /// <summary>The tokens of a text or pair, for <see cref="Predict(EncodedTexts, Span{Prediction})"/>; on any thread.</summary>
    /// <exception cref="BeretException">The text cannot be given to this model: a pair to a model without a second segment.</exception>
    internal EncodedText Tokenize(TextPair input) => Tokenize(input, threadBuffer ??= new TokenBuffer());

    /// <summary>Classifies tokenized texts; the predictions are in their order.</summary>
    internal void Predict(EncodedTexts texts, Span<Prediction> predictions) => Decide(texts, predictions, CancellationToken.None);

    private EncodedText Tokenize(TextPair input, TokenBuffer buffer)
    {
        Encode(input.Text, input.Pair, buffer);
        return new EncodedText(buffer);
    }

    private void Encode(string text, string? pair, TokenBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(text);
        Tokenizer.EncodeEither(text, pair, encode, buffer);
    }

    private static async IAsyncEnumerable<TextPair> Alone(IAsyncEnumerable<string> texts, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var text in texts.WithCancellation(cancellation).ConfigureAwait(false))
        {
            yield return new TextPair(text);
        }
    }

    private void Decide(EncodedTexts encoded, Span<Prediction> predictions, CancellationToken cancellation)
    {
        var length = encoded.Count * scorer.Outputs;
        var logits = ArrayPool<float>.Shared.Rent(length);
        scorer.Score(encoded, logits.AsSpan(0, length), cancellation: cancellation);
        for (var i = 0; i < predictions.Length; i++)
        {
            predictions[i] = Prediction.Of(task, logits.AsSpan(i * scorer.Outputs, scorer.Outputs), encoded[i].Count, encoded[i].Cut, encoded[i].Windows);
        }

        ArrayPool<float>.Shared.Return(logits);
    }
}
