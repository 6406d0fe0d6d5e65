using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// What the first entry of the index, under the empty key, says of the whole bundle (BundleHeaderProto of tensorflow/core/protobuf/tensor_bundle.proto).
/// </summary>
/// <param name="Shards">The number of data files.</param>
internal sealed record BundleHeader(int Shards)
{
    // Version of the format that this code knows (kTensorBundleVersion).
    private const int Version = 1;

    /// <exception cref="CheckpointException">The header is damaged, or asks for something that cannot be read.</exception>
    public static BundleHeader Parse(ReadOnlySpan<byte> message, string path)
    {
        var shards = 0;
        var endianness = 0;
        var leastConsumer = 0;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    shards = reader.Int32();
                    break;
                case 2:
                    endianness = reader.Int32();
                    break;
                case 3:
                    var version = new ProtobufReader(reader.Bytes());
                    while (version.Next())
                    {
                        leastConsumer = version.Field == 2 ? version.Int32() : leastConsumer;
                    }

                    if (version.IsDamaged)
                    {
                        reader.Damage();
                    }

                    break;
            }
        }

        return reader.IsDamaged ? throw new CheckpointException($"{path}: the header is damaged")
            : endianness != 0 ? throw new CheckpointException($"{path}: the numbers are stored big end first, which is not supported")
            : leastConsumer > Version
                ? throw new CheckpointException($"{path}: the checkpoint is of version {leastConsumer} of the format; version {Version} is supported")
            : shards < 1 ? throw new CheckpointException($"{path}: the header says that there are {shards} data files")
            : new BundleHeader(shards);
    }
}
