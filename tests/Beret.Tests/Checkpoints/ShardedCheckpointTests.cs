using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints;

public class ShardedCheckpointTests
{
    [Fact]
    public void Tensors_of_all_shards_are_one_checkpoint()
    {
        using var folder = new TemporaryFolder();
        WriteShard(folder, "one.safetensors", ("a", 1), ("b", 2));
        WriteShard(folder, "two.safetensors", ("c", 3));
        folder.Write("model.safetensors.index.json", """{"metadata":{"total_size":12,"x":[{}]},"weight_map":{"c":"two.safetensors","a":"one.safetensors","b":"one.safetensors"}}""");
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(["c", "a", "b"], checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([3f], checkpoint.Read("c"));
        Assert.Equal([2f], checkpoint.Read("b"));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../one.safetensors"}}""", "not the name of a file in the same folder")]
    [InlineData("""{"weight_map":{"a":"..\\one.safetensors"}}""", "not the name of a file in the same folder")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "not the name of a file in the same folder")]
    [InlineData("""{"weight_map":{"a":"C:one.safetensors"}}""", "not the name of a file in the same folder")]
    [InlineData("""{"weight_map":{"a":"inner/one.safetensors"}}""", "not the name of a file in the same folder")]
    [InlineData("""{"weight_map":{"a":"one.safetensors\u0000"}}""", "not the name of a file in the same folder")]
    [InlineData("""{"weight_map":{"a":".."}}""", "not the name of a file in the same folder")]
    [InlineData("""{"weight_map":{"a":""}}""", "not the name of a file in the same folder")]
    [InlineData("""{"weight_map":{"a":"absent.safetensors"}}""", "'absent.safetensors', which is not in its folder")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","a":"one.safetensors"}}""", "occurs twice in weight_map")]
    [InlineData("""{"weight_map":{"a":"one.safetensors"},"weight_map":{}}""", "weight_map occurs twice")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","z":"one.safetensors"}}""", "says that tensor 'z' is in 'one.safetensors', but it is not")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","c":"one.safetensors","d":"two.safetensors"}}""", "tensor 'c' is in 'one.safetensors', but it is not")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","b":"again.safetensors"}}""", "tensor 'a' is in two files")]
    [InlineData("""{"weight_map":{"a":"model.safetensors.index.json"}}""", "model.safetensors.index.json: not a safetensors file")]
    [InlineData("""{"weight_map":{"a":3}}""", "must give a file name")]
    [InlineData("""{"weight_map":{"a":null}}""", "must give a file name")]
    [InlineData("""{"weight_map":[]}""", "must be an object")]
    [InlineData("""{"weight_map":{}}""", "names no weights")]
    [InlineData("""{"metadata":{}}""", "names no weights")]
    [InlineData("""[]""", "must be a JSON object")]
    [InlineData("""{"weight_map":{"a":"one.safetensors"}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":"one.safetensors"}} x""", "not valid JSON")]
    [InlineData("""{"weight_map":{"\ud800":"one.safetensors"}}""", "not valid Unicode")]
    [InlineData("  ", "not valid JSON")]
    [InlineData("", "too few for its format")]
    public void An_index_that_lies_is_refused_with_its_cause(string index, string cause)
    {
        using var folder = new TemporaryFolder();
        WriteShard(folder, "one.safetensors", ("a", 1), ("b", 2));
        WriteShard(folder, "two.safetensors", ("c", 3), ("d", 4));
        WriteShard(folder, "again.safetensors", ("a", 1), ("b", 2));
        var path = folder.Write("model.safetensors.index.json", index);
        Assert.Contains(cause, Assert.Throws<CheckpointException>(() => Checkpoint.Open(path).Dispose()).Message);
    }

    [Fact]
    public void A_damaged_shard_is_named()
    {
        using var folder = new TemporaryFolder();
        WriteShard(folder, "one.safetensors", ("a", 1));
        folder.Write("two.safetensors", "junk that is no header");
        var path = folder.Write("model.safetensors.index.json", """{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}""");
        Assert.Contains(folder["two.safetensors"], Assert.Throws<CheckpointException>(() => Checkpoint.Open(path)).Message);
    }

    [Fact]
    public void An_index_nested_too_deep_is_refused_without_exhausting_the_stack()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("model.safetensors.index.json", """{"metadata":""" + new string('[', 1_000_000));
        Assert.Contains("not valid JSON", Assert.Throws<CheckpointException>(() => Checkpoint.Open(path)).Message);
    }

    private static void WriteShard(TemporaryFolder folder, string name, params (string Name, float Value)[] tensors)
    {
        var writer = new SafetensorsWriter();
        foreach (var tensor in tensors)
        {
            writer.Add(tensor.Name, [1], new[] { tensor.Value });
        }

        writer.Write(folder[name]);
    }
}
