using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Tests.Models;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>The memory that is announced before training is the memory that training takes.</summary>
[Collection(nameof(Alone))]
public class MemoryPlanTests
{
    private static readonly EncoderConfig Small = SmallModel.Config();

    public static TheoryData<string> Families => [.. SmallModel.Names];

    public static TheoryData<int, int, int, int> Shapes => new()
    {
        // layers, embedding size, sequences, tokens of each
        { 2, 48, 8, 64 },
        { 1, 48, 1, 64 },
        { 4, 48, 32, 16 },
        { 2, 24, 5, 33 },
        { 1, 96, 3, 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void TheActivationsOfTheLargestBatchAreTheOnesPlanned(int layers, int embedding, int sequences, int length)
    {
        var config = Small with { Layers = layers, EmbeddingSize = embedding };
        var plan = MemoryPlan.For(config, 1, sequences, length);
        using var backend = CpuBackend.Create(1);
        Assert.Equal(plan.Activations, PeakOf(backend, config, SmallModel.Batch(config, [.. Enumerable.Repeat(length, sequences)])));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void TheActivationsOfEveryFamilyAreTheOnesPlanned(string family)
    {
        var config = SmallModel.Named(family);
        var plan = MemoryPlan.For(config, 1, batchSize: 8, length: 64);
        using var backend = CpuBackend.Create(1);
        Assert.Equal(plan.Activations, PeakOf(backend, config, SmallModel.Batch(config, [.. Enumerable.Repeat(64, 8)])));
    }

    [Fact]
    public void NoSmallerOrRaggedBatchNeedsMore()
    {
        using var backend = CpuBackend.Create(1);
        var plan = MemoryPlan.For(Small, 1, batchSize: 8, length: 64);
        var random = new Random(5);
        for (var i = 0; i < 60; i++)
        {
            int[] lengths = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.Next(3) == 0 ? 64 : random.Next(1, 65))];
            var peak = PeakOf(backend, Small, SmallModel.Batch(Small, lengths, seed: i));
            Assert.True(peak <= plan.Activations, $"{string.Join(", ", lengths)}: {peak} > {plan.Activations}");
        }
    }

    [Fact]
    public void TheBackendGivesOutWhatWasPlanned()
    {
        const int Sequences = 8, Length = 64;
        using var backend = new CountingBackend(CpuBackend.Create(2));
        var plan = MemoryPlan.For(Small, 1, Sequences, Length);
        using (var model = SmallModel.Create(backend, Small))
        {
            Assert.Equal(plan.Weights, backend.Held);
            using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, plan.Activations);
            for (var s = 0; s < 3; s++)
            {
                var batch = SmallModel.Batch(Small, [.. Enumerable.Repeat(Length, Sequences)], s);
                learner.Step(batch, SmallModel.Labels(batch), 1e-4);
            }

            // Beside what is planned the optimizer keeps four bytes for each row of the word embeddings.
            Assert.InRange(backend.Peak, plan.Total, plan.Total + sizeof(int) * Small.VocabularySize);
        }

        Assert.Equal(0, backend.Held);
    }

    [Fact]
    public void TheProcessGrowsByWhatWasPlanned()
    {
        OptimizedBuild.Require();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems count resident memory in other ways");
        const int Sequences = 32, Length = 128;
        var config = SmallModel.MiniLm;
        var plan = MemoryPlan.For(config, 1, Sequences, Length);
        var batch = SmallModel.Batch(config, [.. Enumerable.Repeat(Length, Sequences)]);
        var labels = SmallModel.Labels(batch);

        // A small step first, so that the code is there already; then nothing but the step's own memory is new. The weights stay zero: their values take no room.
        using var backend = CpuBackend.Create(2);
        PeakOf(backend, Small, SmallModel.Batch(Small, [64, 64]));

        // What tests before this one have left is given back now, and not while this one measures.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var before = Environment.WorkingSet;
        using var model = new SequenceClassifier(backend, config, 1);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1, plan.Activations);
        learner.Step(batch, labels, 1e-4);
        learner.Step(batch, labels, 1e-4);
        var grown = Environment.WorkingSet - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"planned {plan.Total >> 20} MiB, grown by {grown >> 20} MiB; {plan}");
        Assert.InRange(grown, 0.9 * plan.Total, 1.1 * plan.Total);
    }

    private static long PeakOf(IBackend backend, EncoderConfig config, PackedBatch batch)
    {
        using var model = SmallModel.Create(backend, config);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 1);
        learner.Step(batch, SmallModel.Labels(batch), 1e-4);
        return learner.ActivationPeak;
    }

    /// <summary>Counts the bytes that are given out.</summary>
    private sealed class CountingBackend(IBackend inner) : ForwardingBackend(inner)
    {
        private readonly Dictionary<nint, long> sizes = [];

        public long Held { get; private set; }

        public long Peak { get; private set; }

        public override nint Allocate(long bytes)
        {
            var handle = base.Allocate(bytes);
            sizes.Add(handle, bytes);
            Held += bytes;
            Peak = Math.Max(Peak, Held);
            return handle;
        }

        public override void Free(nint handle)
        {
            base.Free(handle);
            if (sizes.Remove(handle, out var bytes))
            {
                Held -= bytes;
            }
        }
    }
}
