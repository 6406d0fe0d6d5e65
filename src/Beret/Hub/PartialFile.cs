using System.Globalization;
using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// A download that is on its way (<c>NAME.part</c>), and beside it (<c>NAME.part.from</c>) where it comes from and the validator of that version, so that the rest is only
/// ever asked of the same version of the same file. A large file comes as several segments at once, each a file of its own (<c>NAME.part</c>, <c>NAME.part.1</c>, …)
/// that grows at its end: what is there is good, whenever the process ends.
/// </summary>
internal sealed class PartialFile(string target)
{
    private const int MostSegments = 16;

    private readonly string origin = target + ".part.from";
    private readonly PartialSegment first = new(target + ".part", 0);
    private PartialSegment[] others = [];

    /// <summary>The file, once the segments are joined.</summary>
    public string Path => first.Path;

    /// <summary>The parts of the file, in order. The first is always the same.</summary>
    public IReadOnlyList<PartialSegment> Segments => [first, .. others];

    /// <summary>How many bytes are here.</summary>
    public long Length
    {
        get
        {
            var length = first.Length;
            foreach (var segment in others)
            {
                length += segment.Length;
            }

            return length;
        }
    }

    /// <summary>The size of the whole, where it was split into segments; else it need not be known.</summary>
    public long? Total { get; private set; }

    /// <summary>Whether several segments are on their way.</summary>
    public bool IsSplit => others.Length > 0;

    /// <summary>The strong ETag or the modification date of the version that the bytes are from, as <c>If-Range</c> wants it.</summary>
    public string? Validator { get; private set; }

    /// <summary>Looks what is there. Without a validator nothing can be continued, unless a checksum will tell in the end.</summary>
    public void Load(DownloadSpec spec)
    {
        Forget();
        if (!File.Exists(Path) || !File.Exists(origin))
        {
            return;
        }

        var lines = File.ReadAllLines(origin);
        if (lines.Length == 0 || lines[0] != spec.Address.AbsoluteUri)
        {
            return;
        }

        Validator = lines.Length >= 2 && lines[1].Length > 0 ? lines[1] : null;
        if (Validator is null && !spec.HasChecksum)
        {
            return;
        }

        if (lines.Length >= 3 && ParseSplit(lines[2]) is var (total, count))
        {
            SetSegments(total, count);
        }

        foreach (var segment in Segments)
        {
            segment.Look();
        }

        if (first.Length > first.End)
        {
            // The process ended while the segments were being joined. What is joined is good; the rest is asked for anew.
            DeleteOthers();
            first.End = null;
        }
        else if (others.Any(segment => segment.Position > segment.End))
        {
            Discard();
        }
    }

    /// <summary>Begins anew with a version of the file. The bytes go first: no moment has the old bytes and the new validator.</summary>
    public void Restart(DownloadSpec spec, string? validator)
    {
        Discard();
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.WriteAllText(origin, $"{spec.Address.AbsoluteUri}\n{validator}\n");
        Validator = validator;
    }

    /// <summary>Makes segments of a file that has just begun; its transfer goes on with the first.</summary>
    public void Split(long total, int count)
    {
        File.AppendAllText(origin, string.Create(CultureInfo.InvariantCulture, $"{total} {count}\n"));
        SetSegments(total, count);
    }

    /// <summary>Puts the segments together.</summary>
    public void Join()
    {
        if (!IsSplit)
        {
            return;
        }

        using (var whole = first.OpenAppend())
        {
            foreach (var segment in others)
            {
                using var part = File.OpenRead(segment.Path);
                part.CopyTo(whole, 1 << 20);
            }
        }

        DeleteOthers();
        first.End = null;
        first.Look();
    }

    public void Discard()
    {
        File.Delete(Path);
        DeleteOthers();
        File.Delete(origin);
        Forget();
    }

    /// <summary>Gives the finished file its final name.</summary>
    public void Complete()
    {
        DurableStorage.FlushFile(Path);
        File.Move(Path, target, overwrite: true);
        DurableStorage.FlushFolder(System.IO.Path.GetDirectoryName(target)!);
        File.Delete(origin);
    }

    private static (long Total, int Count)? ParseSplit(string line) =>
        line.Split(' ') is [var totalText, var countText]
        && long.TryParse(totalText, NumberStyles.None, CultureInfo.InvariantCulture, out var total)
        && int.TryParse(countText, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
        && count is > 1 and <= MostSegments && total >= count
            ? (total, count)
            : null;

    private void Forget()
    {
        first.Forget();
        others = [];
        Validator = null;
        Total = null;
    }

    private void SetSegments(long total, int count)
    {
        var step = total / count;
        Total = total;
        first.End = step;
        others = [.. Enumerable.Range(1, count - 1).Select(i => new PartialSegment(SegmentPath(i), i * step) { End = i == count - 1 ? total : (i + 1) * step })];
    }

    // Whatever an earlier run may have called its segments.
    private void DeleteOthers()
    {
        others = [];
        for (var i = 1; i < MostSegments && Directory.Exists(System.IO.Path.GetDirectoryName(Path)); i++)
        {
            File.Delete(SegmentPath(i));
        }
    }

    private string SegmentPath(int index) => string.Create(CultureInfo.InvariantCulture, $"{Path}.{index}");
}

/// <summary>A part of a file that grows at its end.</summary>
/// <param name="path">Where it is.</param>
/// <param name="start">Where in the whole file it begins.</param>
internal sealed class PartialSegment(string path, long start)
{
    public string Path => path;

    /// <summary>Where in the whole file it begins.</summary>
    public long Start => start;

    /// <summary>Where in the whole file it ends; null where the whole file is one segment.</summary>
    public long? End { get; set; }

    /// <summary>How many bytes are here.</summary>
    public long Length { get; private set; }

    /// <summary>Where in the whole file the next byte belongs.</summary>
    public long Position => start + Length;

    /// <summary>Whether all of it is here, as far as its end is known.</summary>
    public bool IsComplete => Position == End;

    public FileStream OpenAppend() => new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>Notes bytes that were written.</summary>
    public void Received(int bytes) => Length += bytes;

    /// <summary>Looks how much is there.</summary>
    public void Look() => Length = File.Exists(path) ? new FileInfo(path).Length : 0;

    public void Forget()
    {
        Length = 0;
        End = null;
    }
}
