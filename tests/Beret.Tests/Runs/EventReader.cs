using System.Buffers.Binary;
using System.Text;

namespace Beret.Tests.Runs;

/// <summary>One event of a TensorBoard file.</summary>
internal sealed record TensorBoardEvent(double Time, long Step, string? Version, int? Session, Dictionary<string, float> Scalars);

/// <summary>
/// Reads TensorBoard's files by their specification (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto), with nothing of
/// what writes them: the checksum goes bit by bit, the wire format byte by byte.
/// </summary>
internal static class EventReader
{
    public static List<TensorBoardEvent> Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var events = new List<TensorBoardEvent>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            Assert.Equal(Masked(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            var data = bytes.AsSpan(at + 12, length);
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            events.Add(Event(data.ToArray()));
            at += 16 + length;
        }

        return events;
    }

    private static TensorBoardEvent Event(byte[] data)
    {
        var found = new TensorBoardEvent(0, 0, null, null, []);
        foreach (var (field, value) in Fields(data))
        {
            found = field switch
            {
                1 => found with { Time = BitConverter.Int64BitsToDouble((long)(ulong)value) },
                2 => found with { Step = (long)(ulong)value },
                3 => found with { Version = Encoding.UTF8.GetString((byte[])value) },
                5 => Summary(found, (byte[])value),
                7 => found with { Session = (int)(ulong)Fields((byte[])value).Single(inner => inner.Field == 1).Value },
                _ => throw new InvalidDataException($"field {field}"),
            };
        }

        return found;
    }

    private static TensorBoardEvent Summary(TensorBoardEvent found, byte[] data)
    {
        foreach (var (field, value) in Fields(data))
        {
            Assert.Equal(1, field);
            var inner = Fields((byte[])value).ToDictionary(one => one.Field, one => one.Value);
            found.Scalars.Add(Encoding.UTF8.GetString((byte[])inner[1]), BitConverter.UInt32BitsToSingle((uint)(ulong)inner[2]));
        }

        return found;
    }

    private static IEnumerable<(int Field, object Value)> Fields(byte[] data)
    {
        for (var at = 0; at < data.Length;)
        {
            var tag = Number(data, ref at);
            object value;
            switch (tag & 7)
            {
                case 0:
                    value = Number(data, ref at);
                    break;
                case 1:
                    value = BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(at));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Number(data, ref at);
                    value = data[at..(at + length)];
                    at += length;
                    break;
                default:
                    Assert.Equal(5u, tag & 7);
                    value = (ulong)BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at));
                    at += 4;
                    break;
            }

            yield return ((int)(tag >> 3), value);
        }
    }

    private static ulong Number(byte[] data, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = data[at++];
            value |= (ulong)(b & 127) << shift;
            if (b < 128)
            {
                return value;
            }
        }
    }

    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var sum = 0xFFFFFFFFu;
        foreach (var b in bytes)
        {
            sum ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum & 1) != 0 ? (sum >> 1) ^ 0x82F63B78 : sum >> 1;
            }
        }

        sum = ~sum;
        return unchecked(((sum >> 15) | (sum << 17)) + 0xA282EAD8);
    }
}
