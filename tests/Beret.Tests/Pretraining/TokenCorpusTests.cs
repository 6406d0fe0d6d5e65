using Beret.Pretraining;
using Beret.Text;
using Beret.Training;

namespace Beret.Tests.Pretraining;

public sealed class TokenCorpusTests : IDisposable
{
    private readonly PretrainingWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void No_token_is_lost_and_no_sequence_is_too_long()
    {
        var recipe = PretrainingWorld.Recipe with { HeldOut = 0, MaxLength = 10 };
        using var corpus = world.Corpus(recipe);
        var tokenizer = world.Tokenizer();
        var whole = File.ReadLines(world.Texts).SelectMany(text => tokenizer.Encode(text, options: new EncodeOptions { AddSpecialTokens = false }).Ids).ToArray();
        var sequences = Enumerable.Range(0, corpus.Count).Select(i => corpus.Read(i, new int[8]).ToArray()).ToArray();
        Assert.Equal(whole, sequences.SelectMany(sequence => sequence).Select(token => token & ~TokenCorpus.WordStart));
        Assert.All(sequences, sequence => Assert.InRange(sequence.Length, 1, 8));
        Assert.All(sequences.SelectMany(sequence => sequence), token => Assert.True((token & TokenCorpus.WordStart) != 0));
        Assert.Equal((300, whole.Length), (corpus.Texts, corpus.Tokens));
    }

    [Fact]
    public void Some_texts_are_held_out_whole()
    {
        using var corpus = world.Corpus();
        using var all = world.Corpus(PretrainingWorld.Recipe with { HeldOut = 0 });
        var held = corpus.HeldOut.Sum(sequence => sequence.Length);
        Assert.Equal(all.Tokens, corpus.Tokens + held);
        Assert.InRange(held / (double)all.Tokens, 0.04, 0.2);
        Assert.Equal(all.Fingerprint, corpus.Fingerprint);
    }

    [Fact]
    public void The_number_of_threads_makes_no_difference()
    {
        using var one = world.Corpus(PretrainingWorld.Recipe with { Threads = 1 });
        using var three = world.Corpus(PretrainingWorld.Recipe with { Threads = 3 });
        Assert.Equal((one.Count, one.Fingerprint), (three.Count, three.Fingerprint));
        Assert.Equal(one.HeldOut, three.HeldOut);
    }

    [Fact]
    public void The_file_goes_with_the_object()
    {
        var files = Directory.GetFiles(world.Output(""));
        world.Corpus().Dispose();
        Assert.Equal(files, Directory.GetFiles(world.Output("")));
    }

    [Fact]
    public void Texts_without_a_token_are_refused()
    {
        File.WriteAllText(world.Texts, "\n \n");
        Assert.Contains("no text", Assert.Throws<TrainingException>(() => world.Corpus()).Message);
    }

    [Theory]
    [InlineData(200, 0)]
    [InlineData(200, 5)]
    [InlineData(8, 0)]
    public void Every_epoch_has_each_sequence_once_and_no_step_more_than_it_may(int batchTokens, int batchSize)
    {
        var recipe = PretrainingWorld.Recipe with { BatchTokens = batchTokens, BatchSize = batchSize, Epochs = 3 };
        using var corpus = world.Corpus(recipe);
        var order = new SequenceOrder(corpus, recipe);
        var epochs = new List<int>[] { [], [], [] };
        var steps = SequenceOrder.StepsOf(corpus, recipe);
        for (var step = 0; step < steps; step++)
        {
            var sequences = order.Next().ToArray();
            epochs[order.Epoch].AddRange(sequences);
            Assert.True(batchSize > 0 ? sequences.Length <= batchSize : sequences.Length == 1 || sequences.Sum(s => corpus.LengthOf(s) + 2) <= batchTokens);
        }

        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, corpus.Count), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);

        var other = new SequenceOrder(corpus, recipe);
        other.Seek(1, 7);
        Assert.Equal(epochs[1][7], other.Next()[0]);
    }
}
