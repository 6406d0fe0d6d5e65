using System.Text.Json;
using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;

namespace Beret.Tests.Checkpoints.TensorFlow;

/// <summary>The bundles of fixtures/tf must read as TensorFlow reads them, or be refused as it refuses them.</summary>
public class TensorBundleFixtureTests
{
    public static TheoryData<string, string> Bundles => [.. BundleFixtures.All.Select(row => new TheoryDataRow<string, string>(row.Bundle, row.Contents))];

    public static TheoryData<string> Sums =>
    [
        "encoder-bert", "encoder-bert-v2", "encoder-bert-mlm", "encoder-albert", "encoder-electra", "encoder-talkheads",
    ];

    [Theory]
    [MemberData(nameof(Bundles))]
    public void Keys_types_and_shapes_are_those_that_TensorFlow_lists(string path, string contents)
    {
        using var bundle = Open(path);
        var listed = BundleFixtures.Json(contents).GetProperty("entries").EnumerateObject()
            .Where(entry => !entry.Name.StartsWith("hex:", StringComparison.Ordinal))
            .Select(entry =>
                $"{entry.Name} {entry.Value.GetProperty("dtype").GetString()} [{string.Join(", ", entry.Value.GetProperty("shape").EnumerateArray())}]");
        var read = bundle.Tensors.Select(tensor => $"{tensor.Name} {NameOf(tensor.Type)} [{string.Join(", ", tensor.Shape)}]")
            .Concat(bundle.Strings.Select(tensor => $"{tensor.Name} string [{string.Join(", ", tensor.Shape)}]"));
        Assert.Equal(listed.Order(StringComparer.Ordinal), read.Order(StringComparer.Ordinal));
        Assert.Empty(bundle.Others);
    }

