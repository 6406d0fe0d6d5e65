namespace Beret.Checkpoints;

/// <summary>Several files of weights under one index. Every tensor of every named file is offered; the index must agree with them.</summary>
internal sealed class ShardedCheckpoint : Checkpoint
{
    private readonly IReadOnlyList<Checkpoint> shards;
    private readonly Dictionary<string, Checkpoint> shardOf;

    private ShardedCheckpoint(string path, IReadOnlyList<Checkpoint> shards, Dictionary<string, Checkpoint> shardOf)
        : base(path, [.. shards.SelectMany(shard => shard.Tensors)], shards[0].Metadata)
    {
        this.shards = shards;
        this.shardOf = shardOf;
    }

    /// <summary>Opens an index and the files it names.</summary>
    /// <param name="path">The index.</param>
    /// <param name="openShard">Opens one file of weights.</param>
    public static ShardedCheckpoint OpenIndex(string path, Func<string, Checkpoint> openShard)
    {
        var index = ShardIndex.Read(path);
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        foreach (var name in index.Shards)
        {
            if (!File.Exists(System.IO.Path.Combine(folder, name)))
            {
                throw new CheckpointException($"{path} names {CheckpointException.Quote(name)}, which is not in its folder; the model is incomplete");
            }
        }

        var shards = new List<Checkpoint>();
        try
        {
            var shardOf = new Dictionary<string, Checkpoint>(StringComparer.Ordinal);
            foreach (var name in index.Shards)
            {
                var shard = openShard(System.IO.Path.Combine(folder, name));
                shards.Add(shard);
                foreach (var tensor in shard.Tensors)
                {
                    if (!shardOf.TryAdd(tensor.Name, shard))
                    {
                        throw new CheckpointException($"tensor {CheckpointException.Quote(tensor.Name)} is in two files: {shardOf[tensor.Name].Path} and {shard.Path}");
                    }
                }
            }

            foreach (var (tensor, name) in index.ShardOf)
            {
                if (!shardOf.TryGetValue(tensor, out var shard) || System.IO.Path.GetFileName(shard.Path) != name)
                {
                    throw new CheckpointException($"{path} says that tensor {CheckpointException.Quote(tensor)} is in {CheckpointException.Quote(name)}, but it is not");
                }
            }

            return new ShardedCheckpoint(path, shards, shardOf);
        }
        catch
        {
            shards.ForEach(shard => shard.Dispose());
            throw;
        }
    }

    public override void Dispose()
    {
        foreach (var shard in shards)
        {
            shard.Dispose();
        }
    }

    private protected override ReadOnlySpan<byte> Slice(TensorInfo tensor, long offset, int most) => SliceOf(shardOf[tensor.Name], tensor, offset, most);
}
