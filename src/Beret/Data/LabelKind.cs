namespace Beret.Data;

/// <summary>What a text is labelled with.</summary>
public enum LabelKind
{
    /// <summary>One of several labels: <see cref="Example.Label"/>.</summary>
    Class,

    /// <summary>Any number of several labels, also none: <see cref="Example.Labels"/>.</summary>
    Set,

    /// <summary>A number: <see cref="Example.Value"/>.</summary>
    Number,
}
