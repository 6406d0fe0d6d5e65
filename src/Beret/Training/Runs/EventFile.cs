using System.Buffers.Binary;
using System.Globalization;
using Beret.Checksums;
using Beret.Protobuf;

namespace Beret.Training.Runs;

/// <summary>
/// What TensorBoard reads: one file for each session of a run, records of TensorFlow's <c>Event</c> messages (tensorflow/core/util/event.proto), each framed by its length and masked
/// CRC-32C (tensorflow/core/lib/io/record_writer.h). The first event names the version; in a session that goes on, the second tells TensorBoard to forget what an earlier
/// one wrote of the steps that are done again.
/// </summary>
internal sealed class EventFile
{
    /// <summary>The folder of these files in a run's folder.</summary>
    public const string Folder = "tensorboard";

    private const string Prefix = "events.out.tfevents.";
    private const string Version = "brain.Event:2";
    private const int SessionStarts = 1;

    // Opened for each event: what holds no handle need not follow when the folder changes its place.
    private readonly string path;

    private EventFile(string path) => this.path = path;

    /// <summary>Begins a file.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="step">The steps that are done by then.</param>
    public static EventFile Begin(string folder, int step)
    {
        var all = Path.Combine(folder, Folder);
        Directory.CreateDirectory(all);

        // TensorBoard reads the files of a folder in the order of their names, in which the time stands first.
        var earlier = Directory.GetFiles(all);
        var now = earlier.Select(TimeOf).Append(DateTimeOffset.UtcNow.ToUnixTimeSeconds()).Max();
        var file = new EventFile(Path.Combine(all, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{now:D10}.{earlier.Length:D6}.beret")));
        file.Write(0, message => message.Text(3, Version));
        if (step > 0 || earlier.Length > 0)
        {
            var start = new ProtobufWriter();
            start.Int64(1, SessionStarts);
            file.Write(step + 1, message => message.Bytes(7, start.Written));
        }

        return file;
    }

    /// <summary>Adds figures of a step.</summary>
    public void Add(int step, params ReadOnlySpan<(string Tag, double? Value)> figures)
    {
        var summary = new ProtobufWriter();
        foreach (var (tag, value) in figures)
        {
            if (value is { } number)
            {
                var one = new ProtobufWriter();
                one.Text(1, tag);
                one.Single(2, (float)number);
                summary.Bytes(1, one.Written);
            }
        }

        if (!summary.Written.IsEmpty)
        {
            Write(step, message => message.Bytes(5, summary.Written));
        }
    }

    /// <summary>The time that stands in a file's name; 0 where it is none of these.</summary>
    private static long TimeOf(string path) => Path.GetFileName(path) is var name && name.StartsWith(Prefix, StringComparison.Ordinal)
        && long.TryParse(name[Prefix.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var time) ? time : 0;

    private void Write(int step, Action<ProtobufWriter> content)
    {
        var message = new ProtobufWriter();
        message.Double(1, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1e3);
        message.Int64(2, step);
        content(message);

        var record = new byte[sizeof(ulong) + sizeof(uint) + message.Written.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)message.Written.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), Crc32C.Mask(Crc32C.Of(record.AsSpan(0, sizeof(ulong)))));
        message.Written.CopyTo(record.AsSpan(sizeof(ulong) + sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - sizeof(uint)), Crc32C.Mask(Crc32C.Of(message.Written)));
        using var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        stream.Write(record);
    }
}
