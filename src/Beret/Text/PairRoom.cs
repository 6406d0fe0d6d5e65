namespace Beret.Text;

/// <summary>How many tokens of one or two texts are kept when they may have only so many together.</summary>
internal static class PairRoom
{
    /// <summary>
    /// Divides <paramref name="room"/> between a first text of <paramref name="a"/> tokens and a second of <paramref name="b"/>, if there is one.
    /// </summary>
    /// <exception cref="TokenizerException">A text that all must be taken from is too short for it, or is not there.</exception>
    public static (int First, int Second) Divide(int a, int? b, int room, PairTruncation strategy, TokenizerFlavour flavour)
    {
        if (a + (long)(b ?? 0) <= room)
        {
            return (a, b ?? 0);
        }

        // Hugging Face lets nothing pass where there is no room, whatever the strategy.
        if (room == 0)
        {
            return (0, 0);
        }

        switch (strategy)
        {
            case PairTruncation.OnlyFirst:
                return (Rest(a, b ?? 0, room, "first"), b ?? 0);
            case PairTruncation.OnlySecond when b is null:
                throw new TokenizerException("Second sequence not provided: only_second can shorten a pair only; use longest_first for single texts");
            case PairTruncation.OnlySecond:
                return (a, Rest(b.Value, a, room, "second"));
            default:
                return b is null ? (room, 0) : flavour == TokenizerFlavour.HuggingFace ? HuggingFace(a, b.Value, room) : InTurn(a, b.Value, room);
        }
    }

    private static int Rest(int length, int other, int room, string which)
    {
        var rest = room - (long)other;
        return rest > 0 ? (int)rest : throw new TokenizerException(
            $"Sequence to truncate too short to respect the provided max_length: the {which} text has {length} tokens, the other {other}, "
            + $"and there is room for {room} in all; raise the maximum length or use longest_first");
    }

    /// <summary>truncate_encodings of Hugging Face tokenizers, LongestFirst.</summary>
    private static (int First, int Second) HuggingFace(int first, int second, int room)
    {
        var (a, b) = first <= second ? (first, second) : (second, first);
        b = a > room ? a : Math.Max(a, room - a);
        if (a + (long)b > room)
        {
            a = room / 2;
            b = a + (room % 2);
        }

        return first <= second ? (a, b) : (b, a);
    }

    /// <summary>
    /// One token of each in turn (TF-Text's RoundRobinTrimmer), the same as removing from the longer, at equal lengths the second (original BERT).
    /// </summary>
    private static (int First, int Second) InTurn(int first, int second, int room)
    {
        var a = Math.Min(first, Math.Max((room + 1) / 2, room - second));
        return (a, room - a);
    }
}
