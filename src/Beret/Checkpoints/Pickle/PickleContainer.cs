namespace Beret.Checkpoints.Pickle;

/// <summary>
/// A Python object that holds others. The other values are .NET's own: <c>None</c> is null, then <see cref="bool"/>, <see cref="long"/> (or
/// <see cref="System.Numerics.BigInteger"/> where it does not fit), <see cref="double"/>, <see cref="string"/>; <see cref="PickleOpaque"/> for what nobody looks into.
/// </summary>
internal abstract class PickleContainer
{
    /// <summary>How many containers stand inside each other, this one counted, as far as that was known when they were filled.</summary>
    public int Depth { get; private set; } = 1;

    protected void Hold(object? value)
    {
        if (value is PickleContainer container && container.Depth >= Depth)
        {
            Depth = container.Depth + 1;
        }
    }
}

/// <summary>A tuple.</summary>
internal sealed class PickleTuple : PickleContainer
{
    public static readonly PickleTuple Empty = new([]);

    public PickleTuple(object?[] items)
    {
        Items = items;
        foreach (var item in items)
        {
            Hold(item);
        }
    }

    public object?[] Items { get; }
}

/// <summary>A list.</summary>
internal sealed class PickleList : PickleContainer
{
    private readonly List<object?> items = [];

    public IReadOnlyList<object?> Items => items;

    public void Add(object? item)
    {
        items.Add(item);
        Hold(item);
    }
}

/// <summary>A dictionary, ordered or not: its items in the order in which they were set, a key set twice standing twice.</summary>
internal sealed class PickleDictionary(bool isOrdered) : PickleContainer
{
    private readonly List<(object? Key, object? Value)> items = [];

    /// <summary>Whether it is an OrderedDict, which may have attributes.</summary>
    public bool IsOrdered => isOrdered;

    public IReadOnlyList<(object? Key, object? Value)> Items => items;

    public void Add(object? key, object? value)
    {
        items.Add((key, value));
        Hold(key);
        Hold(value);
    }

    /// <summary>The value of a text key; null where there is none.</summary>
    public object? Find(string key)
    {
        foreach (var item in items)
        {
            if (item.Key is string text && text == key)
            {
                return item.Value;
            }
        }

        return null;
    }
}

/// <summary>A value whose contents no tensor depends on: bytes, the name of a device.</summary>
internal sealed class PickleOpaque
{
    public static readonly PickleOpaque Bytes = new(), Device = new();
}
