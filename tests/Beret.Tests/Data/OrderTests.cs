using Beret.Data;

namespace Beret.Tests.Data;

public class OrderTests
{
    [Fact]
    public void The_generator_is_the_published_SplitMix64()
    {
        // The first numbers of seed 1234567, as in the reference C code's published test values.
        var random = CounterRandom.FromState(1234567);
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423], new[] { random.Next(), random.Next(), random.Next() });
    }

    [Fact]
    public void Bounded_numbers_are_even()
    {
        var random = CounterRandom.FromSeed(1, 0);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
        {
            counts[random.Below(7)]++;
        }

        // Five standard deviations of a count of mean 10,000.
        Assert.All(counts, count => Assert.InRange(count, 10_000 - 463, 10_000 + 463));
    }

    [Theory]
    [InlineData(ShuffleMode.EveryEpoch)]
    [InlineData(ShuffleMode.Tutorial)]
    [InlineData(ShuffleMode.None)]
    public void Every_example_comes_once_in_every_epoch(ShuffleMode mode)
    {
        var order = new EpochOrder(1000, 42, mode);
        Assert.Equal(Enumerable.Range(0, 1000), order.ForEpoch(0).Order());
        Assert.Equal(Enumerable.Range(0, 1000), order.ForEpoch(4).Order());
        Assert.Empty(new EpochOrder(0, 42, mode).ForEpoch(1));
    }

    [Fact]
    public void An_epoch_needs_none_before_it()
    {
        var order = new EpochOrder(1000, 42);
        var all = Enumerable.Range(0, 5).Select(order.ForEpoch).ToArray();
        Assert.Equal(all[3], new EpochOrder(1000, 42).ForEpoch(3));
        Assert.NotEqual(all[3], all[4]);
        Assert.NotEqual(all[3], new EpochOrder(1000, 43).ForEpoch(3));
    }

    // Computed apart, in Python; a run that is resumed with a later version must find the same order.
    [Fact]
    public void The_order_of_a_seed_never_changes() => Assert.Equal([5, 9, 3, 6, 0, 2, 4, 1, 8, 7], new EpochOrder(10, 42).ForEpoch(0));

    [Fact]
    public void The_tutorials_order_is_the_same_in_every_epoch_and_no_example_comes_early_by_more_than_the_buffer()
    {
        var order = new EpochOrder(5000, 42, ShuffleMode.Tutorial);
        var first = order.ForEpoch(0);
        Assert.Equal(first, order.ForEpoch(3));
        Assert.NotEqual(Enumerable.Range(0, 5000), first);
        Assert.All(first.Index(), place => Assert.True(place.Item < place.Index + 256));
        Assert.Equal(Enumerable.Range(0, 100), new EpochOrder(100, 42, ShuffleMode.Tutorial, buffer: 1).ForEpoch(0));
    }

    [Fact]
    public void All_orders_of_three_are_equally_likely()
    {
        var counts = new Dictionary<string, int>();
        for (var epoch = 0; epoch < 6000; epoch++)
        {
            var key = string.Concat(new EpochOrder(3, 9).ForEpoch(epoch));
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        Assert.Equal(6, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 1000 - 145, 1000 + 145));
    }

    [Fact]
    public void Batches_by_length_hold_every_text_once_within_the_limits()
    {
        var random = new Random(3);
        int[] lengths = [.. Enumerable.Range(0, 500).Select(_ => random.Next(0, 300)), 5000];
        var batches = LengthBatches.Plan(lengths, maxTexts: 16, maxTokens: 1000);
        var seen = new List<int>();
        for (var b = 0; b < batches.Count; b++)
        {
            var batch = batches[b].ToArray();
            Assert.NotEmpty(batch);
            Assert.True(batch.Length <= 16);
            Assert.True(batch.Length == 1 || batch.Sum(text => lengths[text]) <= 1000);
            seen.AddRange(batch);
        }

        Assert.Equal(Enumerable.Range(0, 501), seen.Order());
        Assert.Equal(500, seen[0]);
        Assert.Equal(lengths.OrderDescending(), seen.Select(text => lengths[text]));
    }

    [Fact]
    public void Texts_of_one_length_stay_in_their_order()
    {
        var batches = LengthBatches.Plan([3, 7, 3, 7, 3], maxTexts: 2, maxTokens: 100);
        Assert.Equal([1, 3, 0, 2, 4], batches.Order.ToArray());
        Assert.Equal(3, batches.Count);
        Assert.Equal([4], batches[2].ToArray());
        Assert.Equal(0, LengthBatches.Plan([], 8, 8).Count);
    }

    [Fact]
    public void Results_come_back_in_the_order_of_the_texts()
    {
        int[] lengths = [5, 1, 9, 9, 2];
        var batches = LengthBatches.Plan(lengths, 2, 10);
        var results = batches.Order.ToArray().Select(text => $"text {text}").ToArray();
        var restored = new string[5];
        batches.Restore(results, restored);
        Assert.Equal(["text 0", "text 1", "text 2", "text 3", "text 4"], restored);
    }
}
