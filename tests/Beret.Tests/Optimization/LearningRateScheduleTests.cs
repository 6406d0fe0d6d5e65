using System.Globalization;
using System.Text.Json;
using Beret.Optimization;
using Beret.Tests.Training;
using Beret.Training;

namespace Beret.Tests.Optimization;

/// <summary>Linear warm-up and decay, in the tutorial's form and in that of Hugging Face.</summary>
public class LearningRateScheduleTests
{
    private static readonly LearningRateSchedule Tutorial = new(Peak: 3e-5, WarmupSteps: 312, TotalSteps: 3125);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 9.615384615384616e-8)]
    [InlineData(311, 2.9903846153846153e-5)]
    [InlineData(312, 2.70048e-5)] // a step down: the decay counts from step 0
    [InlineData(313, 2.69952e-5)]
    [InlineData(1000, 2.04e-5)]
    [InlineData(3124, 9.6e-9)]
    [InlineData(3125, 0)]
    [InlineData(4000, 0)]
    public void TheTutorialsRates(int step, double rate) => Assert.Equal(rate, Tutorial.At(step), 1e-17);

    [Fact]
    public void TheRatesAreTensorFlows()
    {
        using var facts = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "tf", "facts", "facts.json")));
        foreach (var entry in facts.RootElement.GetProperty("schedule_formula_float64").EnumerateObject())
        {
            Assert.Equal(entry.Value.GetDouble(), Tutorial.At(Step(entry)), 1e-17);
        }

        // TensorFlow computes in float32, from 1 − step/total: an error of 2⁻²⁴ of the peak.
        foreach (var entry in facts.RootElement.GetProperty("schedule_3125_312_3e-5").EnumerateObject())
        {
            Assert.Equal(entry.Value.GetDouble(), Tutorial.At(Step(entry)), 3e-5 * Math.Pow(2, -23));
        }

        var withoutWarmup = new LearningRateSchedule(1e-3, 0, 10);
        var rates = facts.RootElement.GetProperty("schedule_no_warmup_10_1e-3").EnumerateArray().Select(rate => rate.GetDouble()).ToList();
        Assert.Equal(12, rates.Count);
        for (var s = 0; s < rates.Count; s++)
        {
            Assert.Equal(rates[s], withoutWarmup.At(s), 1e-3 * Math.Pow(2, -23));
        }

        static int Step(JsonProperty entry) => int.Parse(entry.Name, CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0.01 / 3)]
    [InlineData(3, 0.01)] // no step down
    [InlineData(4, 0.01 * 8 / 9)]
    [InlineData(11, 0.01 / 9)]
    [InlineData(12, 0)]
    [InlineData(99, 0)]
    public void TheRatesOfHuggingFacesLinearSchedule(int step, double rate) =>
        Assert.Equal(rate, new LearningRateSchedule(0.01, 3, 12, DecayStart.EndOfWarmup).At(step), 1e-17);

    [Fact]
    public void ARunThatIsAllWarmupHasAnEnd()
    {
        var schedule = new LearningRateSchedule(0.01, 4, 4, DecayStart.EndOfWarmup);
        Assert.Equal(0.0075, schedule.At(3), 1e-17);
        Assert.Equal(0, schedule.At(4));
    }

    /// <summary>Beside the rates of PyTorch's own schedules (tests/fixtures/losses/losses.py), which count from the end of the warm-up.</summary>
    [Theory]
    [InlineData("linear", RateDecay.Linear)]
    [InlineData("cosine", RateDecay.Cosine)]
    [InlineData("constant", RateDecay.Constant)]
    public void EveryDecayIsPyTorchs(string name, RateDecay decay)
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Repository.Path("tests", "fixtures", "losses", "schedules.json")));
        double[] rates = [.. golden.RootElement.GetProperty("rates").GetProperty(name).EnumerateArray().Select(rate => rate.GetDouble())];
        var schedule = new LearningRateSchedule(0.01, 3, 12, DecayStart.EndOfWarmup, decay);
        for (var step = 0; step < rates.Length; step++)
        {
            Assert.Equal(rates[step], schedule.At(step), 1e-16);
        }
    }

    [Fact]
    public void ACosineThatCountsFromTheFirstStepHasFallenALittleWhereTheWarmUpEnds()
    {
        var schedule = new LearningRateSchedule(1, 2, 8, Decay: RateDecay.Cosine);
        Assert.Equal((1 + Math.Cos(Math.PI / 4)) / 2, schedule.At(2), 1e-15);
        Assert.Equal(0.5, schedule.At(4), 1e-15);
        Assert.Equal(0, schedule.At(8), 1e-15);
    }
}
