using Beret.Text.Unicode;

namespace Beret.Text.Vocabularies;

/// <summary>
/// Cuts text into what pieces are found in, normalised as the tokenizer does it. For WordPiece these are BERT's words. For Unigram they are the runs of letters and the runs of
/// punctuation between spaces, for no piece has both; one that follows a space, or begins the text, begins with a space.
/// </summary>
internal sealed class WordSplitter
{
    private readonly ScalarRules rules;
    private readonly Normalizer normalizer;
    private readonly NormalizedText normal = new();
    private readonly bool keepsSpaces;
    private readonly List<char> word = [];
    private UnitKind kind;
    private bool isAfterSpace;

    public WordSplitter(VocabularyType type, bool lowerCase)
    {
        keepsSpaces = type == VocabularyType.Unigram;
        rules = ScalarRules.For(new ScalarSettings(
            TokenizerFlavour.HuggingFace, lowerCase, StripAccents: lowerCase, SpaceChinese: !keepsSpaces, CleanText: true));
        normalizer = new Normalizer(rules);
    }

    /// <summary>What is done with a word.</summary>
    public delegate void Use<TState>(TState state, ReadOnlySpan<char> word);

    public void Split<TState>(ReadOnlySpan<char> text, TState state, Use<TState> use)
    {
        word.Clear();
        kind = UnitKind.Space;
        isAfterSpace = true;
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (c < 128 && rules.Ascii[c] is ScalarAction.Space or ScalarAction.Alone)
            {
                Add(text.Slice(i++, 1), rules.Ascii[c] == ScalarAction.Space ? UnitKind.Space : UnitKind.Alone, state, use);
                continue;
            }

            i = normalizer.Stretch(text, i, normal);
            var units = normal.Units;
            var kinds = normal.Kinds;
            for (int from = 0, to; from < units.Length; from = to)
            {
                to = from + (char.IsHighSurrogate(units[from]) ? 2 : 1);
                var run = KindOf(units[from], kinds[from]);
                while (run == UnitKind.Letter && to < units.Length && KindOf(units[to], kinds[to]) == UnitKind.Letter)
                {
                    to++;
                }

                Add(units[from..to], run, state, use);
            }
        }

        End(state, use);
    }

    /// <summary>The character that stands for a space is one, where spaces are kept.</summary>
    private UnitKind KindOf(char unit, UnitKind own) => keepsSpaces && unit == UnigramFiles.Space ? UnitKind.Space : own;

    private void Add<TState>(ReadOnlySpan<char> units, UnitKind next, TState state, Use<TState> use)
    {
        if (next != kind || !keepsSpaces)
        {
            End(state, use);
            kind = next;
        }

        if (next == UnitKind.Space)
        {
            isAfterSpace = true;
            return;
        }

        if (word.Count == 0 && keepsSpaces && isAfterSpace)
        {
            word.Add(WordTable.Space);
        }

        isAfterSpace = false;
        word.AddRange(units);
    }

    private void End<TState>(TState state, Use<TState> use)
    {
        if (word.Count > 0)
        {
            use(state, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(word));
            word.Clear();
        }
    }
}
