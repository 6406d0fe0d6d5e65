using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// The part of a download that is here already (<c>NAME.part</c>), and beside it (<c>NAME.part.from</c>) where it came from and the validator of that version,
/// so that the rest is only ever asked of the same version of the same file.
/// </summary>
internal sealed class PartialFile(string target)
{
    private readonly string path = target + ".part";
    private readonly string origin = target + ".part.from";

    public string Path => path;

    /// <summary>How many bytes are here; 0 where they are from another address.</summary>
    public long Length { get; private set; }

    /// <summary>The strong ETag or the modification date of the version that the bytes are from, as <c>If-Range</c> wants it.</summary>
    public string? Validator { get; private set; }

    /// <summary>Looks what is there. Without a validator nothing can be continued, unless a checksum will tell in the end.</summary>
    public void Load(DownloadSpec spec)
    {
        Length = 0;
        Validator = null;
        if (!File.Exists(path) || !File.Exists(origin))
        {
            return;
        }

        var lines = File.ReadAllLines(origin);
        if (lines.Length >= 1 && lines[0] == spec.Address.AbsoluteUri)
        {
            Validator = lines.Length >= 2 && lines[1].Length > 0 ? lines[1] : null;
            Length = Validator is not null || spec.HasChecksum ? new FileInfo(path).Length : 0;
        }
    }

    /// <summary>Begins anew with a version of the file. The bytes go first: no moment has the old bytes and the new validator.</summary>
    public void Restart(DownloadSpec spec, string? validator)
    {
        Discard();
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(origin, $"{spec.Address.AbsoluteUri}\n{validator}\n");
        Validator = validator;
    }

    public FileStream OpenAppend() => new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>The file as far as it has come, for progress.</summary>
    public void Received(int bytes) => Length += bytes;

    public void Discard()
    {
        File.Delete(path);
        File.Delete(origin);
        Length = 0;
        Validator = null;
    }

    /// <summary>Gives the finished file its final name.</summary>
    public void Complete()
    {
        DurableStorage.FlushFile(path);
        File.Move(path, target, overwrite: true);
        DurableStorage.FlushFolder(System.IO.Path.GetDirectoryName(target)!);
        File.Delete(origin);
    }
}
