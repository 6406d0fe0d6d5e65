namespace Beret.Optimization;

/// <summary>From where the linear decay counts.</summary>
public enum DecayStart
{
    /// <summary>From step 0, as in the tutorial's optimizer: after warm-up the rate is peak·(1 − s/total), a little below its peak.</summary>
    FirstStep,

    /// <summary>From the end of the warm-up, as in Hugging Face's linear schedule: peak·(total − s)/(total − warmup).</summary>
    EndOfWarmup,
}

/// <summary>How the rate falls after the warm-up.</summary>
public enum RateDecay
{
    /// <summary>In a straight line to 0.</summary>
    Linear,

    /// <summary>By half a cosine to 0: peak·(1 + cos πx)/2 with x the share of the decay that is done (Loshchilov and Hutter, "SGDR", 2017, equation 5).</summary>
    Cosine,

    /// <summary>Not at all.</summary>
    Constant,
}

/// <summary>
/// Linear warm-up from 0 over the first steps, peak·s/warmup, then a decay to 0 at the last, or none.
/// </summary>
/// <param name="Peak">The notional initial rate.</param>
/// <param name="WarmupSteps">Steps of warm-up; 0: none.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="DecayStart">From where the decay counts.</param>
/// <param name="Decay">How the rate falls.</param>
public readonly record struct LearningRateSchedule(
    double Peak, int WarmupSteps, int TotalSteps, DecayStart DecayStart = DecayStart.FirstStep, RateDecay Decay = RateDecay.Linear)
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
        return Decay switch
        {
            RateDecay.Constant => Peak,
            _ when whole == 0 => 0,
            RateDecay.Cosine => Peak * 0.5 * (1 + Math.Cos(Math.PI * (whole - left) / whole)),
            _ => Peak * left / whole,
        };
    }
}
