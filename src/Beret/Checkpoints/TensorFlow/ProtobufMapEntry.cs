using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>An entry of a map of a protocol buffer message, whose keys are strings and whose values are messages; views into the message.</summary>
internal readonly ref struct ProtobufMapEntry
{
    public ProtobufMapEntry(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    Key = reader.Bytes();
                    break;
                case 2:
                    Value = reader.Bytes();
                    break;
            }
        }

        IsDamaged = reader.IsDamaged;
    }

    /// <summary>The key, UTF-8.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Whether the entry is malformed.</summary>
    public bool IsDamaged { get; }
}
