using System.Text;
using Beret.Checksums;

namespace Beret.Tests.Checksums;

public class Crc32Tests
{
    // The check value of the catalogue of CRC algorithms, CRC-32/ISO-HDLC.
    [Fact]
    public void The_check_value_is_the_published_one() => Assert.Equal(0xCBF43926, Crc32.Of(Encoding.ASCII.GetBytes("123456789")));

    [Fact]
    public void The_fast_form_agrees_with_the_tables_at_every_length()
    {
        var bytes = new byte[600];
        new Random(1).NextBytes(bytes);
        for (var length = 0; length <= bytes.Length; length++)
        {
            Assert.Equal(~Crc32.AppendByTable(~0u, bytes.AsSpan(0, length)), Crc32.Of(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void A_checksum_of_pieces_is_that_of_the_whole()
    {
        var bytes = new byte[1000];
        new Random(2).NextBytes(bytes);
        for (var cut = 0; cut <= bytes.Length; cut += 37)
        {
            Assert.Equal(Crc32.Of(bytes), Crc32.Append(Crc32.Of(bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
        }
    }
}
