using Microsoft.Win32.SafeHandles;

namespace Beret.Cli;

/// <summary>The reader of the output has gone (as head does when it has enough): the program ends, and there is nothing to say.</summary>
internal sealed class OutputClosedException : Exception;

/// <summary>Standard output as a stream that tells when nobody reads it any more; .NET's own swallows that, and a program before it in a pipe would never end.</summary>
internal sealed class StandardOutput : Stream
{
    // EPIPE, and on Windows ERROR_BROKEN_PIPE and ERROR_NO_DATA.
    private static readonly int[] Closed = [32, unchecked((int)0x8007006D), unchecked((int)0x800700E8)];

    private readonly Stream inner;

    private StandardOutput(Stream inner) => this.inner = inner;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public static Stream Open()
    {
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
        {
            return new StandardOutput(Console.OpenStandardOutput());
        }

        var file = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);

        // A FileStream writes to a file at a position of its own, over what others write there (2>&1). A file's reader does not go away, so .NET's stream will do.
        return new StandardOutput(file.CanSeek ? Console.OpenStandardOutput() : file);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (IOException error) when (Closed.Contains(error.HResult))
        {
            throw new OutputClosedException();
        }
        catch (IOException error)
        {
            throw new BeretException($"standard output cannot be written: {error.Message}", error);
        }
    }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
