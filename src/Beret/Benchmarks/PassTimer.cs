using System.Diagnostics;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training;

namespace Beret.Benchmarks;

/// <summary>
/// Times training steps and forward passes of one model, operation by operation. For one thread at a time.
/// </summary>
internal sealed class PassTimer : IDisposable
{
    private const double LearningRate = 1e-5;

    private readonly IBackend engine;
    private readonly TimingBackend timing;
    private readonly MeteredBackend backend;
    private readonly SequenceClassifier model;
    private readonly CancellationToken cancellation;

    /// <param name="engine">Where it computes; disposed of with this.</param>
    /// <param name="load">Makes the model on the backend it is given; disposed of with this.</param>
    /// <param name="precision">The arithmetic of the matrix products.</param>
    /// <param name="cancellation">Ends the timing between two passes.</param>
    public PassTimer(
        IBackend engine, Func<IBackend, SequenceClassifier> load, Precision precision = Precision.Float32, CancellationToken cancellation = default)
    {
        this.engine = engine;
        this.cancellation = cancellation;
        timing = new TimingBackend(engine);
        backend = new MeteredBackend(timing);
        try
        {
            model = load(backend);
            model.Parameters.Use(precision.Arithmetic());
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>The engine itself, untimed.</summary>
    public IBackend Engine => engine;

    public EncoderConfig Config => model.Config;

    public int Outputs => model.Outputs;

    /// <summary>The number of weights.</summary>
    public long Parameters => model.Parameters.Count;

    /// <summary>Memory that activations and their gradients took in the last training step, in bytes.</summary>
    public long ActivationPeak { get; private set; }

    /// <summary>Whole steps: forward with dropout, loss, backward, clipping, AdamW.</summary>
    /// <param name="texts">Texts of the batch.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="seconds">The time to go on for.</param>
    /// <param name="least">The least number of steps.</param>
    /// <param name="options">The optimizer's constants; the tutorial's where not given.</param>
    /// <exception cref="TrainingException">The model's loss is not a number: a step would leave out the update.</exception>
    public BenchmarkPass Train(int texts, int length, double seconds, int least, AdamWOptions? options = null)
    {
        var plan = MemoryPlan.For(Config, Outputs, texts, length);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, options ?? new AdamWOptions(), seed: 1, plan.Activations);
        var batch = RandomTexts.Batch(texts, length, Config.VocabularySize);
        var targets = RandomTexts.Targets(texts, Outputs);
        var pass = Measure(batch, Step, seconds, least, Work.Training(Config, Enumerable.Repeat(length, texts)));
        ActivationPeak = learner.ActivationPeak;
        return pass;

        void Step()
        {
            if (!learner.Step(batch, targets, LearningRate).IsFinite)
            {
                throw new TrainingException("the model's loss or its gradients are not finite; a step on it would change nothing, so there is nothing to time");
            }
        }
    }

    /// <summary>Forward passes on packed weights, as a classifier does them.</summary>
    /// <param name="texts">Texts of the batch.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="seconds">The time to go on for.</param>
    /// <param name="least">The least number of passes.</param>
    public BenchmarkPass Infer(int texts, int length, double seconds, int least)
    {
        model.Parameters.Pack();
        using var runner = new BatchRunner(model, backend);
        var batch = RandomTexts.Batch(texts, length, Config.VocabularySize);
        var logits = new float[texts * Outputs];
        return Measure(batch, () => runner.Run(batch, logits), seconds, least, Work.Forward(Config, Enumerable.Repeat(length, texts)));
    }

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    private BenchmarkPass Measure(PackedBatch batch, Action run, double seconds, int least, double flops)
    {
        cancellation.ThrowIfCancellationRequested();
        backend.Reset();
        var isFirst = true;
        var passes = 0;
        var total = 0.0;
        var times = Clock.Sample(Counted, seconds, least, cancellation: cancellation);
        var lengths = Enumerable.Range(0, batch.Sequences).Select(b => batch.Starts[b + 1] - batch.Starts[b]);
        return new BenchmarkPass(batch.Sequences, batch.Longest, Clock.Median(times), Clock.Spread(times), flops, backend.Peak)
        {
            Operations = OperationShare.Of(timing.Times, passes, total / passes, Work.Attention(Config, lengths)),
        };

        void Counted()
        {
            var start = Stopwatch.GetTimestamp();
            run();
            if (isFirst)
            {
                // It took the memory and compiled the kernels, and is not among the times either.
                isFirst = false;
                timing.Reset();
                return;
            }

            passes++;
            total += Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
