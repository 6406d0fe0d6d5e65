using System.IO.Compression;

namespace Beret.Data.Files;

/// <summary>A tar, plain or compressed with gzip. It has no table of contents: what it holds is known when it has been read through.</summary>
internal sealed class TarContainer(string path, bool compressed, DataOptions options) : FileContainer(path, options)
{
    // So many texts without a table among them are no accident: the rest of a long archive need not be listed.
    private const int TextsEnough = 64;

    private IReadOnlyList<string>? tables;

    public override FileIndex? List(CancellationToken cancellationToken) => null;

    public override IReadOnlyList<string> Tables(CancellationToken cancellationToken)
    {
        if (tables is null)
        {
            var index = new FileIndex(Origin, Options);
            using var stream = Open(cancellationToken);
            var tar = new TarReader(stream, Origin);
            while (!index.HasTextFolders && (index.HasTables || index.Texts.Count < TextsEnough) && tar.Next())
            {
                cancellationToken.ThrowIfCancellationRequested();
                switch (tar.Kind)
                {
                    case TarEntryKind.File:
                        index.AddFile(tar.Path);
                        break;
                    case TarEntryKind.Folder:
                        index.AddFolder(tar.Path);
                        break;
                }
            }

            tables = index.Tables;
        }

        return tables;
    }

    public override IEnumerable<TableFile> OpenTables(IReadOnlyList<string> names, TableFormat? format, CancellationToken cancellationToken)
    {
        using var stream = Open(cancellationToken);
        var tar = new TarReader(stream, Origin);
        for (var i = 0; i < names.Count;)
        {
            if (!tar.Next())
            {
                throw new DataException($"{Shown.Path(names[i])} was in {Origin} and no longer is: it changed while it was read. Load it again.");
            }

            if (tar.Kind == TarEntryKind.File && tar.Path == names[i])
            {
                yield return Table(names[i++], format, () => new Entry(tar));
            }
        }

        // To the end of the stream, where gzip keeps its checksum.
        while (tar.Next())
        {
        }
    }

    protected override void ReadFiles(TextIntake intake, FileIndex? index, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        using var file = new FileStream(Origin, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 17, FileOptions.SequentialScan);
        using var content = compressed ? (Stream)new ExpansionGuard(file, Origin, Options.MaxCompressionRatio, leaveOpen: true, cancellationToken) : file;
        try
        {
            ReadTar(new TarReader(content, Origin));
        }
        catch (InvalidDataException e)
        {
            throw Damaged(e);
        }

        void ReadTar(TarReader tar)
        {
            var entries = 0;
            var length = Math.Max(1, file.Length);
            while (!intake.IsComplete && tar.Next())
            {
                if (entries++ % FilesBetweenReports == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    progress?.Report(file.Position / (double)length);
                }

                switch (tar.Kind)
                {
                    case TarEntryKind.Folder:
                        index?.AddFolder(tar.Path);
                        break;
                    case TarEntryKind.File:
                        index?.AddFile(tar.Path);
                        if (FileIndex.IsText(tar.Path) && intake.Wants(tar.Path) && intake.Admits(tar.Path, tar.Size))
                        {
                            intake.Take(tar.Path, tar.ReadBody());
                        }

                        break;
                    default:
                        index?.AddLink(tar.Path);
                        break;
                }
            }

            if (!intake.IsComplete)
            {
                // To the end of the stream, where gzip keeps its checksum.
                var rest = new byte[64 << 10];
                while (content.Read(rest) > 0)
                {
                }
            }

            progress?.Report(1);
        }
    }

    private PeekedStream Open(CancellationToken cancellationToken)
    {
        try
        {
            var file = new FileStream(Origin, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 17, FileOptions.SequentialScan);
            return new PeekedStream(
                compressed ? new ExpansionGuard(file, Origin, Options.MaxCompressionRatio, leaveOpen: false, cancellationToken) : file,
                e => e is InvalidDataException ? Damaged(e) : Unreadable(Origin, e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(Origin, e);
        }
    }

    private DataException Damaged(Exception e) => new($"{Origin} is damaged: {e.Message} Download or pack it again.", e);

    /// <summary>The entry that a tar stands at.</summary>
    private sealed class Entry(TarReader tar) : ReadOnlyStream
    {
        public override int Read(Span<byte> buffer) => tar.ReadSome(buffer);
    }
}
