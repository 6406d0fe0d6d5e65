using System.Buffers.Binary;
using System.Text;
using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints;

/// <summary>What a header may say and what is refused, by hand-made files.</summary>
public class SafetensorsHeaderTests
{
    private const string Good = """{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"I8","shape":[3],"data_offsets":[16,19]}}""";

    [Theory]
    [InlineData("{}", 0)]
    [InlineData(Good, 19)]
    [InlineData(Good + "   ", 19)]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""", 4)]
    [InlineData("""{"":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""", 0)]
    [InlineData("""{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}""", 1)]
    [InlineData("""{"a":{"dtype":"F4","shape":[6],"data_offsets":[0,3]}}""", 3)]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":{"deep":[1,[2]]}}}""", 1)]
    [InlineData("""{"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{}}""", 1)]
    public void A_valid_header_is_read(string json, int data)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Checkpoint.Open(folder.Write("x.safetensors", File(json, data)));
        Assert.All(checkpoint.Tensors, tensor => checkpoint.ReadBytes(tensor.Name, 0, new byte[tensor.ByteCount]));
    }

    [Theory]
    [InlineData("", 0, "must begin with '{'")]
    [InlineData("[]", 0, "must begin with '{'")]
    [InlineData("null", 0, "must begin with '{'")]
    [InlineData(" {}", 0, "must begin with '{'")]
    [InlineData("\n{}", 0, "must begin with '{'")]
    [InlineData("\uFEFF{}", 0, "must begin with '{'")]
    [InlineData("{}\0\0", 0, "not valid JSON")]
    [InlineData("{}{}", 0, "not valid JSON")]
    [InlineData("{}//", 0, "not valid JSON")]
    [InlineData("/**/{}", 0, "must begin with '{'")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},}""", 1, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1,],"data_offsets":[0,1]}}""", 1, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}""", 1, "not valid JSON")]
    [InlineData("""{'a':{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "not valid JSON")]
    [InlineData("""{"a":null}""", 0, "must be an object")]
    [InlineData("""{"a":[]}""", 0, "must be an object")]
    [InlineData("""{"a":{}}""", 0, "lacks dtype")]
    [InlineData("""{"a":{"dtype":"U8","data_offsets":[0,1]}}""", 1, "lacks shape")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1]}}""", 1, "lacks data_offsets")]
    [InlineData("""{"a":{"dtype":"u8","shape":[1],"data_offsets":[0,1]}}""", 1, "unknown dtype 'u8'")]
    [InlineData("""{"a":{"dtype":"","shape":[1],"data_offsets":[0,1]}}""", 1, "unknown dtype")]
    [InlineData("""{"a":{"dtype":null,"shape":[1],"data_offsets":[0,1]}}""", 1, "must be a string")]
    [InlineData("""{"a":{"dtype":["U8"],"shape":[1],"data_offsets":[0,1]}}""", 1, "must be a string")]
    [InlineData("""{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}""", 1, "must be a list")]
    [InlineData("""{"a":{"dtype":"U8","shape":null,"data_offsets":[0,1]}}""", 1, "must be a list")]
    [InlineData("""{"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}""", 1, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}""", 1, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}""", 1, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}""", 1, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[true],"data_offsets":[0,1]}}""", 1, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}""", 0, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-1,-1],"data_offsets":[0,1]}}""", 1, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[18446744073709551617],"data_offsets":[0,1]}}""", 1, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775808,0],"data_offsets":[0,0]}}""", 0, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}""", 0, "does not fit")]
    [InlineData("""{"a":{"dtype":"F64","shape":[2305843009213693953],"data_offsets":[0,8]}}""", 8, "does not fit")]
    [InlineData("""{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}""", 2, "do not fill whole bytes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "must be two numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[]}}""", 1, "must be two numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}""", 1, "more than 2 entries")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":{"0":1}}}""", 1, "must be a list")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}""", 1, "must hold integers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}""", 1, "before it begins")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "nothing uses the bytes from 0 to 1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 2, "1 bytes follow the last tensor")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 1, "the file is cut off")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,2]}}""", 2, "needs 4 bytes but has 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "overlaps another")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 2, "overlaps another")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[9,9]}}""", 0, "the file is cut off")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "occurs twice")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "two dtypes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"data_offsets":[0,0]}}""", 0, "two data_offsets")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "__metadata__ occurs twice")]
    [InlineData("""{"__metadata__":{"a":"1","a":"1"}}""", 0, "'a' occurs twice in __metadata__")]
    [InlineData("""{"__metadata__":{"a":null}}""", 0, "must be a string")]
    [InlineData("""{"__metadata__":{"a":{}}}""", 0, "must be a string")]
    [InlineData("""{"__metadata__":[]}""", 0, "must be an object")]
    [InlineData("""{"__metadata__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "must be a string")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "not valid Unicode")]
    public void A_header_that_lies_is_refused_with_its_cause(string json, int data, string cause) => AssertRefused(File(json, data), cause);

    [Fact]
    public void A_header_that_is_not_utf8_is_refused() =>
        AssertRefused(File([.. "{\"a"u8, 0xFF, .. "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"u8], 0), "not valid UTF-8");

    [Theory]
    [InlineData(ulong.MaxValue, "would be 18446744073709551615 bytes long")]
    [InlineData(1ul << 63, "would be 9223372036854775808 bytes long")]
    [InlineData(100_000_001ul, "would be 100000001 bytes long")]
    [InlineData(3ul, "only 2 follow")]
    public void A_header_length_beyond_the_file_is_refused(ulong length, string cause)
    {
        var bytes = File("{}", 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        AssertRefused(bytes, cause);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_file_shorter_than_the_length_field_is_refused(int length) => AssertRefused(new byte[length], "too few for its format");

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"x\":", "}")]
    public void Deep_nesting_is_refused_without_exhausting_the_stack(string open, string close)
    {
        var nested = string.Concat(Enumerable.Repeat(open, 100_000)) + "1" + string.Concat(Enumerable.Repeat(close, 100_000));
        AssertRefused(File($$$"""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":{{{nested}}}}}""", 0), "not valid JSON");
        AssertRefused(File($$$"""{"a":{{{nested}}}}""", 0), "");
    }

    [Fact]
    public void A_shape_of_very_many_dimensions_is_refused()
    {
        var ones = string.Join(',', Enumerable.Repeat("1", 1_000_000));
        AssertRefused(File($$$"""{"a":{"dtype":"U8","shape":[{{{ones}}}],"data_offsets":[0,1]}}""", 1), "more than 64 entries");
    }

    [Fact]
    public void Names_in_messages_are_short_and_cannot_drive_a_terminal()
    {
        var name = "\\u001b[2J" + new string('x', 100_000);
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.safetensors", File($$$"""{"{{{name}}}":{"dtype":"U8","shape":[1],"data_offsets":[0,9]}}""", 1));
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path));
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.True(error.Message.Length < 500);
    }

    [Fact]
    public void Random_damage_never_gets_further_than_a_refusal_and_never_costs_memory()
    {
        var good = Encoding.UTF8.GetBytes(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"I8","shape":[3],"data_offsets":[16,19]}}""");
        var random = new Random(20240607);
        var accepted = 0;
        for (var round = 0; round < 30_000; round++)
        {
            var header = good.ToList();
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                var at = random.Next(header.Count);
                switch (random.Next(5))
                {
                    case 0:
                        header[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        header[at] = "0123456789{}[]\",:-.eE\\u"u8[random.Next(23)];
                        break;
                    case 2:
                        header.Insert(at, "0123456789{}[]\",:-.eE\\u"u8[random.Next(23)]);
                        break;
                    case 3:
                        header.RemoveAt(at);
                        break;
                    default:
                        var length = random.Next(Math.Min(40, header.Count - at));
                        header.InsertRange(random.Next(header.Count), header.GetRange(at, length));
                        break;
                }
            }

            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var parsed = SafetensorsHeader.Parse(header.ToArray(), 19, "x");
                Assert.Equal(19, parsed.Entries.Sum(entry => entry.Tensor.ByteCount));
                accepted++;
            }
            catch (CheckpointException)
            {
            }

            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
        }

        Assert.InRange(accepted, 1, 15_000);
    }

    private static void AssertRefused(byte[] file, string cause)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.safetensors", file);
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path).Dispose());
        Assert.Contains(path, error.Message);
        Assert.Contains(cause, error.Message);
    }

    private static byte[] File(string json, int data) => File(Encoding.UTF8.GetBytes(json), data);

    private static byte[] File(byte[] json, int data)
    {
        var bytes = new byte[8 + json.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }
}
