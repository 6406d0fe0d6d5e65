namespace Beret.Training.Runs;

/// <summary>The rate over the last steps.</summary>
internal sealed class StepRate
{
    private const int Window = 20;

    private readonly (double Seconds, int Texts, int Tokens)[] steps = new (double, int, int)[Window];
    private int count;

    public double TextsPerSecond { get; private set; }

    public double TokensPerSecond { get; private set; }

    public TimeSpan PerStep { get; private set; }

    public void Add(TimeSpan time, int texts, int tokens)
    {
        steps[count++ % Window] = (time.TotalSeconds, texts, tokens);
        var (seconds, allTexts, allTokens) = (0.0, 0L, 0L);
        var filled = Math.Min(count, Window);
        for (var i = 0; i < filled; i++)
        {
            seconds += steps[i].Seconds;
            allTexts += steps[i].Texts;
            allTokens += steps[i].Tokens;
        }

        TextsPerSecond = allTexts / seconds;
        TokensPerSecond = allTokens / seconds;
        PerStep = TimeSpan.FromSeconds(seconds / filled);
    }
}
