namespace Beret.Numerics;

/// <summary>How the logits of a text are made of those of its windows.</summary>
public enum WindowPooling : byte
{
    /// <summary>Their mean: every window has its say.</summary>
    Mean,

    /// <summary>The largest, logit by logit: one window is enough to say that a text has a property. Of equal ones the first learns.</summary>
    Max,
}

/// <summary>The names of the poolings, as the command line and the model folder write them.</summary>
public static class WindowPoolings
{
    /// <summary>The names, in the order of the help.</summary>
    public static IReadOnlyList<string> Names { get; } = ["mean", "max"];

    /// <summary>"mean" or "max".</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
    public static string Format(this WindowPooling pooling) => pooling switch
    {
        WindowPooling.Mean => "mean",
        WindowPooling.Max => "max",
        _ => throw new ArgumentOutOfRangeException(nameof(pooling), pooling, null),
    };

    /// <summary>Reads "mean" or "max".</summary>
    /// <exception cref="BeretException">It is neither.</exception>
    public static WindowPooling Parse(string name) => name switch
    {
        "mean" => WindowPooling.Mean,
        "max" => WindowPooling.Max,
        _ => throw new BeretException($"there is no window pooling \"{name}\"; there are mean and max"),
    };
}
