using Beret.Checkpoints;
using static Beret.Tests.Checkpoints.Pickle.PickleWriter;

namespace Beret.Tests.Checkpoints.Pickle;

/// <summary>What a pickle may say, and what not.</summary>
public class PickleTests
{
    private static readonly float[] Six = [0, 1, 2, 3, 4, 5];

    [Fact]
    public void The_parts_of_a_training_checkpoint_that_are_no_weights_are_left_out()
    {
        var pickle = new PickleWriter().Op("}(").Text("optimizer").Op("}").Text("step").Tensor("0", 6, 0, [1], [1]).Op("s")
            .Text("state_dict").Op("}").Text("w").Tensor("0", 6, 0, [6], [1]).Op("su").Stop();
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, Zip(pickle, ("0", Six)));
        Assert.Equal(["w"], checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(Six, checkpoint.Read("w"));
    }

    [Fact]
    public void Tensors_in_other_containers_are_named_by_their_keys()
    {
        var pickle = new PickleWriter().Op("}(").Text("a").Op("}").Text("b").Tensor("0", 6, 0, [2], [1]).Op("s").Text("list").Op("]")
            .Tensor("0", 6, 2, [2], [1]).Op("a").Text("c").Op("(").Op("N").Tensor("0", 6, 4, [2], [1]).Op("tu").Stop();
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, Legacy(pickle, ("0", Six)));
        Assert.Equal(["a.b", "list.0", "c.1"], checkpoint.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([4f, 5f], checkpoint.Read("c.1"));
    }

