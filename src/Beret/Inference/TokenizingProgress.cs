using System.Globalization;

namespace Beret.Inference;

/// <summary>How far the tokenizing of texts for a file is.</summary>
/// <param name="Texts">Texts that are done.</param>
/// <param name="AllTexts">Texts to do.</param>
/// <param name="IsWaiting">Whether another process is at these very texts, and its file is waited for.</param>
internal readonly record struct TokenizingProgress(int Texts, int AllTexts, bool IsWaiting = false)
{
    /// <summary>In a line, with a rate and the time that is left.</summary>
    /// <param name="elapsed">The time since the beginning.</param>
    public string Say(TimeSpan elapsed)
    {
        var rate = Texts / elapsed.TotalSeconds;
        return IsWaiting ? "another process tokenizes these texts; waiting for it"
            : Texts == 0 ? $"tokenizing {AllTexts:n0} texts"
            : string.Create(
                CultureInfo.InvariantCulture, $"tokenizing: {Texts:n0} of {AllTexts:n0} texts, {rate:n0} texts/s, {TimeSpan.FromSeconds((AllTexts - Texts) / rate):h\\:mm\\:ss} left");
    }
}
