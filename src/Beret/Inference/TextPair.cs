namespace Beret.Inference;

/// <summary>What a model reads at once: a text, or two that it relates to each other, such as a premise and a hypothesis.</summary>
/// <param name="Text">The text, or the first of a pair.</param>
/// <param name="Pair">The second text of a pair, or null.</param>
public readonly record struct TextPair(string Text, string? Pair = null);