    [Fact]
    public void Python_2_hands_an_OrderedDict_its_items()
    {
        var pickle = new PickleWriter().Global("collections", "OrderedDict").Op("(](](").Op("U").Raw(1).Op("w").Tensor("0", 6, 0, [6], [1]).Op("eetR").Stop();
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, Legacy(pickle, ("0", Six)));
        Assert.Equal(Six, checkpoint.Read("w"));
    }

    [Fact]
    public void A_storage_of_the_oldest_files_may_be_a_view_of_another()
    {
        var pickle = new PickleWriter().Op("}").Text("w").Global("torch._utils", "_rebuild_tensor").Op("((").Text("storage").Global("torch", "FloatStorage")
            .Text("7").Text("cpu").Number(6).Op("(").Text("8").Number(2).Number(3).Op("ttQ").Number(1).Numbers(2).Numbers(1).Op("tRs").Stop();
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, Legacy(pickle, ("7", Six)));
        Assert.Equal([3f, 4f], checkpoint.Read("w"));
    }

    [Fact]
    public void An_OrderedDict_may_have_metadata_but_no_other_attribute()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, Zip(WithAttribute("_metadata"), ("0", Six)));
        Assert.Equal(Six, checkpoint.Read("w"));
        Assert.Contains("of which only _metadata", RefusalOf(Zip(WithAttribute("__class__"), ("0", Six))));

        static byte[] WithAttribute(string name) => new PickleWriter().Global("collections", "OrderedDict").Op(")R").Text("w").Tensor("0", 6, 0, [6], [1])
            .Op("s}").Text(name).Op("}sb").Stop();
    }

    [Fact]
    public void A_tensor_to_be_negated_when_it_is_read_is_refused()
    {
        var pickle = new PickleWriter().Op("}").Text("w").Global("torch._utils", "_rebuild_tensor_v2").Op("(").Storage("0", 6).Number(0).Numbers(6).Numbers(1)
            .Raw(0x89).Op("N}").Text("neg").Raw(0x88).Op("stRs").Stop();
        Assert.Contains("makes an object of what none can be made of", RefusalOf(Zip(pickle, ("0", Six))));
    }

    [Theory]
    [InlineData("builtins", "exec")]
    [InlineData("torch", "load")]
    [InlineData("torch.nn.modules.linear", "Linear")]
    [InlineData("collections", "OrderedDict.__subclasses__")]
    [InlineData("torch._utils", "_rebuild_tensor_v2.__globals__")]
    [InlineData("", "")]
    public void A_name_that_is_not_known_is_refused_by_name(string module, string name)
    {
        var pickle = new PickleWriter().Op("}").Text("w").Global(module, name).Op("s").Stop();
        Assert.Contains($"names the Python object '{module}.{name}'", RefusalOf(Zip(pickle)));
        Assert.Contains($"names the Python object '{module}.{name}'", RefusalOf(Legacy(pickle)));
    }

    [Fact]
    public void Containers_that_hold_themselves_are_refused()
    {
        var cycle = new PickleWriter().Op("}").Raw((byte)'q', 0).Text("w").Raw((byte)'h', 0).Op("s").Stop();
        Assert.Contains("or themselves", RefusalOf(Zip(cycle)));
    }

    [Fact]
    public void Containers_that_hold_each_other_very_often_are_refused()
    {
        // Sixty lists, each of which holds the one before it twice.
        var pickle = new PickleWriter().Op("}").Text("w").Op("]").Raw((byte)'q', 0).Op("0");
        for (byte i = 0; i < 60; i++)
        {
            pickle.Op("](").Raw((byte)'h', i, (byte)'h', i).Op("e").Raw((byte)'q', (byte)(i + 1)).Op("0");
        }

        Assert.Contains("too often", RefusalOf(Zip(pickle.Raw((byte)'h', 60).Op("s").Stop())));
    }

    [Fact]
    public void A_name_that_occurs_twice_is_refused()
    {
        var pickle = new PickleWriter().Op("}(").Text("w").Tensor("0", 6, 0, [6], [1]).Text("w").Tensor("0", 6, 0, [5], [1]).Op("u").Stop();
        Assert.Contains("tensor 'w' occurs twice", RefusalOf(Zip(pickle, ("0", Six))));
    }

    [Fact]
    public void A_dictionary_without_tensors_is_refused() => Assert.Contains("without any tensor", RefusalOf(Zip(new PickleWriter().Op("}").Stop())));

    [Fact]
    public void More_instructions_than_any_model_needs_are_refused()
    {
        var pickle = new PickleWriter();
        pickle.Raw(Enumerable.Repeat((byte)'N', 5_000_000).ToArray());
        Assert.Contains("more than 4194304 instructions", RefusalOf(Zip([("data.pkl", pickle.Stop())], System.IO.Compression.CompressionLevel.Fastest)));
    }

    [Fact]
    public void Copies_count_as_instructions()
    {
        var pickle = new PickleWriter().Global("collections", "OrderedDict").Raw((byte)'q', 0).Op("(](");
        for (var i = 0; i < 2000; i++)
        {
            pickle.Raw(0x4E, 0x4E, 0x86);
        }

        pickle.Op("et").Raw((byte)'q', 1);
        for (var i = 0; i < 2200; i++)
        {
            pickle.Raw((byte)'h', 0, (byte)'h', 1).Op("R0");
        }

        Assert.Contains("more than 4194304 instructions", RefusalOf(Zip(pickle.Stop())));
    }

    [Fact]
    public void More_tensors_than_any_model_has_are_refused()
    {
        // One tensor made over and over from the same arguments, and one tensor under very many names.
        var made = new PickleWriter().Global("torch._utils", "_rebuild_tensor").Raw((byte)'q', 0).Op("(").Storage("0", 6).Number(0).Numbers(6).Numbers(1)
            .Op("t").Raw((byte)'q', 1);
        var named = new PickleWriter().Op("}").Tensor("0", 6, 0, [6], [1]).Raw((byte)'q', 0).Op("0(");
        for (var i = 0; i <= 1 << 16; i++)
        {
            made.Raw((byte)'h', 0, (byte)'h', 1).Op("R0");
            named.Number(i).Raw((byte)'h', 0);
        }

        Assert.Contains("more than 65536 tensors", RefusalOf(Zip(made.Stop(), ("0", Six))));
        Assert.Contains("more than 65536 tensors", RefusalOf(Zip(named.Op("u").Stop(), ("0", Six))));
    }

    [Fact]
    public void A_legacy_file_ends_with_its_last_storage()
    {
        var file = Legacy(new PickleWriter().Op("}").Text("w").Tensor("0", 6, 0, [6], [1]).Op("s").Stop(), ("0", Six));
        using var folder = new TemporaryFolder();
        using var checkpoint = Open(folder, file);
        Assert.Equal(Six, checkpoint.Read("w"));
        Assert.Contains("1 bytes follow the last storage", RefusalOf([.. file, 0]));
    }

    [Fact]
    public void A_legacy_file_of_the_other_byte_order_is_refused()
    {
        var file = Legacy(new PickleWriter().Op("}").Text("w").Tensor("0", 6, 0, [6], [1]).Op("s").Stop(), ("0", Six));
        file[file.AsSpan().IndexOf("little_endian"u8) + "little_endian".Length] = 0x89;
        Assert.Contains("not stored in little-endian order", RefusalOf(file));
    }

    [Fact]
    public void A_folder_with_both_is_read_from_safetensors()
    {
        using var folder = new TemporaryFolder();
        folder.Write("pytorch_model.bin", Zip(new PickleWriter().Op("}").Text("w").Tensor("0", 6, 0, [6], [1]).Op("s").Stop(), ("0", Six)));
        using (var pickle = Checkpoint.Open(folder.Path))
        {
            Assert.Equal("pytorch_model.bin", Path.GetFileName(pickle.Path));
        }

        var writer = new SafetensorsWriter();
        writer.Add("w", [1], new float[1]);
        writer.Write(folder["model.safetensors"]);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal("model.safetensors", Path.GetFileName(checkpoint.Path));
    }

    [Theory]
    [InlineData("weights.bin")]
    [InlineData("weights.pt")]
    [InlineData("weights.pth")]
    [InlineData("epoch=3.ckpt")]
    public void A_folder_opens_as_its_only_file(string name)
    {
        using var folder = new TemporaryFolder();
        folder.Write(name, Zip(new PickleWriter().Op("}").Text("w").Tensor("0", 6, 0, [6], [1]).Op("s").Stop(), ("0", Six)));
        using (var checkpoint = Checkpoint.Open(folder.Path))
        {
            Assert.Equal(Six, checkpoint.Read("w"));
        }

        folder.Write("optimizer.pt", "");
        Assert.Contains("name the one you mean", Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message);
    }

    [Fact]
    public void What_is_neither_form_is_refused()
    {
        Assert.Contains("neither as a zip archive nor as a pickle", RefusalOf("text"u8.ToArray()));
        Assert.Contains("too few for its format", RefusalOf([]));
        Assert.Contains("not with that of torch.save", RefusalOf(new PickleWriter().Op("}").Stop()));
    }

    internal static Checkpoint Open(TemporaryFolder folder, byte[] file) => Checkpoint.Open(folder.Write("model.bin", file));

    internal static string RefusalOf(byte[] file)
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<CheckpointException>(() =>
        {
            using var checkpoint = Open(folder, file);
            foreach (var tensor in checkpoint.Tensors)
            {
                checkpoint.CopyBytes(tensor.Name, Stream.Null);
            }
        });
        Assert.Contains(folder["model.bin"], error.Message);
        return error.Message;
    }
}
