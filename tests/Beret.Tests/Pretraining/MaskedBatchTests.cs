using Beret.Pretraining;

namespace Beret.Tests.Pretraining;

public class MaskedBatchTests
{
    private const int Vocabulary = 1000;

    private static readonly MaskingRules Rules = new(ClassificationId: 2, SeparatorId: 3, MaskId: 4, Vocabulary, (uint)(0.15 * (1UL << 32)), WholeWord: false, Seed: 7);

    [Fact]
    public void Fifteen_of_a_hundred_tokens_are_drawn_of_which_eight_tenths_are_hidden_and_one_tenth_each_another_or_the_same()
    {
        var batch = Fill(new MaskedBatch(Rules), step: 0, sequences: 2000, out var original);
        var tokens = 2000 * 100;
        Assert.InRange(batch.Count / (double)tokens, 0.147, 0.153);
        var (hidden, same, other) = (0, 0, 0);
        for (var i = 0; i < batch.Count; i++)
        {
            var (row, now) = (batch.Rows[i], batch.Packed.Ids[batch.Rows[i]]);
            Assert.Equal(original[row], batch.Targets[i]);
            hidden += now == Rules.MaskId ? 1 : 0;
            same += now == original[row] ? 1 : 0;
            other += now != Rules.MaskId && now != original[row] ? 1 : 0;
        }

        Assert.InRange(hidden / (double)batch.Count, 0.79, 0.81);
        Assert.InRange(same / (double)batch.Count, 0.09, 0.11);
        Assert.InRange(other / (double)batch.Count, 0.09, 0.11);
    }

    [Fact]
    public void Nothing_else_is_changed_and_the_tokens_around_a_sequence_are_never_drawn()
    {
        var batch = Fill(new MaskedBatch(Rules), step: 3, sequences: 50, out var original);
        var drawn = batch.Rows.ToArray().ToHashSet();
        for (var row = 0; row < original.Length; row++)
        {
            Assert.True(drawn.Contains(row) || batch.Packed.Ids[row] == original[row]);
            Assert.False(drawn.Contains(row) && original[row] is 2 or 3);
        }

        Assert.Equal(batch.Rows.ToArray().Order(), batch.Rows.ToArray());
    }

    [Fact]
    public void What_is_drawn_follows_from_seed_step_and_place_alone()
    {
        var used = Fill(new MaskedBatch(Rules), step: 9, sequences: 20, out _);
        Fill(used, step: 5, sequences: 20, out _);
        var fresh = Fill(new MaskedBatch(Rules), step: 5, sequences: 20, out _);
        Assert.Equal(fresh.Packed.Ids.ToArray(), used.Packed.Ids.ToArray());
        Assert.Equal(fresh.Rows.ToArray(), used.Rows.ToArray());

        Assert.NotEqual(fresh.Rows.ToArray(), Fill(new MaskedBatch(Rules), step: 6, sequences: 20, out _).Rows.ToArray());
        Assert.NotEqual(fresh.Rows.ToArray(), Fill(new MaskedBatch(Rules with { Seed = 8 }), step: 5, sequences: 20, out _).Rows.ToArray());
        Assert.NotEqual(fresh.Rows.ToArray(), Fill(new MaskedBatch(Rules), step: 5, sequences: 20, out _, isHeldOut: true).Rows.ToArray());
    }

    [Fact]
    public void The_pieces_of_a_word_are_drawn_together()
    {
        var batch = new MaskedBatch(Rules with { WholeWord = true });
        batch.Begin(1);
        for (var s = 0; s < 300; s++)
        {
            // Words of three pieces.
            batch.Add([.. Enumerable.Range(0, 99).Select(i => (10 + i) | (i % 3 == 0 ? TokenCorpus.WordStart : 0))]);
        }

        batch.Complete();
        Assert.InRange(batch.Count / (300.0 * 99), 0.14, 0.16);
        var drawn = batch.Rows.ToArray().ToHashSet();
        Assert.All(drawn, row =>
        {
            var first = row - (row % 101 - 1) % 3;
            Assert.True(drawn.Contains(first) && drawn.Contains(first + 1) && drawn.Contains(first + 2));
        });
    }

    [Fact]
    public void A_batch_has_a_token_to_guess_however_short_it_is()
    {
        var batch = new MaskedBatch(Rules);
        for (var step = 0; step < 200; step++)
        {
            batch.Begin(step);
            batch.Add([17 | TokenCorpus.WordStart, 18]);
            batch.Complete();
            Assert.InRange(batch.Count, 1, 2);
            Assert.All(batch.Rows.ToArray(), row => Assert.InRange(row, 1, 2));
            Assert.All(batch.Rows.ToArray().Zip(batch.Targets.ToArray()), pair => Assert.Equal(16 + pair.First, pair.Second));
        }
    }

    private static MaskedBatch Fill(MaskedBatch batch, int step, int sequences, out int[] original, bool isHeldOut = false)
    {
        var random = new Random(1);
        var ids = new List<int>();
        batch.Begin(step, isHeldOut);
        for (var s = 0; s < sequences; s++)
        {
            int[] tokens = [.. Enumerable.Range(0, 100).Select(_ => random.Next(5, Vocabulary))];
            ids.AddRange([2, .. tokens, 3]);
            batch.Add([.. tokens.Select(id => id | TokenCorpus.WordStart)]);
        }

        batch.Complete();
        original = [.. ids];
        return batch;
    }
}
