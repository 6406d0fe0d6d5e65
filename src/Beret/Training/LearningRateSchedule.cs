namespace Beret.Training;

/// <summary>From where the linear decay counts.</summary>
public enum DecayStart
{
    /// <summary>From step 0, as in the tutorial's optimizer: after warm-up the rate is peak·(1 − s/total), a little below its peak.</summary>
    FirstStep,

    /// <summary>From the end of the warm-up, as in Hugging Face's linear schedule: peak·(total − s)/(total − warmup).</summary>
    EndOfWarmup,
}

/// <summary>
/// Linear warm-up from 0 over the first steps, peak·s/warmup, then linear decay to 0 at the last.
/// </summary>
/// <param name="Peak">The notional initial rate.</param>
/// <param name="WarmupSteps">Steps of warm-up; 0: none.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="DecayStart">From where the decay counts.</param>
public readonly record struct LearningRateSchedule(double Peak, int WarmupSteps, int TotalSteps, DecayStart DecayStart = DecayStart.FirstStep)
{
    /// <summary>The rate of a step, counted from 0.</summary>
    public double At(int step)
    {
        if (step < WarmupSteps)
        {
            return Peak * step / WarmupSteps;
        }

        var left = TotalSteps - Math.Min(step, TotalSteps);
        var whole = DecayStart == DecayStart.FirstStep ? TotalSteps : TotalSteps - WarmupSteps;
        return whole == 0 ? 0 : Peak * left / whole;
    }
}
