namespace Beret.Training;

/// <summary>
/// Linear warm-up from 0 over the first steps, then linear decay to 0, where the decay counts from step 0 (as in the tutorial's optimizer):
/// s &lt; warmup: peak·s/warmup; else peak·(1 − min(s, total)/total).
/// </summary>
/// <param name="Peak">The notional initial rate.</param>
/// <param name="WarmupSteps">Steps of warm-up; 0: none.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
public readonly record struct LearningRateSchedule(double Peak, int WarmupSteps, int TotalSteps)
{
    /// <summary>The rate of a step, counted from 0.</summary>
    public double At(int step) =>
        step < WarmupSteps ? Peak * step / WarmupSteps : Peak * (1 - (double)Math.Min(step, TotalSteps) / TotalSteps);
}
