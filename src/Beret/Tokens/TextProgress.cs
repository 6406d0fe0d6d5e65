using System.Globalization;

namespace Beret.Tokens;

/// <summary>How far something is that is done with many texts.</summary>
/// <param name="Texts">Texts that are done.</param>
/// <param name="AllTexts">Texts to do.</param>
/// <param name="IsWaiting">Whether another process is at these very texts, and what it makes of them is waited for.</param>
internal readonly record struct TextProgress(int Texts, int AllTexts, bool IsWaiting = false)
{
    /// <summary>In a line, with a rate and the time that is left.</summary>
    /// <param name="what">What is done.</param>
    /// <param name="elapsed">The time since the beginning.</param>
    public string Say(string what, TimeSpan elapsed)
    {
        var rate = Texts / elapsed.TotalSeconds;
        return IsWaiting ? $"{what}: another process does it with these texts; waiting for it"
            : Texts == 0 ? $"{what}: {AllTexts:n0} texts"
            : string.Create(
                CultureInfo.InvariantCulture, $"{what}: {Texts:n0} of {AllTexts:n0} texts, {rate:n0} texts/s, {TimeSpan.FromSeconds((AllTexts - Texts) / rate):h\\:mm\\:ss} left");
    }
}
