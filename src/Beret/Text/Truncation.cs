namespace Beret.Text;

/// <summary>Which tokens of a text that is too long are kept.</summary>
public enum Truncation
{
    /// <summary>The first ones ("head").</summary>
    Head,

    /// <summary>The last ones ("tail").</summary>
    Tail,

    /// <summary>
    /// A quarter of the room from the front, the rest from the end ("head+tail"). Of r tokens ⌊(r + 2) / 4⌋ are the front's, a quarter rounded to the
    /// nearest, halves up: 128 and 382 of the 510 between [CLS] and [SEP] (Sun et al. 2019, How to Fine-Tune BERT for Text Classification).
    /// </summary>
    HeadTail,

    /// <summary>
    /// All of them, in several windows that overlap (<see cref="EncodeOptions.WindowOverlap"/>). The first is what <see cref="Head"/> keeps, and the last ends with the
    /// text; every window has as many tokens as fit, the last as well, which for that overlaps the one before it by more than the others do. A text that fits has one.
    /// </summary>
    Windows,
}

/// <summary>The names of the truncation policies, as the command line and the model folder write them.</summary>
public static class Truncations
{
    /// <summary>The names, in the order of the help.</summary>
    public static IReadOnlyList<string> Names { get; } = ["head", "tail", "head+tail", "windows"];

    /// <summary>"head", "tail", "head+tail" or "windows".</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
    public static string Format(this Truncation truncation) => truncation switch
    {
        Truncation.Head => "head",
        Truncation.Tail => "tail",
        Truncation.HeadTail => "head+tail",
        Truncation.Windows => "windows",
        _ => throw new ArgumentOutOfRangeException(nameof(truncation), truncation, null),
    };

    /// <summary>Reads "head", "tail", "head+tail" or "windows".</summary>
    /// <exception cref="TokenizerException">It is none of them.</exception>
    public static Truncation Parse(string name) => name switch
    {
        "head" => Truncation.Head,
        "tail" => Truncation.Tail,
        "head+tail" => Truncation.HeadTail,
        "windows" => Truncation.Windows,
        _ => throw new TokenizerException($"truncation \"{name}\" is not known; the policies are head, tail, head+tail and windows"),
    };
}
