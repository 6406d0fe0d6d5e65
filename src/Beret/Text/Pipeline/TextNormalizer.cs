using Beret.Text.Unicode;

namespace Beret.Text.Pipeline;

/// <summary>A step that changes the characters of a text before it is split ("normalizer" of a tokenizer.json). Stateless; shared by threads.</summary>
internal abstract class TextNormalizer
{
    public abstract void Apply(AlignedText text);

    /// <summary>What a text of its own becomes.</summary>
    public string Apply(string text)
    {
        var aligned = new AlignedText();
        aligned.Load(text, 0, text.Length);
        Apply(aligned);
        return new string(aligned.Units);
    }
}

/// <summary>Several steps, one after another.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<TextNormalizer> steps) : TextNormalizer
{
    public override void Apply(AlignedText text)
    {
        foreach (var step in steps)
        {
            step.Apply(text);
        }
    }
}

/// <summary>Maps scalars one by one; those that become nothing are dropped.</summary>
/// <param name="maps">Whether a scalar changes; then what it becomes is in the second argument.</param>
internal sealed class ScalarMapping(ScalarMapping.Rule maps) : TextNormalizer
{
    // The ASCII characters that change, to pass over the others quickly.
    private readonly bool[] ascii = [.. Enumerable.Range(0, 128).Select(c => maps(c, out _))];

    public delegate bool Rule(int scalar, out ReadOnlySpan<int> becomes);

    /// <summary>Lower case character by character, without the final sigma rule.</summary>
    public static ScalarMapping Lowercase { get; } = By(UnicodeTables.Map("hf.lower"));

    /// <summary>Drops all marks.</summary>
    public static ScalarMapping StripAccents { get; } = Drop(UnicodeTables.PipelineSet("mark").Contains);

    /// <summary>The rules of SentencePiece's "nmt": control characters go, other white space and what is invisible becomes a space.</summary>
    public static ScalarMapping Nmt { get; } = new((int scalar, out ReadOnlySpan<int> becomes) =>
    {
        switch (scalar)
        {
            case (>= 0x1 and <= 0x8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or 0x8F or 0x9F:
                becomes = [];
                return true;
            case 0x9 or 0xA or 0xC or 0xD or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD:
                becomes = Space;
                return true;
            default:
                becomes = default;
                return false;
        }
    });

    private static ReadOnlySpan<int> Space => [' '];

    /// <summary>The steps of BertNormalizer.</summary>
    public static TextNormalizer Bert(bool cleanText, bool spaceChinese, bool stripAccents, bool lowerCase)
    {
        var steps = new List<TextNormalizer>();
        if (cleanText)
        {
            var (deleted, space) = (UnicodeTables.Set("hf.deleted"), UnicodeTables.Set("hf.space"));
            steps.Add(new ScalarMapping((int scalar, out ReadOnlySpan<int> becomes) =>
            {
                becomes = deleted.Contains(scalar) ? [] : Space;
                return becomes.IsEmpty || space.Contains(scalar);
            }));
        }

        if (spaceChinese)
        {
            steps.Add(new ChineseSpaces());
        }

        if (stripAccents)
        {
            var strip = UnicodeTables.Map("hf.strip");
            steps.Add(new UnicodeForm(compatibility: false, compose: false));
            steps.Add(Drop(scalar => strip.TryGet(scalar, out var becomes) && becomes.Length == 0));
        }

        if (lowerCase)
        {
            steps.Add(Lowercase);
        }

        return new NormalizerSequence(steps);
    }

    public override void Apply(AlignedText text)
    {
        var (kept, length) = (0, text.Length);
        for (int at = 0, after; at < length; at = after)
        {
            var scalar = text.Scalar(at, out after);
            if ((scalar < 128 && !ascii[scalar]) || !maps(scalar, out var becomes))
            {
                continue;
            }

            if (becomes.Length == 1 && becomes[0] < 0x10000 && after == at + 1)
            {
                text.Set(at, (char)becomes[0]);
                continue;
            }

            if (kept == 0)
            {
                text.Begin();
            }

            text.Copy(kept, at);
            foreach (var next in becomes)
            {
                text.Put(next, at);
            }

            kept = after;
        }

        if (kept > 0)
        {
            text.Copy(kept, length);
            text.End();
        }
    }

    private static ScalarMapping By(ScalarMap map) => new((int scalar, out ReadOnlySpan<int> becomes) =>
    {
        var changes = map.TryGet(scalar, out var values);
        becomes = values;
        return changes;
    });

    private static ScalarMapping Drop(Func<int, bool> isDropped) => new((int scalar, out ReadOnlySpan<int> becomes) =>
    {
        becomes = [];
        return isDropped(scalar);
    });

    /// <summary>Spaces around CJK characters, with the characters' own ranges.</summary>
    private sealed class ChineseSpaces : TextNormalizer
    {
        public override void Apply(AlignedText text)
        {
            var chinese = UnicodeTables.Set("hf.cjk");
            text.Begin();
            for (int at = 0, after; at < text.Length; at = after)
            {
                var scalar = text.Scalar(at, out after);
                var alone = chinese.Contains(scalar);
                if (alone)
                {
                    text.Put(' ', at);
                }

                text.Copy(at, after);
                if (alone)
                {
                    text.Put(' ', at);
                }
            }

            text.End();
        }
    }
}

/// <summary>Takes white space away at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    public override void Apply(AlignedText text)
    {
        var units = text.Units;
        var (from, to) = (0, units.Length);
        while (left && from < to && Scalars.IsWhite(units[from]))
        {
            from++;
        }

        while (right && to > from && Scalars.IsWhite(units[to - 1]))
        {
            to--;
        }

        text.Begin();
        text.Copy(from, to);
        text.End();
    }
}

/// <summary>Puts a text before a text that is not empty, with the range of its first character.</summary>
internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    public override void Apply(AlignedText text)
    {
        if (text.Length == 0)
        {
            return;
        }

        text.Begin();
        foreach (var rune in prefix.EnumerateRunes())
        {
            text.Put(rune.Value, 0);
        }

        text.Copy(0, text.Length);
        text.End();
    }
}

/// <summary>Puts a text in the place of each match, with the range of the match's last character.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : TextNormalizer
{
    public override void Apply(AlignedText text)
    {
        var kept = 0;
        while (pattern.Next(text.Units, kept, out var start, out var end))
        {
            if (kept == 0)
            {
                text.Begin();
            }

            text.Copy(kept, start);
            foreach (var rune in content.EnumerateRunes())
            {
                text.Insert(rune.Value, end);
            }

            kept = end;
        }

        if (kept > 0)
        {
            text.Copy(kept, text.Length);
            text.End();
        }
    }
}
