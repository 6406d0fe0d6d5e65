using System.Buffers.Binary;
using System.IO.Compression;
using Beret.Checksums;

namespace Beret.Data.Files;

/// <summary>A zip.</summary>
internal sealed class ZipContainer(string path, DataOptions options) : FileContainer(path, options)
{
    // The runtime reads the whole table of contents into memory, about 300 bytes for an entry of at least 46.
    private const long MaxDirectoryBytes = 256 << 20;

    // In the upper half of the external attributes, where Unix programs put a file's mode.
    private const int FileTypeMask = 0xF000;
    private const int SymbolicLink = 0xA000;

    private FileIndex? list;

    public override FileIndex List(CancellationToken cancellationToken)
    {
        if (list is null)
        {
            var index = new FileIndex(Origin, Options);
            Visit((entry, path) =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (entry.FullName is [.., '/' or '\\'])
                {
                    index.AddFolder(path);
                }
                else if (((entry.ExternalAttributes >> 16) & FileTypeMask) == SymbolicLink)
                {
                    index.AddLink(path);
                }
                else
                {
                    index.AddFile(path);
                }

                return true;
            });
            list = index;
        }

        return list;
    }

    protected override void ReadFiles(TextIntake intake, FileIndex? index, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var texts = List(cancellationToken).Texts;
        var total = Math.Max(1, texts.Count);
        var seen = 0;
        Visit((entry, path) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!texts.Contains(path))
            {
                return true;
            }

            if (seen++ % FilesBetweenReports == 0)
            {
                progress?.Report(seen / (double)total);
            }

            if (intake.Wants(path) && intake.Admits(path, entry.Length))
            {
                intake.Take(path, ReadEntry(entry, path));
            }

            return !intake.IsComplete;
        });
        progress?.Report(1);
    }

    public override IEnumerable<TableFile> OpenTables(IReadOnlyList<string> names, TableFormat? format, CancellationToken cancellationToken)
    {
        using var file = OpenFile();
        using var zip = new ZipArchive(file, ZipArchiveMode.Read);
        var entries = zip.Entries.Where(entry => entry.FullName is not [.., '/' or '\\']).ToLookup(PathOf, StringComparer.Ordinal);
        foreach (var name in names)
        {
            var entry = entries[name].FirstOrDefault() ?? throw new DataException($"{Shown.Path(name)} was in {Origin} and no longer is: it changed while it was read. Load it again.");
            yield return Table(name, format, () => !entry.IsEncrypted ? new CheckedEntry(entry)
                : throw new DataException($"{Origin} is encrypted ({Shown.Path(name)}). Unpack it and give the folder."));
        }
    }

    private FileStream OpenFile()
    {
        try
        {
            var file = new FileStream(Origin, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
            CheckDirectory(file);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(Origin, e);
        }
    }

    // Some programs of Windows write backslashes.
    private string PathOf(ZipArchiveEntry entry) => EntryPath.Normalise(entry.FullName.Replace('\\', '/'), Origin);

    private void Visit(Func<ZipArchiveEntry, string, bool> visit)
    {
        try
        {
            using var file = OpenFile();
            using var zip = new ZipArchive(file, ZipArchiveMode.Read);
            foreach (var entry in zip.Entries)
            {
                if (!visit(entry, PathOf(entry)))
                {
                    break;
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{Origin} is damaged: {e.Message} Download or pack it again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(Origin, e);
        }
    }

    private byte[] ReadEntry(ZipArchiveEntry entry, string path)
    {
        if (entry.IsEncrypted)
        {
            throw new DataException($"{Origin} is encrypted ({Shown.Path(path)}). Unpack it and give the folder.");
        }

        var bytes = new byte[entry.Length];
        try
        {
            using var content = entry.Open();
            var read = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (read < bytes.Length || content.ReadByte() >= 0 || Crc32.Of(bytes) != entry.Crc32)
            {
                throw new InvalidDataException("its length or checksum is wrong.");
            }
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            throw new DataException($"{Shown.Path(path)} in {Origin} cannot be unpacked: {e.Message} Download or pack the archive again.", e);
        }

        return bytes;
    }

    /// <summary>A file of the archive, whose length and checksum are looked at in the end.</summary>
    private sealed class CheckedEntry(ZipArchiveEntry entry) : ReadOnlyStream
    {
        private readonly Stream content = entry.Open();
        private long read;
        private uint checksum;

        public override int Read(Span<byte> buffer)
        {
            var count = content.Read(buffer);
            (read, checksum) = (read + count, Crc32.Append(checksum, buffer[..count]));
            return read > entry.Length || (count == 0 && buffer.Length > 0 && (read < entry.Length || checksum != entry.Crc32))
                ? throw new InvalidDataException("its length or checksum is wrong. Download or pack the archive again.")
                : count;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                content.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    // The table of contents lies between the offset that the record at the end names and that record (APPNOTE.TXT 4.3.16). Only its size is checked
    // here; the rest is for the runtime's reader.
    private void CheckDirectory(FileStream file)
    {
        const int recordSize = 22;
        var tail = new byte[(int)Math.Min(file.Length, recordSize + ushort.MaxValue)];
        file.Seek(-tail.Length, SeekOrigin.End);
        file.ReadExactly(tail);
        var record = tail.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (record < 0 || tail.Length - record < recordSize)
        {
            throw new DataException($"{Origin} is cut off: the zip has no end. Download or pack it again.");
        }

        long offset = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(record + 16));
        var end = file.Length - tail.Length + record;
        if (offset == uint.MaxValue && record >= 20 && tail.AsSpan(record - 20).StartsWith("PK\x06\x07"u8))
        {
            // The larger form: a locator before the record names its 64-bit twin, whose offset counts.
            var twin = BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(record - 20 + 8));
            var fields = new byte[56];
            if (twin < 0 || twin > file.Length - fields.Length)
            {
                throw new DataException($"{Origin} is damaged: its 64-bit end record is not where it should be. Download or pack it again.");
            }

            file.Seek(twin, SeekOrigin.Begin);
            file.ReadExactly(fields);
            offset = BinaryPrimitives.ReadInt64LittleEndian(fields.AsSpan(48));
        }

        if (offset < 0 || end - offset > MaxDirectoryBytes)
        {
            throw new DataException($"{Origin}: its table of contents is larger than {Shown.Bytes(MaxDirectoryBytes)}, the most that is read. " +
                "Unpack it and give the folder.");
        }

        file.Seek(0, SeekOrigin.Begin);
    }
}
