using System.Globalization;
using System.IO.Compression;
using System.Text;
using Beret.Text;
using Beret.Text.Unicode;

namespace Beret.Tests.Text;

/// <summary>A token of the naive tokenizer: its id, its range in scalars of the source (end exclusive) and the number of its word.</summary>
internal readonly record struct NaiveToken(int Id, int Start, int End, int Word);

/// <summary>
/// The rules of the three systems one after the other over the whole text, as their own programs do them, with no thought of speed. Hugging Face's
/// and TF-Text's tables are read from the recordings; the original BERT's are those of the library, since Python's are not recorded.
/// </summary>
internal sealed class NaiveTokenizer
{
    private static readonly string[] SpecialTokens = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]"];
    private static readonly Lazy<Tables> Recorded = new(() => new Tables());

    private readonly TokenizerFlavour flavour;
    private readonly bool lowerCase;
    private readonly Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);

    public NaiveTokenizer(string vocabularyPath, bool lowerCase, TokenizerFlavour flavour)
    {
        (this.lowerCase, this.flavour) = (lowerCase, flavour);
        var lines = File.ReadAllText(vocabularyPath).Split('\n');
        for (var id = 0; id < lines.Length - 1; id++)
        {
            vocabulary[lines[id]] = id;
        }
    }

    public static Tables Unicode => Recorded.Value;

    public List<NaiveToken> Tokenize(int[] scalars)
    {
        var tokens = new List<NaiveToken>();
        var word = 0;
        var from = 0;
        if (flavour == TokenizerFlavour.HuggingFace)
        {
            for (var i = 0; i < scalars.Length; i++)
            {
                var special = SpecialTokens.FirstOrDefault(s => scalars.AsSpan(i).StartsWith(s.Select(c => (int)c).ToArray()));
                if (special is not null)
                {
                    word = Part(scalars, from, i, word, tokens);
                    tokens.Add(new NaiveToken(vocabulary[special], i, i + special.Length, word++));
                    from = i + special.Length;
                    i = from - 1;
                }
            }
        }

        Part(scalars, from, scalars.Length, word, tokens);
        return tokens;
    }

    private int Part(int[] scalars, int from, int to, int word, List<NaiveToken> tokens)
    {
        var text = new List<Character>();
        for (var i = from; i < to; i++)
        {
            text.Add(new Character(scalars[i], i));
        }

        var words = flavour switch
        {
            TokenizerFlavour.HuggingFace => HuggingFace(text),
            TokenizerFlavour.TensorFlow => TensorFlow(text),
            _ => Google(text),
        };
        foreach (var characters in words)
        {
            WordPiece(characters, word++, tokens);
        }

        return word;
    }

    private List<List<Character>> HuggingFace(List<Character> text)
    {
        var u = Unicode;
        text = [.. text.Where(c => !u.Hf["deleted"].Contains(c.Scalar)).Select(c => u.Hf["space"].Contains(c.Scalar) ? c with { Scalar = ' ' } : c)];
        text = Surround(text, u.Hf["cjk"].Contains);
        if (lowerCase)
        {
            // Only what Unicode 9.0 decomposes is in the recorded hf_nfd_strip.
            text = Decompose(
                text,
                (c, _) => u.HfStrip.ContainsKey(c) ? u.Nfd.GetValueOrDefault(c, [c]) : [c],
                c => u.Hf["combining_mark"].Contains(c) ? u.Ccc.GetValueOrDefault(c) : 0);
            text = [.. text.Where(c => !u.Hf["accent"].Contains(c.Scalar))];
            text = [.. text.SelectMany(c => u.HfLower.GetValueOrDefault(c.Scalar, [c.Scalar]).Select(l => c with { Scalar = l }))];
        }

        return Split(text, u.Hf["white_pretok"].Contains, u.Hf["punct"].Contains);
    }

    private List<List<Character>> TensorFlow(List<Character> text)
    {
        var u = Unicode;
        if (lowerCase)
        {
            text = [.. text.SelectMany(c => u.Fold.GetValueOrDefault(c.Scalar, [c.Scalar]).Select((f, k) => c with { Scalar = f, Added = k > 0 }))];
            text = Decompose(text, (c, _) => u.Nfd.GetValueOrDefault(c, [c]), c => u.Ccc.GetValueOrDefault(c));
            text = [.. text.Where(c => !u.Tf["mn"].Contains(c.Scalar))];
        }

        text = [.. text.Select(c => u.Tf["cc_cf"].Contains(c.Scalar) ? c with { Scalar = ' ' } : c)];
        return Split(text, c => c == ' ', u.Tf["split_keep"].Contains);
    }

    private List<List<Character>> Google(List<Character> text)
    {
        var white = UnicodeTables.Set("google.white");
        (int First, int Last)[] chinese =
        [
            (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF),
            (0x2F800, 0x2FA1F),
        ];
        text = [.. text.Where(c => !UnicodeTables.Set("google.deleted").Contains(c.Scalar))];
        text = Surround(text, c => chinese.Any(r => c >= r.First && c <= r.Last));
        var words = new List<List<Character>>();
        foreach (var token in Split(text, white.Contains, _ => false))
        {
            // The library's table has lower case, NFD and the removal of marks in one: what it removes is kept until marks are in order.
            var lowered = !lowerCase ? token : Decompose(token, (_, i) => LowerAndStrip(token, i), c => First(UnicodeTables.Map("google.order"), c))
                .FindAll(c => !UnicodeTables.Map("google.uncased").TryGet(c.Scalar, out var kept) || kept.Length > 0);
            words.AddRange(Split(lowered, white.Contains, UnicodeTables.Set("google.punctuation").Contains));
        }

        return words;
    }

    private static List<Character> Surround(List<Character> text, Func<int, bool> isChinese) =>
        [.. text.SelectMany(c => isChinese(c.Scalar) ? [c with { Scalar = ' ' }, c, c with { Scalar = ' ' }] : new[] { c })];

    private static int[] LowerAndStrip(List<Character> token, int i)
    {
        var c = token[i].Scalar;
        if (c is >= 0xAC00 and < 0xD7A4)
        {
            return Hangul(c);
        }

        if (c != 0x3A3)
        {
            return UnicodeTables.Map("google.uncased").TryGet(c, out var lowered) && lowered.Length > 0 ? lowered : [c];
        }

        var (ignorable, cased) = (UnicodeTables.Set("google.ignorable"), UnicodeTables.Set("google.cased"));
        var before = token[..i].FindLast(x => !ignorable.Contains(x.Scalar));
        var after = token[(i + 1)..].Find(x => !ignorable.Contains(x.Scalar));
        return [before is not null && cased.Contains(before.Scalar) && !(after is not null && cased.Contains(after.Scalar)) ? 0x3C2 : 0x3C3];
    }

    private static int First(ScalarMap map, int scalar) => map.TryGet(scalar, out var values) ? values[0] : 0;

    private static int[] Hangul(int c)
    {
        var s = c - 0xAC00;
        int[] all = [0x1100 + (s / 588), 0x1161 + (s % 588 / 28), 0x11A7 + (s % 28)];
        return s % 28 == 0 ? all[..2] : all;
    }

    /// <summary>
    /// NFD with the ranges of Hugging Face's NormalizedString.transform: each output that is not an addition takes the range of the next source
    /// character, an addition that of the source character before it.
    /// </summary>
    private static List<Character> Decompose(List<Character> text, Func<int, int, int[]> map, Func<int, int> combiningClass)
    {
        var outputs = text.SelectMany((c, i) => (c.Scalar is >= 0xAC00 and < 0xD7A4 ? Hangul(c.Scalar) : map(c.Scalar, i))
            .Select((scalar, k) => c with { Scalar = scalar, Added = c.Added || k > 0 }));
        var sources = text.FindAll(c => !c.Added);
        var source = -1;
        var result = new List<Character>();
        foreach (var output in Order(outputs, combiningClass))
        {
            source += output.Added ? 0 : 1;
            result.Add(new Character(output.Scalar, sources[source].Source));
        }

        return result;
    }

    /// <summary>Canonical ordering: exchange neighbours until no mark stands before one of a lower class.</summary>
    private static List<Character> Order(IEnumerable<Character> text, Func<int, int> combiningClass)
    {
        var result = text.ToList();
        for (var exchanged = true; exchanged;)
        {
            exchanged = false;
            for (var i = 1; i < result.Count; i++)
            {
                var (a, b) = (combiningClass(result[i - 1].Scalar), combiningClass(result[i].Scalar));
                if (b > 0 && a > b)
                {
                    (result[i - 1], result[i]) = (result[i], result[i - 1]);
                    exchanged = true;
                }
            }
        }

        return result;
    }

    private static List<List<Character>> Split(List<Character> text, Func<int, bool> isSpace, Func<int, bool> isAlone)
    {
        var words = new List<List<Character>>();
        List<Character>? word = null;
        foreach (var c in text)
        {
            if (isSpace(c.Scalar))
            {
                word = null;
            }
            else if (isAlone(c.Scalar))
            {
                words.Add([c]);
                word = null;
            }
            else if (word is null)
            {
                words.Add(word = [c]);
            }
            else
            {
                word.Add(c);
            }
        }

        return words;
    }

    private void WordPiece(List<Character> word, int number, List<NaiveToken> tokens)
    {
        var unknown = new NaiveToken(vocabulary["[UNK]"], word[0].Source, word[^1].Source + 1, number);
        var length = flavour == TokenizerFlavour.TensorFlow ? Encoding.UTF8.GetByteCount(Text(word, 0, word.Count)) : word.Count;
        if (length > (flavour == TokenizerFlavour.Google ? 200 : 100))
        {
            tokens.Add(unknown);
            return;
        }

        var pieces = new List<NaiveToken>();
        for (var from = 0; from < word.Count;)
        {
            var to = word.Count;
            int id;
            while (!vocabulary.TryGetValue((from > 0 ? "##" : "") + Text(word, from, to), out id))
            {
                if (--to == from)
                {
                    tokens.Add(unknown);
                    return;
                }
            }

            pieces.Add(new NaiveToken(id, word[from].Source, word[to - 1].Source + 1, number));
            from = to;
        }

        tokens.AddRange(pieces);
    }

    private static string Text(List<Character> word, int from, int to) => string.Concat(word[from..to].Select(c => char.ConvertFromUtf32(c.Scalar)));

    private sealed record Character(int Scalar, int Source)
    {
        public bool Added { get; init; }
    }

    /// <summary>The recorded tables of fixtures/tokens/unicode.</summary>
    internal sealed class Tables
    {
        public Dictionary<string, HashSet<int>> Hf { get; } = Classes("hf_classes");

        public Dictionary<string, HashSet<int>> Tf { get; } = Classes("tf_classes");

        public Dictionary<int, int[]> HfStrip { get; } = Map("hf_nfd_strip");

        public Dictionary<int, int[]> HfLower { get; } = Map("hf_lower");

        public Dictionary<int, int[]> Fold { get; } = Map("tf_casefold");

        public Dictionary<int, int[]> Nfd { get; } = Map("tf_nfd");

        public Dictionary<int, int> Ccc { get; } = Rows("ccc").ToDictionary(r => Hex(r[0]), r => int.Parse(r[1], CultureInfo.InvariantCulture));

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        private static IEnumerable<string[]> Rows(string name)
        {
            using var reader = new StreamReader(new GZipStream(
                File.OpenRead(Shared.Path("fixtures", "tokens", "unicode", $"{name}.tsv.gz")), CompressionMode.Decompress));
            while (reader.ReadLine() is { } line)
            {
                yield return line.Split('\t');
            }
        }

        private static Dictionary<int, int[]> Map(string name) =>
            Rows(name).ToDictionary(r => Hex(r[0]), r => r[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Hex).ToArray());

        private static Dictionary<string, HashSet<int>> Classes(string name) => Rows(name).GroupBy(r => r[0]).ToDictionary(
            g => g.Key, g => g.SelectMany(r => Enumerable.Range(Hex(r[1]), Hex(r[2]) - Hex(r[1]) + 1)).ToHashSet());
    }
}
