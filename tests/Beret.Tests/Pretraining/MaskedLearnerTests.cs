using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Pretraining;
using Beret.Tests.Models;
using Beret.Tests.Training;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Tests.Pretraining;

/// <summary>Steps of masked language modelling on a small random BERT.</summary>
[Collection(nameof(Alone))]
public class MaskedLearnerTests
{
    private const int Steps = 20;

    private static readonly MaskingRules Rules = new(ClassificationId: 6, SeparatorId: 7, MaskId: 8, VocabularySize: 500, (uint)(0.2 * (1UL << 32)), WholeWord: false, Seed: 7);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AStepAllocatesNothingOnTheManagedHeap(int threads)
    {
        using var backend = CpuBackend.Create(threads);
        using var model = Create(backend);
        using var learner = new MaskedLearner(model, new AdamWOptions(), seed: 1);
        var batch = new MaskedBatch(Rules);

        // The largest batch is the second, so that after two steps everything has grown; the ones after it are of many shapes.
        int[][] tokens = [.. Enumerable.Range(0, Steps).Select(s => Enumerable.Range(5, s == 1 ? 62 : 2 + 3 * (s % 18)).ToArray())];
        Run(0, 2);
        SteadyStateTests.AssertAllocatesNothing(() => Run(2, Steps));

        void Run(int from, int to)
        {
            for (var s = from; s < to; s++)
            {
                batch.Begin(s);
                for (var i = 0; i < (s == 1 ? 8 : 3); i++)
                {
                    batch.Add(tokens[s]);
                }

                batch.Complete();
                learner.Step(batch, 1e-4, out _);
            }
        }
    }

    [Fact]
    public void TheMemoryOfAStepIsKnownBefore()
    {
        using var backend = CpuBackend.Create(1);
        using var model = Create(backend);
        using var learner = new MaskedLearner(model, new AdamWOptions(), seed: 1);
        var batch = Batch();
        learner.Step(batch, 1e-4, out _);
        Assert.Equal(MaskedLearner.Plan(model.Config, batch.Packed.Tokens, 64, batch.Count), learner.ActivationPeak);
    }

    [Fact]
    public void JudgingIsTheLossOfTrainingWithoutDropout()
    {
        using var backend = CpuBackend.Create(1);
        using var model = Create(backend, dropout: 0);
        using var learner = new MaskedLearner(model, new AdamWOptions(), seed: 1);
        var batch = Batch();
        var judged = learner.Judge(batch);
        Assert.Equal(judged, learner.Differentiate(batch));
        learner.Step(batch, 1e-2, out var before);
        Assert.Equal(judged, before);
        Assert.True(learner.Judge(batch).Loss < judged.Loss);
    }

    // The families with a head for hidden tokens; in one the tables are narrower than the model.
    [Theory]
    [InlineData("bert")]
    [InlineData("electra")]
    [InlineData("electra with a pooler")]
    [InlineData("distilbert")]
    [InlineData("distilbert with sinusoids")]
    [InlineData("roberta")]
    [InlineData("mpnet")]
    public void TheLossRisesAlongItsGradientAsTheGradientSays(string family)
    {
        using var backend = CpuBackend.Create(1);
        using var model = new MaskedLanguageModel(backend, SmallModel.Named(family, dropout: 0));
        AssertGradient(backend, model, teacher: null);
    }

    [Fact]
    public void WithATeacherTheGradientIsThatOfBothLosses()
    {
        using var backend = CpuBackend.Create(1);
        using var model = new MaskedLanguageModel(backend, SmallModel.Config(dropout: 0), teacherWidth: 12);
        var teacher = new TeacherTargets(12);
        var random = new Random(4);
        for (var row = 0; row < 300; row += 1 + row % 3)
        {
            foreach (ref var value in teacher.Add(row))
            {
                value = (float)(4 * random.NextDouble() - 2);
            }
        }

        AssertGradient(backend, model, teacher);
    }

    private static void AssertGradient(IBackend backend, MaskedLanguageModel model, TeacherTargets? teacher)
    {
        const double MaskedWeight = 0.3;
        model.InitializeAll(3);
        using var learner = new MaskedLearner(model, new AdamWOptions(), seed: 1) { MaskedWeight = MaskedWeight };
        var batch = Batch();
        learner.Differentiate(batch, teacher);
        var trained = model.Parameters.All.Where(parameter => !parameter.IsFrozen).ToList();
        var values = trained.ToDictionary(parameter => parameter, parameter => Recorded.Values(backend, parameter.Value));
        var gradients = trained.ToDictionary(parameter => parameter, parameter => Recorded.Values(backend, parameter.Gradient));
        var norm = Math.Sqrt(gradients.Values.Sum(gradient => gradient.Sum(g => (double)g * g)));
        const double Step = 1e-3;
        Assert.Equal(1, (LossAt(Step) - LossAt(-Step)) / (2 * Step * norm), 0.01);

        double LossAt(double distance)
        {
            foreach (var parameter in trained)
            {
                backend.Write([.. values[parameter].Zip(gradients[parameter], (value, g) => (float)(value + distance * g / norm))], parameter.Value);
            }

            model.Parameters.Touch();
            var outcome = learner.Differentiate(batch, teacher);
            return teacher is null ? outcome.Loss : MaskedWeight * outcome.Loss + outcome.TeacherLoss!.Value;
        }
    }

    [Fact]
    public void WhatTheMaskedTokensDoNotDependOnStaysAsItIs()
    {
        using var backend = CpuBackend.Create(1);
        using var model = Create(backend);
        using var learner = new MaskedLearner(model, new AdamWOptions(), seed: 1);
        var before = model.Parameters.All.ToDictionary(parameter => parameter.Name, parameter => Recorded.Values(backend, parameter.Value));
        learner.Step(Batch(), 1e-2, out _);
        var same = model.Parameters.All.Where(parameter => before[parameter.Name].AsSpan().SequenceEqual(Recorded.Values(backend, parameter.Value))).Select(parameter => parameter.Name);
        Assert.Equal(["bert.pooler.dense.weight", "bert.pooler.dense.bias"], same);
    }

    private static MaskedLanguageModel Create(IBackend backend, double dropout = 0.1)
    {
        var model = new MaskedLanguageModel(backend, SmallModel.Config(dropout));
        model.InitializeAll(3);
        return model;
    }

    private static MaskedBatch Batch()
    {
        var batch = new MaskedBatch(Rules);
        batch.Begin(0);
        for (var s = 0; s < 6; s++)
        {
            batch.Add([.. Enumerable.Range(10 * s, 62)]);
        }

        batch.Complete();
        return batch;
    }
}
