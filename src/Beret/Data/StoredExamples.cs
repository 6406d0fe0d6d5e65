using System.Collections;

namespace Beret.Data;

/// <summary>Stored texts as examples: all of them or some, in any order, perhaps with other labels. An example is made each time it is asked for.</summary>
/// <param name="store">The texts.</param>
/// <param name="order">The rows of the store, one for each example; null: all, as they are.</param>
/// <param name="relabel">Gives an example other labels; null: none.</param>
internal sealed class StoredExamples(StoredTexts store, int[]? order = null, Func<Example, Example>? relabel = null) : IReadOnlyList<Example>
{
    private const int ReadAtOnce = 4096;

    // They wait for the disk for most of the time.
    private const int ReadersOfProcessor = 4;

    public StoredTexts Store => store;

    public int Count => order?.Length ?? store.Count;

    public Example this[int index] => relabel is null ? store[RowOf(index)] : relabel(store[RowOf(index)]);

    /// <summary>The row of the store that an example is.</summary>
    public int RowOf(int index) => order is null ? index : order[index];

    /// <summary>Examples with other labels: on call where they are stored, else at once.</summary>
    public static IReadOnlyList<Example> Relabelled(IReadOnlyList<Example> examples, Func<Example, Example> relabel) =>
        examples is StoredExamples stored ? stored.Relabelled(relabel) : [.. examples.Select(relabel)];

    /// <summary>Some examples in an order.</summary>
    public static IReadOnlyList<Example> Picked(IReadOnlyList<Example> examples, ReadOnlySpan<int> picked)
    {
        if (examples is StoredExamples stored)
        {
            return stored.Picked(picked);
        }

        var some = new Example[picked.Length];
        for (var i = 0; i < some.Length; i++)
        {
            some[i] = examples[picked[i]];
        }

        return some;
    }

    /// <summary>
    /// All examples of a list with their texts, in order. Stored ones are read some thousands at a time, by several threads: in a shuffled order each lies elsewhere on the disk.
    /// </summary>
    public static IEnumerable<(Example Example, string Text, string? Pair)> Read(IReadOnlyList<Example> examples)
    {
        if (examples is not StoredExamples stored)
        {
            foreach (var example in examples)
            {
                yield return (example, example.Text, example.Pair);
            }

            yield break;
        }

        var chunk = new (Example Example, string Text, string? Pair)[Math.Min(ReadAtOnce, stored.Count)];
        for (var start = 0; start < stored.Count; start += chunk.Length)
        {
            var (first, count) = (start, Math.Min(chunk.Length, stored.Count - start));
            TextLoop.Run(
                count, ReadersOfProcessor * Environment.ProcessorCount, () => 0,
                (i, _) =>
                {
                    var example = stored[first + i];
                    var (text, pair) = example.Texts;
                    chunk[i] = (example, text, pair);
                },
                CancellationToken.None);
            for (var i = 0; i < count; i++)
            {
                yield return chunk[i];
            }
        }
    }

    public IEnumerator<Example> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private StoredExamples Relabelled(Func<Example, Example> next) => new(store, order, relabel is { } first ? example => next(first(example)) : next);

    private StoredExamples Picked(ReadOnlySpan<int> picked)
    {
        var rows = picked.ToArray();
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = RowOf(rows[i]);
        }

        return new StoredExamples(store, rows, relabel);
    }
}
