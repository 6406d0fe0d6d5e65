using System.Text.Json;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>
/// 60 steps of fine-tuning the real MiniLM on 1,920 reviews, step by step beside PyTorch. PyTorch with another attention path and thread count differs from
/// the recording by 1.2e-7 in the losses, 5e-7 (relative) in the norms, 2.4e-6 in the final test logits and 6e-8 in the final parameters; the tolerances are
/// the ones that its README suggests.
/// </summary>
public class FineTuningCurveTests
{
    private const int BatchSize = 32;
    private const double FirstLogits = 5e-6;
    private const double FirstGradientNorms = 5e-5;
    private const double Losses = 3e-5;
    private const double GlobalNorms = 2e-4;
    private const double FinalParameters = 1e-5;
    private const double FinalLogits = 1e-3;

    /// <summary>
    /// The norm as the recording took it: in fp32, eight sums side by side. In a matrix of many tiny entries and few large ones this loses up to 6e-5 of the
    /// norm, more than what is to be compared; the same sums over the same gradient lose the same.
    /// </summary>
    private static double NormInEightLanes(float[] values)
    {
        var sums = new float[8];
        for (var i = 0; i < values.Length; i++)
        {
            sums[i % 8] += values[i] * values[i];
        }

        return MathF.Sqrt(sums.Sum());
    }

    [Fact]
    [Trait("speed", "slow")]
    public void SixtyStepsFollowPyTorch()
    {
        OptimizedBuild.Require();
        using var expected = Checkpoint.Open(Shared.Path("fixtures", "curve", "expected.safetensors"));
        using var document = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "curve", "case.json")));
        using var backend = CpuBackend.Create(Environment.ProcessorCount);
        using var model = Recorded.MiniLm(backend, expected);
        var (ids, lengths, labels) = (Recorded.Integers(expected, "input_ids"), Recorded.Integers(expected, "lengths"), Recorded.Integers(expected, "labels"));
        var width = ids.Length / lengths.Length;
        var comparison = new Comparison();
        CompareTest("before", FirstLogits);

        var options = new AdamWOptions { Variant = AdamVariant.TensorFlow, ClipNorm = ClipNorm.Summed };
        var schedule = new LearningRateSchedule(Peak: 5e-5, WarmupSteps: 6, TotalSteps: 60);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, options, seed: 0);
        var steps = document.RootElement.GetProperty("steps");
        Assert.Equal(60, steps.GetArrayLength());
        var batch = new PackedBatch();
        foreach (var recorded in steps.EnumerateArray())
        {
            var s = recorded.GetProperty("step").GetInt32();
            batch.Clear();
            for (var row = s * BatchSize; row < (s + 1) * BatchSize; row++)
            {
                batch.Add(ids.AsSpan(row * width, lengths[row]));
            }

            var targets = labels.Skip(s * BatchSize).Take(BatchSize).Select(label => (float)label).ToArray();
            var rate = schedule.At(s);
            var step = learner.Step(batch, targets, rate);
            comparison.Relative($"lr.{s}", recorded.GetProperty("lr").GetDouble() + 1e-12, rate + 1e-12, 1e-9);
            comparison.Absolute($"loss.{s}", recorded.GetProperty("loss").GetDouble(), step.Loss, Losses);
            comparison.Relative($"norm.{s}", recorded.GetProperty("grad_norm").GetDouble(), step.GradientNorm, GlobalNorms);
            if (s == 0)
            {
                // The first step has rate 0, and the gradients stay until the next begins.
                comparison.Absolute("logits.step0", expected.Read("logits.step0"), learner.Logits, FirstLogits);
                foreach (var name in NamesAfter("grad_norm.").Where(name => !Comparison.IsKeyBias(name)))
                {
                    var gradient = learner.GradientOf(Recorded.Parameter(model, name), batch);
                    comparison.Relative($"grad_norm.{name}", expected.Read($"grad_norm.{name}")[0], NormInEightLanes(gradient), FirstGradientNorms);
                }
            }
        }

        foreach (var name in NamesAfter("final.").Where(name => !Comparison.IsKeyBias(name)))
        {
            comparison.Absolute(
                $"final.{name}", expected.Read($"final.{name}"), Recorded.Values(backend, Recorded.Parameter(model, name).Value), FinalParameters);
        }

        CompareTest("after", FinalLogits);
        comparison.Check();

        List<string> NamesAfter(string prefix)
        {
            var names = expected.Tensors.Select(t => t.Name).Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..]).ToList();
            Assert.NotEmpty(names);
            return names;
        }

        void CompareTest(string when, double tolerance)
        {
            var (testIds, truth) = (Recorded.Integers(expected, "test_ids"), Recorded.Integers(expected, "test_labels"));
            var logits = new List<float>();
            var part = new PackedBatch();
            for (var from = 0; from < truth.Length; from += BatchSize)
            {
                part.Clear();
                for (var row = from; row < from + BatchSize; row++)
                {
                    var text = testIds.AsSpan(row * width, width);
                    part.Add(text[..(text.LastIndexOfAnyExcept(model.Config.PaddingId) + 1)]);
                }

                logits.AddRange(Recorded.Logits(model, backend, part));
            }

            comparison.Absolute($"test_logits_{when}", expected.Read($"test_logits.{when}"), logits.ToArray(), tolerance);
            var result = document.RootElement.GetProperty($"test_{when}");
            comparison.Absolute(
                $"test_loss_{when}", result[0].GetDouble(), logits.Zip(truth, (z, y) => Math.Max(z, 0) - z * y + Math.Log(1 + Math.Exp(-Math.Abs(z)))).Average(), tolerance);
            comparison.Absolute($"test_accuracy_{when}", result[1].GetDouble(), logits.Zip(truth, (z, y) => z > 0 == (y == 1) ? 1.0 : 0).Average(), 0);
        }
    }
}
