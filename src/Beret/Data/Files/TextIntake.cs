namespace Beret.Data.Files;

/// <summary>
/// The texts taken from a container, as bytes, within the limits on their size: by a guess at first, where the container cannot say what it holds,
/// then on demand.
/// </summary>
internal sealed class TextIntake(string origin, DataOptions options)
{
    private readonly Dictionary<string, byte[]> bodies = new(StringComparer.Ordinal);
    private Func<string, bool> wanted = _ => false;
    private bool guessing = true;
    private int? left;
    private long total;

    /// <summary>The number of texts taken.</summary>
    public int Count => bodies.Count;

    /// <summary>Whether nothing more is wanted. Never while guessing.</summary>
    public bool IsComplete => left == 0;

    /// <summary>Asks for texts that may turn out to be needed. One that is too large is passed over without complaint.</summary>
    public void Guess(Func<string, bool> mayBeNeeded) => wanted = mayBeNeeded;

    /// <summary>Asks for exactly these texts and drops all others.</summary>
    public void Demand(IEnumerable<string> needed)
    {
        var all = needed.ToHashSet(StringComparer.Ordinal);
        foreach (var path in bodies.Keys.Where(path => !all.Contains(path)).ToArray())
        {
            bodies.Remove(path, out var body);
            total -= body!.Length;
        }

        all.ExceptWith(bodies.Keys);
        wanted = all.Contains;
        guessing = false;
        left = all.Count;
    }

    /// <summary>Whether a text is to be read, by its name.</summary>
    public bool Wants(string path) => wanted(path);

    /// <summary>Whether a wanted text is to be read, by its size; asked before memory is taken for it.</summary>
    /// <exception cref="DataException">It is needed, and larger than the limits allow.</exception>
    public bool Admits(string path, long size)
    {
        if (size > options.MaxTextBytes)
        {
            return guessing ? false : throw new DataException(
                $"{Shown.Path(path)} in {origin} is larger than {Shown.Bytes(options.MaxTextBytes)}, the most that is read as one text. Each file " +
                "holds one text; cut it up or remove it.");
        }

        if (size > options.MaxTotalBytes - total)
        {
            return guessing ? false : throw new DataException(
                $"{origin}: its texts take more than {Shown.Bytes(options.MaxTotalBytes)}, the most that is loaded at once. Use fewer texts.");
        }

        return true;
    }

    public void Take(string path, byte[] bytes)
    {
        bodies[path] = bytes;
        total += bytes.Length;
        left--;
    }

    public byte[] this[string path] => bodies.TryGetValue(path, out var bytes)
        ? bytes
        : throw new DataException($"{Shown.Path(path)} was in {origin} and no longer is: it changed while it was read. Load it again.");
}
