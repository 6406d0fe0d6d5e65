using Beret.Numerics;

namespace Beret.Tests.Numerics;

public class DropoutTests
{
    private const ulong Seed = 0xFEDC_BA98_7654_3210;

    private static Dropout Of(double rate, uint step = 5, uint operation = 9, ulong seed = Seed) => new(seed, step, operation, Dropout.ThresholdOf(rate));

    [Fact]
    public void None_is_not_active() => Assert.False(Dropout.None.IsActive);

    [Theory]
    [InlineData(0.0, 0u)]
    [InlineData(0.1, 6554u)]
    [InlineData(0.5, 32768u)]
    [InlineData(0.9, 58982u)]
    public void Threshold_is_the_rate_in_65536ths(double rate, uint threshold) => Assert.Equal(threshold, Dropout.ThresholdOf(rate));

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Kept_elements_are_scaled_so_that_the_expectation_stays(double rate) =>
        Assert.Equal(1, Of(rate).Scale * (1 - Dropout.ThresholdOf(rate) / 65536.0), 1e-7);

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(15, 15, 0, 0)]
    [InlineData(16, 0, 0, 1)]
    [InlineData(33, 1, 1, 0)]
    [InlineData(127, 15, 3, 1)]
    [InlineData(128, 16, 0, 0)]
    [InlineData(300, 44, 1, 0)]
    public void Columns_alike_modulo_16_share_the_words_of_one_call(int column, uint counter, int word, int half)
    {
        var words = Philox.Next(counter, 77, 9, 5, Seed);
        var number = new[] { words.X, words.Y, words.Z, words.W }[word] >> (16 * half) & 0xFFFF;
        Assert.Equal(number >= Dropout.ThresholdOf(0.5), Of(0.5).Keeps(77, column));
        Assert.Equal([true, false], ThresholdsAround(number).Select(threshold => new Dropout(Seed, 5, 9, threshold).Keeps(77, column)));
    }

    [Theory]
    [InlineData(0, 0, 0u, 0, 0)]
    [InlineData(0, 7, 0u, 3, 1)]
    [InlineData(0, 8, 1u, 0, 0)]
    [InlineData(3, 21, 3u << 16 | 2, 2, 1)]
    [InlineData(11, 511, 11u << 16 | 63, 3, 1)]
    public void Eight_neighbouring_keys_of_a_head_share_one_call(int head, int key, uint counter, int word, int half)
    {
        var words = Philox.Next(counter, 1234, 9, 5, Seed);
        var number = new[] { words.X, words.Y, words.Z, words.W }[word] >> (16 * half) & 0xFFFF;
        Assert.Equal([true, false], ThresholdsAround(number).Select(threshold => new Dropout(Seed, 5, 9, threshold).Keeps(head, 1234, key)));
    }

    // A million draws: the fraction's standard deviation is √(p(1−p)/10⁶) < 5e-4. Five of them.
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void Drops_the_rate_of_a_matrix(double rate)
    {
        var kept = 0;
        for (var row = 0; row < 1000; row++)
        {
            for (var column = 0; column < 1000; column++)
            {
                kept += Of(rate).Keeps(row, column) ? 1 : 0;
            }
        }

        Assert.Equal(1 - rate, kept / 1e6, 5 * Math.Sqrt(rate * (1 - rate) / 1e6));
    }

    [Fact]
    public void Drops_the_rate_of_attention()
    {
        var kept = 0;
        for (var head = 0; head < 10; head++)
        {
            for (var query = 0; query < 250; query++)
            {
                for (var key = 0; key < 400; key++)
                {
                    kept += Of(0.1).Keeps(head, query, key) ? 1 : 0;
                }
            }
        }

        Assert.Equal(0.9, kept / 1e6, 5 * Math.Sqrt(0.09 / 1e6));
    }

    // Two independent masks at rate ½ agree in half of the elements. 62,500 draws, standard deviation 0.002, five of them.
    [Theory]
    [InlineData("row")]
    [InlineData("column")]
    [InlineData("block of columns")]
    [InlineData("operation")]
    [InlineData("step")]
    [InlineData("seed")]
    public void Masks_are_independent_of_the_next(string next)
    {
        var (a, b) = (Of(0.5), next switch
        {
            "operation" => Of(0.5, operation: 10),
            "step" => Of(0.5, step: 6),
            "seed" => Of(0.5, seed: Seed + 1),
            _ => Of(0.5),
        });
        var (down, right) = next switch { "row" => (1, 0), "column" => (0, 1), "block of columns" => (0, 128), _ => (0, 0) };
        var alike = 0;
        for (var row = 0; row < 250; row++)
        {
            for (var column = 0; column < 250; column++)
            {
                alike += a.Keeps(row, column) == b.Keeps(row + down, column + right) ? 1 : 0;
            }
        }

        Assert.Equal(0.5, alike / 62_500.0, 0.01);
    }

    /// <summary>The number itself, which keeps it, and the next, which drops it: an element is kept where its number is not below the threshold.</summary>
    private static uint[] ThresholdsAround(uint number) => [number, number + 1];
}
