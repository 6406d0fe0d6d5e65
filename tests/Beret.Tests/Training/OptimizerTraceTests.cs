using System.Text.Json;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>
/// Twelve steps of PyTorch's AdamW under Hugging Face's linear schedule, with clipping. PyTorch in float32 differs from float64 by 5.8e-7 in the losses,
/// 8.7e-6 (relative) in the norms and 1.9e-6 in the final parameters; the tolerances are the ones that the recording's README suggests.
/// </summary>
public class OptimizerTraceTests
{
    private const double LossTolerance = 1e-5;
    private const double ParameterTolerance = 4e-5;

    // Five times the recording's own distance from float64.
    private const double NormTolerance = 5e-5;

    public static TheoryData<string> Backends => [.. InstructionSets.Supported.Select(set => set.ToString()), "reference"];

    [Theory]
    [MemberData(nameof(Backends))]
    public void AdamWWithWarmupAndClippingIsPyTorchs(string backendName)
    {
        using var expected = Checkpoint.Open(Shared.Path("fixtures", "hf", "optim_adamw", "expected.safetensors"));
        using var document = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "hf", "optim_adamw", "case.json")));
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
            var micro = document.RootElement.GetProperty("micro_batches_per_step")[s][0].GetInt32();
            var step = learner.Step(batches[micro], labels[micro], schedule.At(s));
            comparison.Absolute($"lr.{s}", rates[s], schedule.At(s), 1e-15);
            comparison.Absolute($"loss.{s}", losses[s], step.Loss, LossTolerance);
            comparison.Relative($"grad_norm.{s}", norms[s], step.GradientNorm, NormTolerance);
            foreach (var (values, parameter) in traced)
            {
                var length = (int)parameter.Length;
                comparison.Absolute(
                    $"trace.{parameter.Name}.{s}", values.AsSpan(s * length, length), Recorded.Values(backend, parameter.Value), ParameterTolerance);
            }
        }

        // It clips where the recording does: the norms above hold steps on both sides of 1.
        Assert.Equal(document.RootElement.GetProperty("clipped_steps").GetInt32(), norms.Count(norm => norm > options.ClipTo));
        foreach (var parameter in model.Parameters.All.Where(p => !Comparison.IsKeyBias(p.Name)))
        {
            comparison.Absolute(
                $"final.{parameter.Name}", expected.Read($"final.{parameter.Name}"), Recorded.Values(backend, parameter.Value), ParameterTolerance);
        }

        comparison.Check();
    }
}
