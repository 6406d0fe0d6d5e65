using System.Text;
using Beret.Text.Unicode;

namespace Beret.Text.SentencePiece;

/// <summary>
/// Canonical ordering of marks and canonical composition of a decomposed text in place, by the tables of ICU 12.1, which TF-Text is built with
/// (The Unicode Standard, section 3.11, D109 and D117).
/// </summary>
internal static class CanonicalForm
{
    private static readonly ScalarMap Classes = UnicodeTables.SentencePieceMap("tf.class");
    private static readonly Dictionary<(int First, int Second), int> Pairs = ReadPairs();
    private static readonly HashSet<int> Seconds = [.. Pairs.Keys.Select(pair => pair.Second)];

    /// <summary>
    /// Whether a scalar may change places with its neighbours or join the one before it: a text without such a scalar is in order and composed.
    /// </summary>
    public static bool Concerns(int scalar) => Class(scalar) != 0 || Seconds.Contains(scalar) || Hangul.Seconds.Contains(scalar);

    /// <summary>The scalars that <see cref="Concerns"/> any.</summary>
    public static IEnumerable<int> Concerned => Classes.Scalars.Union(Seconds).Union(Hangul.Seconds);

    /// <summary>
    /// Puts each run of marks in the order of their classes. Characters move, ranges stay: the k-th of the run keeps the k-th range.
    /// </summary>
    public static void Order(MappedText text)
    {
        var units = text.Units;
        var starts = text.Starts;
        var ends = text.Ends;
        for (var i = 0; i < units.Length;)
        {
            var from = i;
            var (last, sorted, count) = (0, true, 0);
            while (i < units.Length)
            {
                var scalar = Decode(units, i, out var width);
                var order = Class(scalar);
                if (order == 0)
                {
                    i += count == 0 ? width : 0;
                    break;
                }

                sorted &= order >= last;
                last = order;
                count++;
                i += width;
            }

            if (!sorted)
            {
                OrderRun(units[from..i], starts[from..i], ends[from..i], count);
            }
        }
    }

    /// <summary>Joins each character with the starter before it where the two have a composite and nothing stands between that blocks them.</summary>
    public static void Compose(MappedText text)
    {
        var units = text.Units;
        var starts = text.Starts;
        var ends = text.Ends;
        var (to, starterAt, starter, lastClass) = (0, -1, 0, 0);
        for (var i = 0; i < units.Length;)
        {
            var scalar = Decode(units, i, out var width);
            var order = Class(scalar);
            if (starterAt >= 0 && (lastClass == 0 || lastClass < order) && Pair(starter, scalar) is { } composite)
            {
                // A composite has as many units as its starter.
                starter = composite;
                var places = ends.Slice(starterAt, Put(units, starterAt, composite));
                places.Fill(Math.Max(places[0], ends[i]));
            }
            else
            {
                if (order == 0)
                {
                    (starterAt, starter) = (to, scalar);
                }

                lastClass = order;
                for (var k = 0; k < width; k++)
                {
                    (units[to + k], starts[to + k], ends[to + k]) = (units[i + k], starts[i + k], ends[i + k]);
                }

                to += width;
            }

            i += width;
        }

        text.Shrink(to);
    }

    private static void OrderRun(Span<char> units, Span<int> starts, Span<int> ends, int count)
    {
        // Class, place in the run, scalar: sorting these numbers keeps the order of equal classes.
        var marks = new (int Class, int Place, int Scalar, int Start, int End)[count];
        for (int i = 0, k = 0; i < units.Length; k++)
        {
            var scalar = Decode(units, i, out var width);
            marks[k] = (Class(scalar), k, scalar, starts[i], ends[i]);
            i += width;
        }

        var ranges = Array.ConvertAll(marks, mark => (mark.Start, mark.End));
        Array.Sort(marks, static (a, b) => a.Class != b.Class ? a.Class - b.Class : a.Place - b.Place);
        for (int i = 0, k = 0; i < units.Length; k++)
        {
            var width = Put(units, i, marks[k].Scalar);
            starts.Slice(i, width).Fill(ranges[k].Start);
            ends.Slice(i, width).Fill(ranges[k].End);
            i += width;
        }
    }

    private static int? Pair(int first, int second) =>
        Hangul.Compose(first, second) ?? (Pairs.TryGetValue((first, second), out var composite) ? composite : null);

    private static int Class(int scalar) => Classes.TryGet(scalar, out var value) ? value[0] : 0;

    private static int Decode(ReadOnlySpan<char> units, int at, out int width)
    {
        Rune.DecodeFromUtf16(units[at..], out var rune, out width);
        return rune.Value;
    }

    private static int Put(Span<char> units, int at, int scalar) => new Rune(scalar).EncodeToUtf16(units[at..]);

    private static Dictionary<(int First, int Second), int> ReadPairs()
    {
        var composites = UnicodeTables.SentencePieceMap("tf.composite");
        var pairs = new Dictionary<(int First, int Second), int>();
        foreach (var composite in composites.Scalars)
        {
            composites.TryGet(composite, out var parts);
            pairs.Add((parts[0], parts[1]), composite);
        }

        return pairs;
    }
}
