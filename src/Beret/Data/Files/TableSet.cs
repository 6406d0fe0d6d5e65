namespace Beret.Data.Files;

/// <summary>Tables that lie in one place: one in a file or a stream, or those of a folder or an archive.</summary>
/// <param name="origin">What messages call the place.</param>
internal abstract class TableSet(string origin)
{
    public string Origin => origin;

    /// <summary>What the tables are called in it, in order.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    /// <summary>Whether the tables of the set can be parts of a data set by their names: those of a folder or an archive.</summary>
    public virtual bool HasParts => false;

    /// <summary>The files that it is made of; empty where it is none.</summary>
    public abstract IReadOnlyList<string> Files { get; }

    /// <summary>Opens some of the tables one after the other; each can be read until the next is asked for.</summary>
    /// <param name="names">Of <see cref="Names"/>, in their order.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public abstract IEnumerable<TableFile> Open(IReadOnlyList<string> names, CancellationToken cancellation);

    /// <summary>What lies at a path; null where that is no table and holds none.</summary>
    /// <param name="path">A file, or a folder.</param>
    /// <param name="options">May say what it is written as.</param>
    public static TableSet? At(string path, DataOptions options)
    {
        TableFormat? asked = options.Format is { } name && TableFile.Formats.TryGetValue(name, out var known) ? known : null;
        if (File.Exists(path) && (asked is null ? TableFile.FormatOf(path) : IsArchive(path, options) ? null : asked) is { } format)
        {
            return new OfFile(path, format);
        }

        if (!Path.Exists(path))
        {
            return null;
        }

        var container = FileContainer.TryOpen(path, options);
        return container?.Tables(CancellationToken.None) is { Count: > 0 } tables ? new OfContainer(container, tables, asked) : null;
    }

    /// <summary>The table in a stream, which can be read once.</summary>
    public static TableSet In(Stream stream, string name, TableFormat format) => new OfStream(stream, name, format);

    private static bool IsArchive(string path, DataOptions options)
    {
        try
        {
            using var file = TableFile.At(path, TableFormat.Csv).OpenBytes(options);
            return file.Peek(TarReader.BlockSize) is var head && (head is [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'P', (byte)'K', 5, 6, ..] || TarReader.IsHeader(head));
        }
        catch (DataException)
        {
            // Whoever reads it says what is wrong.
            return false;
        }
    }

    private sealed class OfFile(string path, TableFormat format) : TableSet(path)
    {
        public override IReadOnlyList<string> Names => [Path.GetFileName(Origin)];

        public override IReadOnlyList<string> Files => [Origin];

        public override IEnumerable<TableFile> Open(IReadOnlyList<string> names, CancellationToken cancellation) => [TableFile.At(Origin, format, Names[0])];
    }

    private sealed class OfStream(Stream stream, string name, TableFormat format) : TableSet(name)
    {
        private Stream? unread = stream;

        public override IReadOnlyList<string> Names => [Origin];

        public override IReadOnlyList<string> Files => [];

        public override IEnumerable<TableFile> Open(IReadOnlyList<string> names, CancellationToken cancellation) =>
            [new TableFile(Origin, format, () => Interlocked.Exchange(ref unread, null) ?? throw new DataException($"{Origin} can be read only once; put it into a file."))];
    }

    private sealed class OfContainer(FileContainer container, IReadOnlyList<string> tables, TableFormat? format) : TableSet(container.Origin)
    {
        public override IReadOnlyList<string> Names => tables;

        public override bool HasParts => tables.Count > 1;

        public override IReadOnlyList<string> Files => Directory.Exists(Origin) ? [.. tables.Select(table => Path.Combine(Origin, table))] : [Origin];

        public override IEnumerable<TableFile> Open(IReadOnlyList<string> names, CancellationToken cancellation) => container.OpenTables(names, format, cancellation);
    }
}
