using System.Runtime.InteropServices;
using System.Text.Json;
using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints;

/// <summary>The files of fixtures/hf/formats: each must load to exactly the bits of its expected file, or be refused.</summary>
public class SafetensorsFixtureTests
{
    public static TheoryData<string> Variants =>
    [
        "fp16.safetensors", "bf16.safetensors", "fp64.safetensors", "mixed.safetensors", "gamma_beta.safetensors", "position_ids.safetensors",
        "base_no_prefix.safetensors", "header_shuffled_unaligned.safetensors", "header_escaped_names.safetensors", "dtypes.safetensors",
        "sharded_safetensors/model.safetensors.index.json",
    ];

    [Fact]
    public void Every_safetensors_variant_of_the_fixture_is_tested()
    {
        using var formats = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "hf", "formats", "formats.json")));
        var listed = formats.RootElement.GetProperty("files").EnumerateObject().Select(file => file.Name).Where(name => name.Contains("safetensors"));
        Assert.Equal(listed.Order(), Variants.Select(row => row.Data).Order());
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Loads_bit_for_bit(string file)
    {
        using var formats = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "hf", "formats", "formats.json")));
        var expectedFile = formats.RootElement.GetProperty("files").GetProperty(file).GetProperty("expected").GetString()!;
        using var expected = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", expectedFile));
        using var actual = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", file));
        Assert.NotEmpty(expected.Tensors);
        foreach (var tensor in expected.Tensors)
        {
            var name = file == "gamma_beta.safetensors" ? OldName(tensor.Name) : tensor.Name;
            Assert.Equal(tensor.Shape, actual.Get(name).Shape);
            if (tensor.Type == TensorType.I64)
            {
                var wanted = new long[tensor.Count];
                var got = new long[tensor.Count];
                expected.ReadInt64(tensor.Name, wanted);
                actual.ReadInt64(name, got);
                Assert.Equal(wanted, got);
            }
            else
            {
                AssertSameBits(name, expected.Read(tensor.Name), actual.Read(name));
            }
        }
    }

    [Fact]
    public void A_folder_opens_as_its_index_or_its_file()
    {
        using var sharded = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", "sharded_safetensors"));
        Assert.Equal("model.safetensors.index.json", Path.GetFileName(sharded.Path));
        using var single = Checkpoint.Open(Shared.Path("fixtures", "hf", "bert_a"));
        Assert.Equal("model.safetensors", Path.GetFileName(single.Path));
    }

    [Fact]
    public void Metadata_is_unescaped_and_exotic_types_are_listed_but_not_converted()
    {
        using var checkpoint = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", "dtypes.safetensors"));
        Assert.Equal("naïve “quoted” \\ text", checkpoint.Metadata["note"]);
        Assert.Equal(TensorType.C64, checkpoint.Get("C64").Type);
        var error = Assert.Throws<CheckpointException>(() => checkpoint.Read("C64"));
        Assert.Contains("dtypes.safetensors: tensor 'C64' C64 [1] cannot be read as floats", error.Message);
    }

    [Fact]
    public void Every_hostile_file_is_refused_by_name_with_a_cause()
    {
        using var bad = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "hf", "formats", "bad", "bad.json")));
        var files = bad.RootElement.GetProperty("files").EnumerateObject().Select(file => file.Name).Where(name => name.Contains("safetensors")).ToList();
        Assert.True(files.Count >= 39);
        Assert.All(files, file =>
        {
            var path = Shared.Path("fixtures", "hf", "formats", "bad", file);
            var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path).Dispose());
            Assert.Contains(Path.GetFileName(path), error.Message);
        });
    }

    [Theory]
    [InlineData("bert_a")]
    [InlineData("bert_mlm")]
    [InlineData("albert_2groups")]
    public void A_file_read_and_written_again_has_the_same_bytes(string folder)
    {
        var path = Shared.Path("fixtures", "hf", folder, "model.safetensors");
        using var checkpoint = Checkpoint.Open(path);
        AssertRewritesTo(File.ReadAllBytes(path), checkpoint, checkpoint.Tensors.Reverse());
    }

    [Fact]
    public void A_file_of_many_types_written_again_has_the_same_bytes()
    {
        var path = Shared.Path("fixtures", "hf", "formats", "mixed.safetensors");
        using var checkpoint = Checkpoint.Open(path);
        AssertRewritesTo(File.ReadAllBytes(path), checkpoint, checkpoint.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal));
    }

    private static void AssertRewritesTo(byte[] expected, Checkpoint checkpoint, IEnumerable<TensorInfo> order)
    {
        var writer = new SafetensorsWriter();
        foreach (var tensor in order)
        {
            writer.Add(tensor.Name, tensor.Type, tensor.Shape.AsSpan(), stream => checkpoint.CopyBytes(tensor.Name, stream));
        }

        var written = new MemoryStream();
        writer.Write(written);
        Assert.Equal(expected, written.ToArray());
    }

    private static string OldName(string name) => name.Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta");

    // NaN need only stay NaN: the payload is no value.
    private static void AssertSameBits(string name, float[] expected, float[] actual)
    {
        var wanted = MemoryMarshal.Cast<float, uint>(expected.Select(value => float.IsNaN(value) ? float.NaN : value).ToArray()).ToArray();
        var got = MemoryMarshal.Cast<float, uint>(actual.Select(value => float.IsNaN(value) ? float.NaN : value).ToArray()).ToArray();
        Assert.True(wanted.AsSpan().SequenceEqual(got), $"{name} differs");
    }
}
