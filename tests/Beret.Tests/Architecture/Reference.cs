namespace Beret.Tests.Architecture;

/// <summary>That one piece of code needs another.</summary>
/// <param name="Place">Where: a type and member, or a file and line.</param>
/// <param name="From">The namespace of the code.</param>
/// <param name="To">The namespace of what it needs.</param>
internal sealed record Reference(string Place, string From, string To)
{
    public override string ToString() => $"{Place}: {From} → {To}";
}
