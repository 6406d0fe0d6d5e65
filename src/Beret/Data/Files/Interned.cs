namespace Beret.Data.Files;

/// <summary>Strings that come again and again, each held once and known by its number, in the order in which they first come.</summary>
internal sealed class Interned
{
    /// <summary>The number of what is no string.</summary>
    public const int None = -1;

    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly List<string> strings = [];

    public IReadOnlyList<string> Strings => strings;

    public string? this[int number] => number == None ? null : strings[number];

    public int NumberOf(string? text)
    {
        if (text is null)
        {
            return None;
        }

        if (!numbers.TryGetValue(text, out var number))
        {
            numbers.Add(text, number = strings.Count);
            strings.Add(text);
        }

        return number;
    }
}
