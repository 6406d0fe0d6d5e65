using System.Text;
using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Checksums;
using Beret.Protobuf;

namespace Beret.Tests.Checkpoints.TensorFlow;

/// <summary>The small encodings that a tensor bundle is made of.</summary>
public class EncodingTests
{
    // RFC 3720, appendix B.4.
    [Fact]
    public void Crc32C_gives_the_values_of_its_standard()
    {
        Assert.Equal(0x8A9136AAu, Crc32C.Of(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Of(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Of(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        Assert.Equal(0xE3069283u, Crc32C.Of("123456789"u8));
        Assert.Equal(0u, Crc32C.Of([]));
    }

    [Fact]
    public void Crc32C_of_the_parts_is_that_of_the_whole()
    {
        var bytes = Enumerable.Range(0, 100).Select(i => (byte)(i * 7)).ToArray();
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(Crc32C.Of(bytes), Crc32C.Append(Crc32C.Of(bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
        }
    }

    // The keys of fixtures/tf/bundle-odd, and for larger numbers the cases of tensorflow/core/lib/strings/ordered_code_test.cc.
    [Theory]
    [InlineData("sliced/cols", 0, -1, 2, 5, "00736c696365642f636f6c7300010102807f8285")]
    [InlineData("sliced/rows", 7, 3, 0, -1, "00736c696365642f726f7773000101028783807f")]
    [InlineData("w", 63, 64, 8191, 8192, "00770001" + "0102" + "bf" + "c040" + "dfff" + "e02000")]
    [InlineData("w", -64, -65, long.MaxValue, long.MinValue, "00770001" + "0102" + "40" + "3fbf" + "ffc07fffffffffffffff" + "003f8000000000000000")]
    public void Slice_keys_are_TensorFlows(string name, long start0, long length0, long start1, long length1, string expected)
    {
        var key = SliceKey.Encode(name, [new Extent(start0, length0), new Extent(start1, length1)]);
        Assert.Equal(expected, Convert.ToHexStringLower(key));
        Assert.True(SliceKey.Is(key));
    }

    [Fact]
    public void Snappy_repeats_literals_and_overlapping_copies()
    {
        // "ab", then 10 bytes from 2 back, then 4 from 4 back with a one-byte offset, then a literal of 61 bytes with its length in a byte of its own.
        var long61 = Enumerable.Repeat((byte)'x', 61).ToArray();
        byte[] block = [77, 1 << 2, (byte)'a', (byte)'b', (9 << 2) | 2, 2, 0, 1, 4, 60 << 2, 60, .. long61];
        Assert.Equal("abababababababab" + new string('x', 61), Encoding.ASCII.GetString(Snappy.Decompress(block, 1000)!));
        Assert.Equal([], Snappy.Decompress([0], 0)!);
    }

    [Theory]
    [InlineData(new byte[0])]                                       // no length
    [InlineData(new byte[] { 4 })]                                  // no data
    [InlineData(new byte[] { 2, 1 << 2, 65 })]                      // a literal cut off
    [InlineData(new byte[] { 1, 1 << 2, 65, 66 })]                  // a literal longer than the whole
    [InlineData(new byte[] { 5, 0, 65, 1, 2 })]                     // a copy from before the start
    [InlineData(new byte[] { 5, 0, 65, 1, 0 })]                     // a copy from itself
    [InlineData(new byte[] { 5, 0, 65, 2, 1 })]                     // an offset cut off
    [InlineData(new byte[] { 2, 0, 65, 1, 1 })]                     // a copy longer than the whole
    [InlineData(new byte[] { 4, 63 << 2, 255, 255, 255, 255 })]     // a literal of 4 GiB
    [InlineData(new byte[] { 255, 255, 255, 255, 7, 0, 65 })]       // 2 GiB in three bytes
    public void Snappy_that_makes_no_sense_is_refused(byte[] block) => Assert.Null(Snappy.Decompress(block, int.MaxValue));

    [Fact]
    public void Protocol_buffer_fields_read_as_their_kinds()
    {
        var reader = new ProtobufReader(BundleWriter.Message((1, -5L), (2, 7u), (3, "né"u8.ToArray()), (4, BundleWriter.Message((1, 1)))));
        Assert.True(reader.Next());
        Assert.Equal((1, -5L, -5), (reader.Field, reader.Int64(), reader.Int32()));
        Assert.True(reader.Next());
        Assert.Equal((2, 7u), (reader.Field, reader.Fixed32()));
        Assert.True(reader.Next());
        Assert.Equal((3, "né"), (reader.Field, reader.Text()));
        Assert.True(reader.Next());
        Assert.Equal([8, 1], reader.Bytes().ToArray());
        Assert.False(reader.Next());
        Assert.False(reader.IsDamaged);
    }

    [Theory]
    [InlineData(new byte[] { 8 })]                                                              // a number cut off
    [InlineData(new byte[] { 0, 1 })]                                                           // field 0
    [InlineData(new byte[] { 10, 5, 1 })]                                                       // more bytes than there are
    [InlineData(new byte[] { 13, 1, 2, 3 })]                                                    // fixed32 of three bytes
    [InlineData(new byte[] { 9, 1, 2, 3 })]                                                     // fixed64 of three bytes
    [InlineData(new byte[] { 11, 12 })]                                                         // a group
    [InlineData(new byte[] { 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2 })]              // 65 bits
    [InlineData(new byte[] { 8, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 1 })]         // eleven bytes
    [InlineData(new byte[] { 10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 })]             // a length above 2^63
    public void A_malformed_message_is_damaged(byte[] message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
        }

        Assert.True(reader.IsDamaged);
    }

    [Fact]
    public void A_field_of_another_kind_is_damage()
    {
        var number = new ProtobufReader([8, 1]);
        Assert.True(number.Next());
        Assert.True(number.Bytes().IsEmpty);
        Assert.True(number.IsDamaged);
        Assert.False(number.Next());

        var text = new ProtobufReader([10, 1, 0xFF]);
        Assert.True(text.Next());
        Assert.Equal(0, text.Int64());
        Assert.True(text.IsDamaged);

        var invalid = new ProtobufReader([10, 1, 0xFF]);
        Assert.True(invalid.Next());
        Assert.Equal("", invalid.Text());
        Assert.True(invalid.IsDamaged);
    }
}
