namespace Beret.Data;

/// <summary>A text of GLUE without a label.</summary>
/// <param name="Index">What the file calls it; a submission names it again.</param>
/// <param name="Text">The text, or the first of a pair.</param>
/// <param name="Pair">The second text of a pair, or null.</param>
public readonly record struct GlueText(string Index, string Text, string? Pair);