    [Theory]
    [MemberData(nameof(Bundles))]
    public void Full_names_lead_to_the_keys_that_TensorFlow_gives(string path, string contents)
    {
        using var bundle = Open(path);
        var listed = BundleFixtures.Json(contents).GetProperty("full_name_to_checkpoint_key").EnumerateObject()
            .ToDictionary(name => name.Name, name => name.Value.EnumerateArray().Select(key => key.GetString()!).ToArray());
        if (!bundle.HasObjectGraph)
        {
            Assert.Empty(listed);
            listed = bundle.Tensors.ToDictionary(tensor => tensor.Name, tensor => new[] { tensor.Name });
        }

        Assert.Equal(listed.Keys.Order(StringComparer.Ordinal), bundle.FullNames.Keys.Order(StringComparer.Ordinal));
        Assert.All(listed, name => Assert.Equal(name.Value.Order(StringComparer.Ordinal), bundle.FullNames[name.Key].Order(StringComparer.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Bundles))]
    public void All_checksums_are_right(string path, string contents)
    {
        Assert.NotEmpty(contents);
        using var bundle = Open(path);
        bundle.Verify();
    }

    // The sums were taken in float64, in an order of their own: 1e-12 relative to the sum of the magnitudes is what the order can change.
    [Theory]
    [MemberData(nameof(Sums))]
    public void Values_are_those_that_TensorFlow_reads(string encoder)
    {
        using var bundle = Open($"{encoder}/saved_model");
        var values = BundleFixtures.Json($"{encoder}/bundle.json").GetProperty("values").EnumerateObject().ToList();
        Assert.Equal(values.Select(value => value.Name).Order(), bundle.Tensors.Where(tensor => tensor.Type.IsFloat()).Select(tensor => tensor.Name).Order());
        Assert.All(values, value =>
        {
            var read = bundle.Read(value.Name);
            var first = value.Value.GetProperty("first").EnumerateArray().Select(number => number.GetSingle()).ToArray();
            Assert.Equal(first, read[..first.Length]);
            Assert.Equal(value.Value.GetProperty("sum_float64").GetDouble(), read.Sum(x => (double)x), 1e-12 * read.Sum(x => Math.Abs((double)x)));
        });
    }

    [Fact]
    public void Every_type_and_every_way_of_slicing_reads_bit_for_bit()
    {
        using var expected = Checkpoint.Open(BundleFixtures.PathOf("bundle-odd/expected.safetensors"));
        using var odd = Open("bundle-odd/odd");
        using var partitioned = Open("bundle-odd/partitioned");
        const string inPartitioned = "partitioned:";
        foreach (var tensor in expected.Tensors.Where(tensor => !tensor.Name.StartsWith("bf16", StringComparison.Ordinal)))
        {
            var other = tensor.Name.StartsWith(inPartitioned, StringComparison.Ordinal);
            var name = other ? tensor.Name[inPartitioned.Length..] : tensor.Name;
            var bundle = other ? partitioned : odd;
            Assert.Equal(tensor.Shape, bundle.Get(name).Shape);
            Assert.Equal(tensor.Type, bundle.Get(name).Type);
            Assert.True(BytesOf(expected, tensor.Name).SequenceEqual(BytesOf(bundle, name)), name);
        }

        Assert.Equal(TensorType.BF16, odd.Get("bf16").Type);
        Assert.True(BytesOf(expected, "bf16_as_uint16").SequenceEqual(BytesOf(odd, "bf16")));
        Assert.Equal(expected.Read("bf16_as_float32"), odd.Read("bf16"));

        // That one is in the file of expected values twice.
        Assert.Equal(expected.Tensors.Count - 1, odd.Tensors.Count + partitioned.Tensors.Count);
    }

    [Theory]
    [InlineData("sliced/cols")]
    [InlineData("sliced/rows")]
    public void Any_part_of_a_sliced_tensor_reads_as_in_the_whole(string name)
    {
        using var odd = Open("bundle-odd/odd");
        var whole = BytesOf(odd, name);
        for (var start = 0; start < whole.Length; start++)
        {
            var part = new byte[Math.Min(29, whole.Length - start)];
            odd.ReadBytes(name, start, part);
            Assert.Equal(whole[start..(start + part.Length)], part);
        }
    }

    [Fact]
    public void Strings_read_byte_for_byte()
    {
        using var odd = Open("bundle-odd/odd");
        var expected = BundleFixtures.Json("bundle-odd/case.json").GetProperty("strings_hex").EnumerateObject().ToList();
        Assert.Equal(expected.Select(strings => strings.Name).Order(), odd.Strings.Select(strings => strings.Name).Order());
        Assert.All(expected, strings =>
        {
            string?[] hex = strings.Value.ValueKind == JsonValueKind.Array
                ? [.. strings.Value.EnumerateArray().Select(text => text.GetString())]
                : [strings.Value.GetString()];
            Assert.Equal(hex, odd.ReadStrings(strings.Name).Select(Convert.ToHexStringLower));
        });
        Assert.Contains("holds no strings under 'f32'", Assert.Throws<CheckpointException>(() => odd.ReadStrings("f32")).Message);
    }

    [Fact]
    public void An_index_of_many_blocks_reads_whole()
    {
        using var many = Open("bundle-odd/many");
        var expected = BundleFixtures.Json("bundle-odd/case.json").GetProperty("many");
        var values = many.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
            .Select(tensor => (tensor.Name, Value: (double)many.Read(tensor.Name)[0])).ToList();
        Assert.Equal(expected.GetProperty("tensors").GetInt32(), values.Count);
        Assert.Equal(expected.GetProperty("sum").GetDouble(), values.Sum(value => value.Value));
        Assert.Equal((expected.GetProperty("first")[0].GetString()!, expected.GetProperty("first")[1].GetDouble()), values[0]);
        Assert.Equal((expected.GetProperty("last")[0].GetString()!, expected.GetProperty("last")[1].GetDouble()), values[^1]);
    }

    [Fact]
    public void Tensors_come_in_the_order_of_the_data()
    {
        using var bundle = Open("bundle-odd/odd");
        Assert.Equal(["f32", "f64", "i32", "i64"], bundle.Tensors.Select(tensor => tensor.Name).Take(4));
    }

    [Theory]
    [InlineData("good")]
    [InlineData("snappy-valid")]
    public void A_sound_bundle_reads(string name)
    {
        var good = BundleFixtures.Json("bad/bad.json").GetProperty("good");
        using var bundle = Open($"bad/{name}");
        Assert.Equal(good.GetProperty("w").EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(number => number.GetSingle()), bundle.Read("w"));
        Assert.Equal(good.GetProperty("b").EnumerateArray().Select(number => number.GetSingle()), bundle.Read("b"));
        Assert.Equal(good.GetProperty("s").EnumerateArray().Select(text => text.GetString()), bundle.ReadStrings("s").Select(System.Text.Encoding.UTF8.GetString));
    }

    [Fact]
    public void Every_damaged_bundle_is_refused_by_file_with_a_cause()
    {
        var cases = BundleFixtures.Json("bad/bad.json").EnumerateObject().Select(entry => entry.Name)
            .Where(name => name is not ("good" or "snappy-valid")).ToList();
        Assert.True(cases.Count >= 25);
        Assert.All(cases, name =>
        {
            var folder = BundleFixtures.PathOf($"bad/{name}");
            var error = Assert.Throws<CheckpointException>(() =>
            {
                using var bundle = (TensorBundle)Checkpoint.Open(folder);
                bundle.Verify();
            });
            Assert.Contains(Path.Combine(folder, "ck."), error.Message);
        });
    }

    [Theory]
    [InlineData("index-is-html", "web page")]
    [InlineData("index-truncated", "its end is missing")]
    [InlineData("index-block-crc", "checksum of the block")]
    [InlineData("unknown-compression", "type 7")]
    [InlineData("snappy-garbage", "Snappy")]
    [InlineData("data-crc", "tensor 'w' is damaged")]
    [InlineData("data-truncated", "cut off")]
    [InlineData("shard-missing", "ck.data-00000-of-00001")]
    [InlineData("shards-2-of-1", "ck.data-00000-of-00002")]
    [InlineData("big-endian", "big end first")]
    [InlineData("version-too-new", "version 99")]
    [InlineData("dtype-unknown", "code 77")]
    [InlineData("shape-negative", "negative dimension")]
    [InlineData("shape-overflow", "63 bits")]
    [InlineData("shard-id-outside", "data file 5 of 1")]
    [InlineData("no-header", "no header")]
    [InlineData("entry-not-protobuf", "entry of")]
    public void The_cause_is_named(string name, string cause)
    {
        var error = Assert.Throws<CheckpointException>(() =>
        {
            using var bundle = Open($"bad/{name}");
            bundle.Verify();
        });
        Assert.Contains(cause, error.Message);
    }

    [Fact]
    public void A_flipped_bit_is_an_error_at_the_tensor_and_nowhere_else()
    {
        using var bundle = Open("bad/data-crc");
        Assert.Equal(5, bundle.Read("b").Length);
        Assert.Throws<CheckpointException>(() => bundle.Read("w"));
        Assert.Throws<CheckpointException>(() => bundle.Read("w"));
    }

    private static TensorBundle Open(string path) => Assert.IsType<TensorBundle>(Checkpoint.Open(BundleFixtures.PathOf(path)));

    private static byte[] BytesOf(Checkpoint checkpoint, string name)
    {
        var stream = new MemoryStream();
        checkpoint.CopyBytes(name, stream);
        return stream.ToArray();
    }

    private static string NameOf(TensorType type) => type switch
    {
        TensorType.F32 => "float32",
        TensorType.F64 => "float64",
        TensorType.F16 => "float16",
        TensorType.BF16 => "bfloat16",
        TensorType.I8 => "int8",
        TensorType.I16 => "int16",
        TensorType.I32 => "int32",
        TensorType.I64 => "int64",
        TensorType.U8 => "uint8",
        TensorType.Bool => "bool",
        _ => type.ToString(),
    };
}
