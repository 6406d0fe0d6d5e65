using System.Text.Json;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Optimization;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Optimization;

/// <summary>
/// Twelve steps of PyTorch's AdamW under Hugging Face's linear schedule, with clipping: plainly, with two micro-batches a step, and with layer-wise rates.
/// The tolerances are the ones that the recordings' README suggests: 20 times their own distance from float64, five times in the norms.
/// </summary>
public class OptimizerTraceTests
{
    public static TheoryData<string, double, double, double, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, double, double, double, string>();
            foreach (var backend in (string[])[.. InstructionSets.Supported.Select(set => set.ToString()), "reference"])
            {
                cases.Add("optim_adamw", 1e-5, 5e-5, 4e-5, backend);
                cases.Add("optim_accum", 3e-5, 9e-5, 4e-5, backend);
                cases.Add("optim_llrd", 2e-4, 5e-4, 2e-5, backend);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AdamWWithWarmupAndClippingIsPyTorchs(string name, double lossTolerance, double normTolerance, double parameterTolerance, string backendName)
    {
        using var expected = Checkpoint.Open(Shared.Path("fixtures", "hf", name, "expected.safetensors"));
        using var document = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "hf", name, "case.json")));
        var hyper = document.RootElement.GetProperty("hyper");
        using var backend = backendName == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(backendName));
        using var model = ModelLoader.Load(Shared.Path("fixtures", "hf", "bert_a"), backend).Model;
        var options = new AdamWOptions
        {
            Beta1 = hyper.GetProperty("betas")[0].GetDouble(),
            Beta2 = hyper.GetProperty("betas")[1].GetDouble(),
            Epsilon = hyper.GetProperty("eps").GetDouble(),
            WeightDecay = hyper.GetProperty("wd").GetDouble(),
            ClipTo = hyper.GetProperty("clip").GetDouble(),
            LayerDecay = name == "optim_llrd" ? hyper.GetProperty("llrd").GetDouble() : 1,
            ClipNorm = ClipNorm.Summed,
            Variant = AdamVariant.PyTorch,
        };
        var schedule = new LearningRateSchedule(
            hyper.GetProperty("lr").GetDouble(), hyper.GetProperty("warmup").GetInt32(), hyper.GetProperty("total").GetInt32(), DecayStart.EndOfWarmup);
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, options, seed: 0);
        PackedBatch[] batches = [.. Enumerable.Range(0, 2).Select(i =>
            Recorded.Batch(expected, $"batch{i}.input_ids", $"batch{i}.attention_mask", $"batch{i}.token_type_ids"))];
        float[][] labels = [.. Enumerable.Range(0, 2).Select(i => expected.Read($"batch{i}.labels"))];
        var traced = expected.Tensors.Where(t => t.Name.StartsWith("trace.", StringComparison.Ordinal))
            .Select(t => (Values: expected.Read(t.Name), Parameter: Recorded.Parameter(model, t.Name["trace.".Length..]))).ToList();
        Assert.Equal(3, traced.Count);
        var rates = Recorded.Doubles(expected, "lr");
        var (losses, norms) = (expected.Read("loss"), expected.Read("grad_norm"));
        var comparison = new Comparison();
        for (var s = 0; s < rates.Length; s++)
        {
            var micro = document.RootElement.GetProperty("micro_batches_per_step")[s].EnumerateArray().Select(number => number.GetInt32()).ToArray();
            double[] means = micro.Length == 1 ? [] : [.. micro.Select(number => learner.Accumulate(batches[number], labels[number], share: 1.0 / micro.Length))];
            var step = micro.Length == 1 ? learner.Step(batches[micro[0]], labels[micro[0]], schedule.At(s)) : learner.Update(schedule.At(s));
            comparison.Absolute($"lr.{s}", rates[s], schedule.At(s), 1e-15);
            for (var m = 0; m < micro.Length; m++)
            {
                comparison.Absolute($"loss.{s}.{m}", losses[(s * micro.Length) + m], micro.Length == 1 ? step.Loss : means[m], lossTolerance);
            }

            comparison.Relative($"grad_norm.{s}", norms[s], step.GradientNorm, normTolerance);
            foreach (var (values, parameter) in traced)
            {
                var length = (int)parameter.Length;
                comparison.Absolute(
                    $"trace.{parameter.Name}.{s}", values.AsSpan(s * length, length), Recorded.Values(backend, parameter.Value), parameterTolerance);
            }
        }

        // It clips where the recording does: the norms above hold steps on both sides of 1.
        Assert.Equal(document.RootElement.GetProperty("clipped_steps").GetInt32(), norms.Count(norm => norm > options.ClipTo));
        foreach (var parameter in model.Parameters.All.Where(p => !Comparison.IsKeyBias(p.Name)))
        {
            comparison.Absolute(
                $"final.{parameter.Name}", expected.Read($"final.{parameter.Name}"), Recorded.Values(backend, parameter.Value), parameterTolerance);
        }

        comparison.Check();
    }
}
