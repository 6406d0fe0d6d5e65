using Beret.Data;
using Beret.Numerics;
using Beret.Tokens;

namespace Beret.Training;

/// <summary>The size of a step, or the largest sizes of several.</summary>
/// <param name="Documents">Texts.</param>
/// <param name="Sequences">Windows of all of them.</param>
/// <param name="Tokens">Tokens of all of these.</param>
/// <param name="Longest">Tokens of the longest.</param>
internal readonly record struct StepSize(int Documents, int Sequences, int Tokens, int Longest)
{
    /// <summary>Of texts of one length, each one window.</summary>
    public static StepSize Of(int texts, int length) => new(texts, texts, checked(texts * length), length);

    /// <summary>
    /// The largest that a run meets. Where texts have several windows it is found by going through the batches of all epochs, whose order is known: the largest texts of all
    /// hardly ever come together.
    /// </summary>
    public static StepSize LargestOf(TokenStore store, TrainingRecipe recipe)
    {
        var longest = Math.Min(store.Longest, recipe.MaxLength);
        var largest = Of(recipe.BatchSize, longest);
        if (store.Windows == store.Count)
        {
            return largest;
        }

        largest = new StepSize(Math.Min(recipe.BatchSize, store.Count), 0, 0, longest);

        // The step that is timed before the first one takes the texts as they come.
        var texts = new EpochOrder(store.Count, 0, ShuffleMode.None).ForEpoch(0);
        largest = largest.AtLeast(store, texts, recipe.BatchSize);
        var order = new EpochOrder(store.Count, (ulong)recipe.Seed, recipe.Shuffle);
        for (var epoch = 0; epoch < recipe.Epochs; epoch++)
        {
            order.Fill(epoch, texts);
            largest = largest.AtLeast(store, texts, recipe.BatchSize);
        }

        return largest;
    }

    /// <summary>A batch of this size: the first windows are as long as they can be, further windows are the first document's.</summary>
    public PackedBatch Batch()
    {
        var batch = new PackedBatch();
        var ids = new int[Longest];
        var left = Tokens;
        for (var sequence = 0; sequence < Sequences; sequence++)
        {
            var length = Math.Min(Longest, left - (Sequences - sequence - 1));
            left -= length;
            if (sequence > 0 && sequence <= Sequences - Documents)
            {
                batch.AddWindow(ids.AsSpan(0, length), length);
            }
            else
            {
                batch.Add(ids.AsSpan(0, length));
            }
        }

        return batch;
    }

    /// <summary>With the sizes of an epoch's steps, where they are larger.</summary>
    private StepSize AtLeast(TokenStore store, ReadOnlySpan<int> order, int batchSize)
    {
        var (mostSequences, mostTokens) = (Sequences, Tokens);
        for (var start = 0; start < order.Length; start += batchSize)
        {
            var (sequences, tokens) = (0, 0);
            foreach (var text in order.Slice(start, Math.Min(batchSize, order.Length - start)))
            {
                sequences += store.WindowsOf(text);
                tokens = checked(tokens + store.TokensOf(text));
            }

            (mostSequences, mostTokens) = (Math.Max(mostSequences, sequences), Math.Max(mostTokens, tokens));
        }

        return this with { Sequences = mostSequences, Tokens = mostTokens };
    }
}
