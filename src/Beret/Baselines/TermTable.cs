using Beret.Data;

namespace Beret.Baselines;

/// <summary>
/// The terms that a baseline looks at and how rare each is: a text becomes a sparse vector of tf · idf with tf = 1 + ln(count), idf = 1 + ln((1 + texts) / (1 + texts with
/// the term)), of length 1. These are the definitions of scikit-learn's TfidfVectorizer with sublinear_tf.
/// </summary>
internal sealed class TermTable
{
    private const int LeastTexts = 2;

    private readonly Dictionary<int, int> columns;
    private readonly List<int> terms = [];
    private readonly Dictionary<int, int> counts = [];

    /// <param name="numbers">The terms' numbers (<see cref="TermHashes"/>), rising.</param>
    /// <param name="rarities">Their idf.</param>
    public TermTable(int[] numbers, float[] rarities)
    {
        (Numbers, Rarities) = (numbers, rarities);
        columns = new Dictionary<int, int>(numbers.Length);
        for (var column = 0; column < numbers.Length; column++)
        {
            columns.Add(numbers[column], column);
        }
    }

    public int[] Numbers { get; }

    public float[] Rarities { get; }

    /// <summary>The number of terms, F.</summary>
    public int Count => Numbers.Length;

    /// <summary>The commonest terms of some texts that occur in two of them at least.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="most">How many terms at most; of equally common ones the lower numbers.</param>
    /// <param name="cancellation">Stops it.</param>
    public static TermTable Of(IEnumerable<Example> texts, int most, CancellationToken cancellation)
    {
        var frequencies = new int[1 << TermHashes.Bits];
        var (terms, seen, known, count) = (new List<int>(), new HashSet<int>(), new List<int>(), 0);
        foreach (var text in texts)
        {
            cancellation.ThrowIfCancellationRequested();
            terms.Clear();
            seen.Clear();
            var (one, pair) = text.Texts;
            TermHashes.Add(one, pair, terms);
            foreach (var term in terms)
            {
                if (seen.Add(term) && frequencies[term]++ == 0)
                {
                    known.Add(term);
                }
            }

            count++;
        }

        int[] numbers =
        [
            .. known.Where(term => frequencies[term] >= LeastTexts).OrderByDescending(term => frequencies[term]).ThenBy(term => term).Take(most).Order(),
        ];
        return new TermTable(numbers, Array.ConvertAll(numbers, term => (float)(1 + Math.Log((1.0 + count) / (1 + frequencies[term])))));
    }

    /// <summary>A text's vector: its columns in rising order and their values.</summary>
    /// <param name="text">The text.</param>
    /// <param name="columnsOfText">Receives the columns.</param>
    /// <param name="values">Receives the values.</param>
    public void Add(Example text, List<int> columnsOfText, List<float> values)
    {
        terms.Clear();
        counts.Clear();
        var (one, pair) = text.Texts;
        TermHashes.Add(one, pair, terms);
        foreach (var term in terms)
        {
            if (columns.TryGetValue(term, out var column))
            {
                counts[column] = counts.GetValueOrDefault(column) + 1;
            }
        }

        var start = columnsOfText.Count;
        columnsOfText.AddRange(counts.Keys.Order());
        var squares = 0.0;
        for (var i = start; i < columnsOfText.Count; i++)
        {
            var value = (1 + Math.Log(counts[columnsOfText[i]])) * Rarities[columnsOfText[i]];
            squares += value * value;
            values.Add((float)value);
        }

        var scale = (float)(1 / Math.Sqrt(squares));
        for (var i = start; i < values.Count; i++)
        {
            values[i] *= scale;
        }
    }
}
