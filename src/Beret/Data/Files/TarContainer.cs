using System.IO.Compression;

namespace Beret.Data.Files;

/// <summary>A tar, plain or compressed with gzip. It has no table of contents: what it holds is known when it has been read through.</summary>
internal sealed class TarContainer(string path, bool compressed, DataOptions options) : FileContainer(path, options)
{
    public override FileIndex? List(CancellationToken cancellationToken) => null;

    protected override void ReadFiles(TextIntake intake, FileIndex? index, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        using var file = new FileStream(Origin, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 17, FileOptions.SequentialScan);
        using var content = compressed ? (Stream)new ExpansionGuard(file, Origin, Options.MaxCompressionRatio, cancellationToken) : file;
        try
        {
            ReadTar(new TarReader(content, Origin));
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{Origin} is damaged: {e.Message} Download or pack it again.", e);
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

    /// <summary>Unpacks gzip, and stops where the content grows out of all proportion to the file: a compression bomb.</summary>
    private sealed class ExpansionGuard(Stream file, string origin, int maxRatio, CancellationToken cancellationToken) : Stream
    {
        private const long AlwaysAllowed = 256L << 20;

        private readonly BufferedStream content = new(new GZipStream(file, CompressionMode.Decompress, leaveOpen: true), 1 << 17);
        private long read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = content.Read(buffer);
            read += count;
            if (read > AlwaysAllowed && read / maxRatio > file.Position)
            {
                throw new DataException(
                    $"{origin} expands to more than {Shown.Count(maxRatio)} times its size: a compression bomb, or not text. Unpack it and give " +
                    "the folder if you trust it.");
            }

            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                content.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
