using Beret.Data;

namespace Beret.Tests.Data;

public class NumpyRandomTests
{
    [Fact]
    public void Is_the_published_Mersenne_Twister()
    {
        // ISO C++ [rand.predef]: the 10,000th number of mt19937 with its default seed 5489.
        var random = new NumpyRandom(5489);
        Assert.Equal([3499211612, 581869302, 3890346734], new[] { random.NextUInt32(), random.NextUInt32(), random.NextUInt32() });
        for (var i = 3; i < 9999; i++)
        {
            random.NextUInt32();
        }

        Assert.Equal(4123659995, random.NextUInt32());
    }

    [Fact]
    public void Permutation_of_ten_is_numpys() => Assert.Equal([8, 1, 5, 0, 7, 2, 9, 4, 3, 6], new NumpyRandom(42).Permutation(10));

    [Fact]
    public void Permutation_of_the_reviews_begins_as_numpys() =>
        Assert.Equal([6868, 24016, 9668, 13640, 14018, 7488, 5804, 12909], new NumpyRandom(42).Permutation(25000)[..8]);

    [Fact]
    public void Intervals_include_their_end_and_nothing_beyond()
    {
        var random = new NumpyRandom(1);
        var seen = Enumerable.Range(0, 1000).Select(_ => random.NextInterval(4)).ToHashSet();
        Assert.Equal([0u, 1u, 2u, 3u, 4u], seen.Order());
        Assert.Equal(0u, random.NextInterval(0));
    }

    [Fact]
    public void Nothing_to_shuffle_is_no_fault()
    {
        Assert.Empty(new NumpyRandom(3).Permutation(0));
        Assert.Equal([0], new NumpyRandom(3).Permutation(1));
    }
}
