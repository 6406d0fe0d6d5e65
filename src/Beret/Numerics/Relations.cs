namespace Beret.Numerics;

/// <summary>
/// What of a student's attention is held to its teacher's: for each token the distribution softmax(A·Bᵀ/√d) over the tokens of its sequence, of two of the vectors that attention has for a
/// token (Wang et al., "MiniLM", 2020, §3, and "MiniLMv2", 2021, §3.1).
/// </summary>
[Flags]
public enum Relations
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Queries with keys: the attention distribution itself.</summary>
    QueryKey = 1,

    /// <summary>Queries with queries.</summary>
    QueryQuery = 2,

    /// <summary>Keys with keys.</summary>
    KeyKey = 4,

    /// <summary>Values with values.</summary>
    ValueValue = 8,
}
