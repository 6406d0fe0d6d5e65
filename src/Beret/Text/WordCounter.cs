using System.Runtime.InteropServices;
using Beret.Text.Unicode;
using Beret.Text.Vocabularies;

namespace Beret.Text;

/// <summary>
/// Counts the words of texts for <see cref="VocabularyTrainer"/>: normalised and cut as the trained tokenizer will do it. Holds words, not texts, and at
/// most two million of them: beyond that the rarest are given up. Not thread-safe.
/// </summary>
public sealed class WordCounter
{
    private const int MostWords = 2_000_000;

    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> spans;
    private readonly WordSplitter splitter;
    private readonly int mostWords;
    private long floor;

    /// <summary>A counter for a vocabulary of this kind.</summary>
    public WordCounter(VocabularyOptions options) : this(options, MostWords)
    {
    }

    internal WordCounter(VocabularyOptions options, int mostWords)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.mostWords = mostWords;
        splitter = new WordSplitter(options.Type, options.LowerCase);
        spans = counts.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The texts added.</summary>
    public long Texts { get; private set; }

    /// <summary>The words in them, each as often as it occurs.</summary>
    public long Words { get; private set; }

    /// <summary>The different words that are held.</summary>
    public int DistinctWords => counts.Count;

    /// <summary>The words that are held, and how often each occurs.</summary>
    internal IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>Counts the words of a text.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        Texts++;
        splitter.Split(text, this, static (counter, word) => counter.Count(word));
    }

    private void Count(ReadOnlySpan<char> word)
    {
        Words++;
        if (word.Length > TokenizerSettings.HuggingFaceWordLimit)
        {
            return;
        }

        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(spans, word, out var isKnown);
        count++;
        if (!isKnown && counts.Count > mostWords)
        {
            GiveUpTheRarest();
        }
    }

    /// <summary>Raises the least count that a word must have until half of the words are gone.</summary>
    private void GiveUpTheRarest()
    {
        while (counts.Count > mostWords / 2)
        {
            floor++;
            foreach (var (word, count) in counts)
            {
                if (count <= floor)
                {
                    counts.Remove(word);
                }
            }
        }
    }
}
