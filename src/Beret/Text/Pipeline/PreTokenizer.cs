using Beret.Text.Unicode;

namespace Beret.Text.Pipeline;

/// <summary>A step that cuts a text into the parts that the model sees one by one ("pre_tokenizer" of a tokenizer.json). Stateless; shared by threads.</summary>
internal abstract class PreTokenizer
{
    public abstract void Apply(SplitText text);
}

/// <summary>Several steps, one after another.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public override void Apply(SplitText text)
    {
        foreach (var step in steps)
        {
            step.Apply(text);
        }
    }
}

/// <summary>Cuts at the matches of a pattern, or where inverted at what lies between them.</summary>
internal sealed class PatternSplit(TextPattern pattern, SplitBehavior behavior, bool invert = false) : PreTokenizer
{
    private static readonly TextPattern WhiteSpace = new TextPattern.One(Scalars.IsWhite);
    private static readonly TextPattern Punctuation = new TextPattern.One(UnicodeTables.Set("hf.punctuation").Contains);
    private static readonly Func<int, bool> IsDigit = UnicodeTables.PipelineSet("digit").Contains;

    public static PreTokenizer OfPunctuation(SplitBehavior behavior) => new PatternSplit(Punctuation, behavior);

    public static PreTokenizer OfDigits(bool individual) => individual
        ? new PatternSplit(new TextPattern.One(IsDigit), SplitBehavior.Isolated)
        : new PatternSplit(new TextPattern.Run(IsDigit), SplitBehavior.Isolated);

    public static PreTokenizer AtWhiteSpace() => new PatternSplit(WhiteSpace, SplitBehavior.Removed);

    public static PreTokenizer WordsAndSymbols() => new PatternSplit(new TextPattern.WordsAndSymbols(), SplitBehavior.Removed, invert: true);

    public static PreTokenizer Bert() => new PreTokenizerSequence([AtWhiteSpace(), OfPunctuation(SplitBehavior.Isolated)]);

    public override void Apply(SplitText text) => text.Split(pattern, behavior, invert);
}

/// <summary>
/// SentencePiece's way: spaces become a visible character, one is put before the text, and words begin with it.
/// </summary>
internal sealed class Metaspace(char replacement, MetaspacePrepend prepend, bool split) : PreTokenizer
{
    private readonly TextPattern pattern = new TextPattern.Literal(replacement.ToString());

    public override void Apply(SplitText text)
    {
        text.Rewrite(this, static (metaspace, aligned, from, to) => metaspace.Rewrite(aligned, from, to));
        if (split)
        {
            text.Split(pattern, SplitBehavior.MergedWithNext);
        }
    }

    private void Rewrite(AlignedText text, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if (text.Units[i] == ' ')
            {
                text.Set(i, replacement);
            }
        }

        var wanted = prepend == MetaspacePrepend.Always || (prepend == MetaspacePrepend.First && text.Starts[from] == 0);
        if (wanted && text.Units[from] != replacement)
        {
            text.Put(replacement, from);
        }

        text.Copy(from, to);
    }
}

/// <summary>Where <see cref="Metaspace"/> puts its character: before each part, before the first of the text, or nowhere.</summary>
internal enum MetaspacePrepend
{
    Always,
    First,
    Never,
}

/// <summary>Byte-level BPE's way: words by a regular expression, then each UTF-8 byte as a character that can be seen.</summary>
internal sealed class ByteLevel(bool addPrefixSpace, bool useRegex) : PreTokenizer
{
    private static readonly Gpt2Pattern Words = new();

    /// <summary>The character that stands for each byte: itself where it can be seen, else one from U+0100 on.</summary>
    public static string Alphabet { get; } = MakeAlphabet();

    public override void Apply(SplitText text)
    {
        if (addPrefixSpace)
        {
            text.Rewrite(this, static (_, aligned, from, to) =>
            {
                if (aligned.Units[from] != ' ')
                {
                    aligned.Put(' ', from);
                }

                aligned.Copy(from, to);
            });
        }

        if (useRegex)
        {
            text.Split(Words, SplitBehavior.Isolated);
        }

        text.Rewrite(this, static (_, aligned, from, to) => WriteBytes(aligned, from, to));
    }

    private static void WriteBytes(AlignedText text, int from, int to)
    {
        Span<byte> bytes = stackalloc byte[4];
        for (int at = from, after; at < to; at = after)
        {
            var scalar = text.Scalar(at, out after);
            if (scalar < 0x80)
            {
                text.Put(Alphabet[scalar], at);
                continue;
            }

            foreach (var value in bytes[..new System.Text.Rune(scalar).EncodeToUtf8(bytes)])
            {
                text.Put(Alphabet[value], at);
            }
        }
    }

    private static string MakeAlphabet()
    {
        var next = 0x100;
        return string.Create(256, 0, (characters, _) =>
        {
            for (var value = 0; value < 256; value++)
            {
                var visible = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
                characters[value] = (char)(visible ? value : next++);
            }
        });
    }
}
