using System.Text.Json;
using Beret.Checkpoints;
using Beret.Tests.Cli;

namespace Beret.Tests.Checkpoints.Pickle;

/// <summary>What torch.save wrote: each file must load to exactly the bits of its expected file; what is broken or hostile must be refused.</summary>
public class PickleFixtureTests
{
    public static TheoryData<string> Variants =>
    [
        "pytorch_model.bin", "legacy.bin", "zip_dict.bin", "zip_ordereddict.bin", "legacy_dict.bin", "zip_protocol4.bin", "legacy_protocol4.bin",
        "zip_from_buffer.bin", "zip_deflated.bin", "zip_fp16.bin", "zip_bf16.bin", "zip_fp64.bin", "legacy_bf16.bin", "zip_mixed.bin", "zip_gamma_beta.bin",
        "zip_nested.bin", "legacy_nested.bin", "zip_parameter.bin", "legacy_parameter.bin", "zip_strided.bin", "legacy_strided.bin", "zip_dtypes.bin",
        "legacy_dtypes.bin", "zip_dtypes_v3.bin", "sharded_pickle/pytorch_model.bin.index.json", "handmade.bin",
    ];

    private static JsonElement Formats => Files("formats.json");

    private static JsonElement Bad => Files("bad", "bad.json");

    [Fact]
    public void Every_pickle_of_the_fixture_is_tested() =>
        Assert.Equal(
            Formats.EnumerateObject().Select(file => file.Name).Where(name => name.Contains(".bin")).Order(), Variants.Select(row => row.Data).Order());

