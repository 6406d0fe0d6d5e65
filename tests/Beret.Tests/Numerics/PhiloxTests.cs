using Beret.Numerics;

namespace Beret.Tests.Numerics;

public class PhiloxTests
{
    // kat_vectors of Random123 1.14 (Salmon et al.), the lines of philox4x32 with 10 rounds: counter, key, result.
    [Theory]
    [InlineData("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8")]
    [InlineData("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd")]
    [InlineData("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1")]
    public void Gives_the_known_answers_of_its_authors(string counter, string key, string answer)
    {
        var (c, k, a) = (Words(counter), Words(key), Words(answer));
        Assert.Equal((a[0], a[1], a[2], a[3]), Philox.Next(c[0], c[1], c[2], c[3], (ulong)k[1] << 32 | k[0]));
    }

    private static uint[] Words(string text) => [.. text.Split(' ').Select(word => Convert.ToUInt32(word, 16))];
}
