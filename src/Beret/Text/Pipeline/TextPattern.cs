namespace Beret.Text.Pipeline;

/// <summary>What a step looks for in a text: the next match, as the regular expression or the character test that it stands for would find it.</summary>
internal abstract class TextPattern
{
    /// <summary>The first match that starts at or after <paramref name="from"/>; it is not empty.</summary>
    public abstract bool Next(ReadOnlySpan<char> text, int from, out int start, out int end);

    /// <summary>The patterns that published files use as a regular expression; null where it is none of them.</summary>
    public static TextPattern? OfRegex(string regex) => regex switch
    {
        " {2,}" => new Run(static c => c == ' ', shortest: 2),
        " +" => new Run(static c => c == ' '),
        @"\s+" => new Run(Scalars.IsWhite),
        @"\s" => new One(Scalars.IsWhite),
        Gpt2Pattern.Regex => new Gpt2Pattern(),
        _ => null,
    };

    /// <summary>This very text; an empty one is found nowhere.</summary>
    internal sealed class Literal(string content) : TextPattern
    {
        public override bool Next(ReadOnlySpan<char> text, int from, out int start, out int end)
        {
            var found = content.Length == 0 ? -1 : text[from..].IndexOf(content, StringComparison.Ordinal);
            (start, end) = (from + found, from + found + content.Length);
            return found >= 0;
        }
    }

    /// <summary>Any one scalar of a class.</summary>
    internal sealed class One(Func<int, bool> isMember) : TextPattern
    {
        public override bool Next(ReadOnlySpan<char> text, int from, out int start, out int end)
        {
            for (start = from; start < text.Length; start = end)
            {
                if (isMember(Scalars.At(text, start, out end)))
                {
                    return true;
                }
            }

            end = start;
            return false;
        }
    }

    /// <summary>As many scalars of a class in a row as there are.</summary>
    internal sealed class Run(Func<int, bool> isMember, int shortest = 1) : TextPattern
    {
        public override bool Next(ReadOnlySpan<char> text, int from, out int start, out int end)
        {
            (start, end) = (from, from);
            var count = 0;
            while (end < text.Length)
            {
                if (isMember(Scalars.At(text, end, out var after)))
                {
                    count++;
                    end = after;
                    continue;
                }

                if (count >= shortest)
                {
                    return true;
                }

                (start, end, count) = (after, after, 0);
            }

            return count >= shortest;
        }
    }

    /// <summary>The words and the runs between them of "\w+|[^\w\s]+".</summary>
    internal sealed class WordsAndSymbols : TextPattern
    {
        public override bool Next(ReadOnlySpan<char> text, int from, out int start, out int end)
        {
            (start, end) = (from, from);
            var kind = 0;
            while (end < text.Length)
            {
                var scalar = Scalars.At(text, end, out var after);
                var next = Scalars.IsWhite(scalar) ? 0 : ScalarClasses.IsWord(scalar) ? 1 : 2;
                if (kind != 0 && next != kind)
                {
                    return true;
                }

                if (next == 0)
                {
                    start = after;
                }

                (kind, end) = (next, after);
            }

            return kind != 0;
        }
    }
}