    [Theory]
    [MemberData(nameof(Variants))]
    public void Loads_bit_for_bit(string file)
    {
        var format = Formats.GetProperty(file);
        using var expected = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", format.GetProperty("expected").GetString()!));
        using var actual = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", file));
        var names = format.TryGetProperty("only", out var only) ? [.. only.EnumerateArray().Select(name => name.GetString()!)]
            : expected.Tensors.Select(tensor => tensor.Name).ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name => TensorAssert.Same(expected, name, actual, file == "zip_gamma_beta.bin" ? OldName(name) : name));
        if (only.ValueKind == JsonValueKind.Undefined)
        {
            // Of a training checkpoint the weights alone, not the optimizer's state.
            Assert.Equal(names.Count, actual.Tensors.Count);
        }
    }

    [Theory]
    [InlineData("handmade.bin", "expected_handmade.safetensors")]
    [InlineData("zip_deflated.bin", "expected.safetensors")]
    [InlineData("legacy_dtypes.bin", "expected_dtypes.safetensors")]
    [InlineData("legacy_protocol4.bin", "expected.safetensors")]
    public void The_files_of_the_repository_load_bit_for_bit(string file, string expectedFile)
    {
        using var expected = Checkpoint.Open(Repository.Path("tests", "fixtures", "pytorch", expectedFile));
        using var actual = Checkpoint.Open(Repository.Path("tests", "fixtures", "pytorch", file));
        Assert.All(expected.Tensors, tensor => TensorAssert.Same(expected, tensor.Name, actual, tensor.Name));
    }

    [Fact]
    public void Types_without_a_class_of_storage_are_read()
    {
        using var expected = Checkpoint.Open(Repository.Path("tests", "fixtures", "pytorch", "expected_dtypes.safetensors"));
        using var actual = Checkpoint.Open(Repository.Path("tests", "fixtures", "pytorch", "zip_dtypes_v3.bin"));
        TensorAssert.Same(expected, "F32", actual, "F32");
        Assert.Equal([("U16", TensorType.U16), ("F8_E4M3", TensorType.F8E4M3), ("F32", TensorType.F32)], actual.Tensors.Select(tensor => (tensor.Name, tensor.Type)));
        Assert.Equal(2, actual.Read("F8_E4M3").Length);
        actual.ReadInt64("U16", new long[2]);
    }

    [Theory]
    [InlineData("sharded_pickle", "pytorch_model.bin.index.json")]
    [InlineData("", "pytorch_model.bin")]
    public void A_folder_opens_as_its_index_or_its_file(string folder, string opened)
    {
        using var checkpoint = Checkpoint.Open(Shared.Path("fixtures", "hf", "formats", folder));
        Assert.Equal(opened, Path.GetFileName(checkpoint.Path));
    }

    [Fact]
    public void Every_hostile_file_is_refused_by_name_with_a_cause()
    {
        var files = Bad.EnumerateObject().Select(file => file.Name).Where(name => name.Contains(".bin")).ToList();
        Assert.True(files.Count >= 55, $"{files.Count} files");
        Assert.All(files, file =>
        {
            var path = Shared.Path("fixtures", "hf", "formats", "bad", file);
            var error = Assert.Throws<CheckpointException>(() => ReadAll(path));
            Assert.Contains(file, error.Message);
        });
        Assert.False(File.Exists("pwned"), "a pickle was executed");
    }

    [Theory]
    [InlineData("pk_os_system.bin", "'os.system'")]
    [InlineData("pk_posix_system.bin", "'posix.system'")]
    [InlineData("pk_builtins_eval.bin", "'builtins.eval'")]
    [InlineData("pk_stack_global.bin", "'os.system'")]
    [InlineData("pk_legacy_os_system.bin", "'os.system'")]
    [InlineData("pk_raw_pickle.bin", "'os.system'")]
    [InlineData("pk_newobj.bin", "'mymodule.Thing'")]
    [InlineData("pk_storage_type_unknown.bin", "'torch.FooStorage'")]
    [InlineData("pk_inst.bin", "the instruction 0x69")]
    [InlineData("pk_ext1.bin", "the instruction 0x82")]
    [InlineData("pk_deep_nesting.bin", "nested more than")]
    [InlineData("pk_protocol_99.bin", "protocol 99")]
    [InlineData("pk_top_is_int.bin", "holds a number, not a dictionary of tensors")]
    [InlineData("pk_bad_utf8.bin", "not valid UTF-8")]
    [InlineData("pk_no_stop.bin", "cut off or damaged")]
    [InlineData("pk_string_length_beyond.bin", "4294967295 bytes more")]
    [InlineData("pk_size_huge.bin", "does not fit in 63 bits")]
    [InlineData("pk_size_negative.bin", "negative dimension -2")]
    [InlineData("pk_stride_negative.bin", "negative offset or stride")]
    [InlineData("pk_storage_path_traversal.bin", "'../../../etc/hostname', which is not in the file")]
    [InlineData("pk_storage_count_lies.bin", "with 400 bytes, but it has 16")]
    [InlineData("pk_offset_beyond.bin", "reaches to element 6 of its storage '0', which has 4")]
    [InlineData("zip_bad_crc_data.bin", "'archive/data/0' is damaged (its checksum is wrong)")]
    [InlineData("zip_bad_crc_pickle.bin", "'archive/data.pkl' is damaged (its checksum is wrong)")]
    [InlineData("zip_unknown_method.bin", "method 99")]
    [InlineData("zip_bomb.bin", "with 16 bytes, but it has 67108864")]
    [InlineData("zip_truncated_half.bin", "cut off")]
    [InlineData("legacy_truncated_half.bin", "cut off")]
    [InlineData("legacy_storage_count_lies.bin", "has 1099511627776 elements")]
    public void The_cause_is_the_true_one(string file, string cause)
    {
        var path = Shared.Path("fixtures", "hf", "formats", "bad", file);
        Assert.Contains(cause, Assert.Throws<CheckpointException>(() => ReadAll(path)).Message);
    }

    [Fact]
    public async Task Info_explains_what_is_good_and_refuses_what_is_not()
    {
        foreach (var file in (string[])["pytorch_model.bin", "legacy.bin", "zip_nested.bin", "sharded_pickle", "zip_dtypes_v3.bin"])
        {
            var run = await CommandRun.Of("info", Shared.Path("fixtures", "hf", "formats", file));
            Assert.True(run.Code == 0, run.Error);
        }

        foreach (var file in (string[])["pk_os_system.bin", "zip_bad_crc_data.bin", "zip_bomb.bin", "legacy_truncated_minus_1.bin"])
        {
            var run = await CommandRun.Of("info", Shared.Path("fixtures", "hf", "formats", "bad", file));
            Assert.Equal(2, run.Code);
            Assert.Contains(file, run.Error);
        }
    }

    private static JsonElement Files(params string[] name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Shared.Path(["fixtures", "hf", "formats", .. name])));
        return document.RootElement.GetProperty("files").Clone();
    }

    private static void ReadAll(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        foreach (var tensor in checkpoint.Tensors)
        {
            checkpoint.CopyBytes(tensor.Name, Stream.Null);
        }
    }

    private static string OldName(string name) => name.Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta");
}
