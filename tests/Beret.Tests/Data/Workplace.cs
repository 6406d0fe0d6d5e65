using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Beret.Data;

namespace Beret.Tests.Data;

internal static class Reading
{
    public static LabelledTexts Read(this DataSource source, string split) =>
        source.Load(split, progress: null, TestContext.Current.CancellationToken);
}

/// <summary>A folder of its own for a test, and small archives made in it.</summary>
internal sealed class Workplace : IDisposable
{
    public Workplace() => Root = Directory.CreateTempSubdirectory("beret-data-").FullName;

    public string Root { get; }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public string Path(string name) => System.IO.Path.Combine(Root, name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        var path = Path(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public string Folder(string name, params (string Path, string Text)[] files)
    {
        Directory.CreateDirectory(Path(name));
        foreach (var (path, text) in files)
        {
            Write($"{name}/{path}", text);
        }

        return Path(name);
    }

    public string Tar(string name, params (string Path, string Text)[] files) => Tar(name, TarEntryFormat.Ustar, files);

    public string Tar(string name, TarEntryFormat format, params (string Path, string Text)[] files)
    {
        using var memory = new MemoryStream();
        using (var writer = new TarWriter(memory, format, leaveOpen: true))
        {
            foreach (var (path, text) in files)
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, path),
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, path),
                    TarEntryFormat.V7 => new V7TarEntry(TarEntryType.V7RegularFile, path),
                    _ => new UstarTarEntry(TarEntryType.RegularFile, path),
                };
                entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text));
                writer.WriteEntry(entry);
            }
        }

        return WriteMaybeGzip(name, memory.ToArray());
    }

    public string WriteMaybeGzip(string name, byte[] bytes) => Write(name, name.EndsWith("gz", StringComparison.Ordinal) ? Gzip(bytes) : bytes);

    public string Zip(string name, params (string Path, string Text)[] files)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (path, text) in files)
            {
                using var content = zip.CreateEntry(path).Open();
                content.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return Write(name, memory.ToArray());
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>A tar header as its bytes; a test spoils it as it likes and then signs it.</summary>
    public static byte[] TarHeader(string name, long size, char type = '0')
    {
        var header = new byte[512];
        Encoding.UTF8.GetBytes(name).CopyTo(header, 0);
        Encoding.ASCII.GetBytes("0000644\0").CopyTo(header, 100);
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(header, 124);
        header[156] = (byte)type;
        Encoding.ASCII.GetBytes("ustar\0" + "00").CopyTo(header, 257);
        return Sign(header);
    }

    public static byte[] Sign(byte[] header)
    {
        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = header.Sum(b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
        return header;
    }

    public static byte[] TarBody(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Array.Resize(ref bytes, (bytes.Length + 511) / 512 * 512);
        return bytes;
    }
}
