using Beret.Data;

namespace Beret.Pretraining;

/// <summary>Which sequences each step reads: all in an order drawn anew for every epoch, as many at a time as a step holds. A step does not reach into the next epoch.</summary>
internal sealed class SequenceOrder(TokenCorpus corpus, PretrainingRecipe recipe)
{
    private const int SpecialTokens = 2;

    private readonly EpochOrder epochs = new(corpus.Count, (ulong)recipe.Seed);
    private readonly int[] order = new int[corpus.Count];
    private int loaded = -1;

    /// <summary>The epoch of the next step, from 0.</summary>
    public int Epoch { get; private set; }

    /// <summary>Sequences of that epoch that were read.</summary>
    public int Place { get; private set; }

    /// <summary>Goes to where an interrupted run was.</summary>
    public void Seek(int epoch, int place) => (Epoch, Place) = (epoch, place);

    /// <summary>The sequences of the next step.</summary>
    public ReadOnlySpan<int> Next()
    {
        if (Place == order.Length)
        {
            Seek(Epoch + 1, 0);
        }

        if (loaded != Epoch)
        {
            epochs.Fill(Epoch, order);
            loaded = Epoch;
        }

        var start = Place;
        var tokens = 0;
        do
        {
            tokens += corpus.LengthOf(order[Place++]) + SpecialTokens;
        }
        while (Place < order.Length
            && (recipe.BatchSize > 0 ? Place - start < recipe.BatchSize : tokens + corpus.LengthOf(order[Place]) + SpecialTokens <= recipe.BatchTokens));
        return order.AsSpan(start, Place - start);
    }

    /// <summary>The steps that a number of epochs takes.</summary>
    public static int StepsOf(TokenCorpus corpus, PretrainingRecipe recipe)
    {
        var order = new SequenceOrder(corpus, recipe);
        var steps = 0;
        while (order.Epoch < recipe.Epochs - 1 || order.Place < order.order.Length)
        {
            order.Next();
            steps = checked(steps + 1);
        }

        return steps;
    }
}
