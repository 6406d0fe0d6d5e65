using Beret.Numerics;

namespace Beret.Benchmarks;

/// <summary>Texts of random tokens and labels of chance: what a batch costs does not depend on what it says.</summary>
internal static class RandomTexts
{
    /// <summary>Texts of one length.</summary>
    public static PackedBatch Batch(int texts, int length, int vocabulary) => Batch(Enumerable.Repeat(length, texts), vocabulary);

    /// <summary>Texts of these lengths.</summary>
    public static PackedBatch Batch(IEnumerable<int> lengths, int vocabulary)
    {
        var random = new Random(1);
        var batch = new PackedBatch();
        foreach (var length in lengths)
        {
            batch.Add([.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))]);
        }

        return batch;
    }

    /// <summary>[texts, outputs] of zeros and ones.</summary>
    public static float[] Targets(int texts, int outputs)
    {
        var random = new Random(2);
        return [.. Enumerable.Range(0, texts * outputs).Select(_ => (float)random.Next(2))];
    }
}
