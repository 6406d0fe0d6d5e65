using System.Diagnostics;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Training;

namespace Beret.Benchmarks;

/// <summary>
/// How fast a model trains and predicts on this machine, on random texts: no data is needed. Time, memory and the share of what the machine's matrix products reach.
/// </summary>
public sealed class ModelBenchmark
{
    private const double PeakSeconds = 0.3;
    private const double LeastSeconds = 0.7;

    // Inference takes a third of the time that training takes.
    private const double TrainingShare = 0.7;
    private const int MostTokens = 1 << 22;

    private readonly ModelFiles files;
    private readonly BenchmarkOptions options;
    private readonly IProgress<string>? progress;
    private readonly CancellationToken cancellation;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly List<string> leftOut = [];
    private readonly int threads;
    private readonly Precision precision;
    private EncoderConfig config;
    private long parameters;
    private int outputs;
    private GemmPeak? peak;
    private double speedUp;

    private ModelBenchmark(ResolvedModel model, BenchmarkOptions options, IProgress<string>? progress, CancellationToken cancellation)
    {
        this.options = options;
        this.progress = progress;
        this.cancellation = cancellation;
        files = ModelFiles.Open(model.Folder, model.Source);
        config = files.Config;
        threads = options.Threads ?? Environment.ProcessorCount;
        precision = (options.Precision ?? files.Written?.Precision ?? Precision.Float32).Resolve();
        if (options.Train && precision == Precision.Int8)
        {
            leftOut.Add(options.Infer ? "training, for int8 is for inference" : throw new TrainingException("int8 is for inference; train in fp32 or bf16, and quantize afterwards"));
            this.options = options with { Train = false };
        }

        RequireRoom(options.BatchSize ?? 1, options.Length ?? 1);
    }

    /// <summary>Measures a model.</summary>
    /// <param name="model">The encoder or classifier; one that has no classifier gets a random one.</param>
    /// <param name="options">What to measure; null for training and inference at several sizes.</param>
    /// <param name="progress">Told what is being measured.</param>
    /// <param name="cancellation">Ends it between two passes.</param>
    /// <exception cref="BeretException">The model cannot be loaded, or the size that was asked for does not fit it or the machine.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static BenchmarkResult Run(
        ResolvedModel model, BenchmarkOptions? options = null, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new BenchmarkOptions();
        if (!options.Train && !options.Infer)
        {
            throw new ArgumentException("neither training nor inference is to be measured", nameof(options));
        }

        return new ModelBenchmark(model, options, progress, cancellation).Measure(model.Name);
    }

    private BenchmarkResult Measure(string name)
    {
        progress?.Report("measuring the machine's matrix products");
        using (var backend = CpuBackend.Create(threads))
        {
            peak = GemmPeak.Measure(backend, PeakSeconds, precision.Arithmetic(), cancellation);
        }

        progress?.Report("loading the model");
        IReadOnlyList<BenchmarkPass> training = options.Train ? Passes(isTraining: true) : [];
        IReadOnlyList<BenchmarkPass> inference = options.Infer ? Passes(isTraining: false) : [];
        return new BenchmarkResult
        {
            Model = name,
            Architecture = $"{config.Family.ModelType}, {config.Layers} layers, hidden size {config.HiddenSize}, {config.Heads} heads, feed-forward {config.IntermediateSize}",
            Parameters = parameters,
            Precision = precision,
            Threads = threads,
            InstructionSet = InstructionSets.Name(InstructionSets.Chosen()),
            GemmPeakGflops = peak.Gflops,
            Training = training,
            Inference = inference,
            SpeedUp = speedUp,
            LeftOut = leftOut,
            PeakMemoryBytes = ProcessPeak(),
            Advice = BenchmarkAdvice.For(config, outputs, training, inference, threads, speedUp),
        };
    }

    /// <summary>The main size, then the others as far as the time reaches.</summary>
    private List<BenchmarkPass> Passes(bool isTraining)
    {
        var what = isTraining ? "training" : "inference";
        using var timer = new PassTimer(CpuBackend.Create(threads), Load, precision, cancellation);
        (config, parameters, outputs) = (timer.Config, timer.Parameters, timer.Outputs);
        var sizes = new BenchmarkSizes(config, options, peak!.Gflops * 1e9);
        var main = Pass(sizes.Main, BenchmarkSizes.RunsOfMain);
        if (!isTraining)
        {
            speedUp = SpeedUp(main);
        }

        var passes = new List<BenchmarkPass> { main };
        var deadline = options.Budget.TotalSeconds * (isTraining && options.Infer ? TrainingShare : 1);
        foreach (var size in sizes.Others(isTraining))
        {
            var lengths = Enumerable.Repeat(size.Length, size.Batch);
            var expected = (isTraining ? Work.Training(config, lengths) : Work.Forward(config, lengths)) / main.Flops * main.Seconds;
            if (clock.Elapsed.TotalSeconds + expected * BenchmarkSizes.RunsOfOthers > deadline)
            {
                leftOut.Add($"{what} at {size.Batch} × {size.Length}, which takes about {Format.Time(expected)} each time");
                continue;
            }

            passes.Add(Pass(size, BenchmarkSizes.RunsOfOthers));
        }

        return passes;

        BenchmarkPass Pass((int Batch, int Length) size, int runs)
        {
            progress?.Report($"{what}, {size.Batch} × {size.Length}");
            var pass = isTraining ? timer.Train(size.Batch, size.Length, LeastSeconds, runs - 1) : timer.Infer(size.Batch, size.Length, LeastSeconds, runs - 1);
            peak = peak.Again(timer.Engine, PeakSeconds, cancellation);
            return pass;
        }
    }

    /// <summary>How many times as fast as one thread all of them predict; 0 where that is not asked.</summary>
    private double SpeedUp(BenchmarkPass all)
    {
        if (!options.Compares || options.Threads is not null || threads == 1
            || clock.Elapsed.TotalSeconds + all.Seconds * threads * BenchmarkSizes.RunsOfOthers > options.Budget.TotalSeconds)
        {
            return 0;
        }

        progress?.Report("inference with one thread");
        using var timer = new PassTimer(CpuBackend.Create(1), Load, precision, cancellation);
        return timer.Infer(all.Batch, all.Length, LeastSeconds, BenchmarkSizes.RunsOfOthers - 1).Seconds / all.Seconds;
    }

    private SequenceClassifier Load(IBackend backend)
    {
        using var weights = files.OpenWeights();
        return ModelLoader.Load(files.Config, weights, backend, ModelLoader.StoredOutputs(weights, files.Config) ?? 1).Model;
    }

    private void RequireRoom(int batch, int length)
    {
        if (length > config.MaxPositions)
        {
            throw new TrainingException($"a length of {length} tokens is more than the {config.MaxPositions} positions that {files.Path} knows");
        }

        if ((long)batch * length > MostTokens)
        {
            throw new TrainingException($"a batch of {batch} × {length} tokens is more than is computed at once; the most are {MostTokens} tokens");
        }

        var needed = options.Train ? MemoryPlan.For(config, outputs: 1, batch, length).Total : MemoryPlan.Inference(config, outputs: 1, batch * length);
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > available)
        {
            throw new TrainingException(
                $"a batch of {batch} × {length} tokens needs {Format.Bytes(needed)} of memory, and this machine has {Format.Bytes(available)}; take a smaller one");
        }
    }

    private static long ProcessPeak()
    {
        using var process = Process.GetCurrentProcess();
        return Math.Max(process.PeakWorkingSet64, process.WorkingSet64);
    }
}
