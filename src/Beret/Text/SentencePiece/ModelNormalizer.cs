using System.Text;

namespace Beret.Text.SentencePiece;

/// <summary>
/// The normalisation that a SentencePiece model carries: its rules, spaces written ▁, one in front, none doubled or at the ends (normalizer.cc of
/// sentencepiece). User-defined pieces pass unchanged.
/// </summary>
internal sealed class ModelNormalizer
{
    /// <summary>The sign for a space, U+2581.</summary>
    public const char SpaceSign = '\u2581';

    private readonly SentencePieceModel model;
    private readonly PieceTrie userDefined;
    /// <summary>What a space is written as.</summary>
    public char Space { get; }


    // ASCII characters that stay as they are before another ASCII character.
    private readonly bool[] plain = new bool[128];

    public ModelNormalizer(SentencePieceModel model)
    {
        this.model = model;
        Space = model.EscapeSpaces ? SpaceSign : ' ';
        var pieces = new List<(string Text, int Id)>();
        for (var id = 0; id < model.Pieces.Length; id++)
        {
            if (model.Pieces[id].Type == PieceType.UserDefined)
            {
                pieces.Add((model.Pieces[id].Text, id));
            }
        }

        userDefined = new PieceTrie(pieces);
        var beginnings = pieces.Where(p => p.Text.Length > 1).Select(p => p.Text[0]).ToHashSet();
        for (var c = '\0'; c < 128; c++)
        {
            plain[c] = c != ' ' && !beginnings.Contains(c) && (userDefined.Longest([c]) > 0 || !HasRule(c));
        }
    }

    /// <summary>Writes the normalised text into <paramref name="output"/>, with ranges in <paramref name="text"/>.</summary>
    public void Apply(ReadOnlySpan<char> text, MappedText output)
    {
        output.Clear();
        var i = 0;
        if (model.RemoveExtraSpaces)
        {
            while (i < text.Length && Next(text[i..], out var units) is " ")
            {
                i += units;
            }
        }

        if (i == text.Length)
        {
            return;
        }

        if (model.AddDummyPrefix)
        {
            output.Push(Space, i, i);
        }

        var afterSpace = model.RemoveExtraSpaces;
        while (i < text.Length)
        {
            var c = text[i];
            if (c < 128 && plain[c] && (i + 1 == text.Length || text[i + 1] < 128))
            {
                output.Push(c, i, i + 1);
                afterSpace = false;
                i++;
                continue;
            }

            var part = Next(text[i..], out var units);
            if (afterSpace)
            {
                part = part.TrimStart(' ');
            }

            foreach (var unit in part)
            {
                output.Push(unit == ' ' ? Space : unit, i, i + units);
            }

            // What becomes nothing changes nothing.
            afterSpace = model.RemoveExtraSpaces && (part.IsEmpty ? afterSpace : part[^1] == ' ');
            i += units;
        }

        if (model.RemoveExtraSpaces)
        {
            var length = output.Length;
            while (length > 0 && output.Units[length - 1] == Space)
            {
                length--;
            }

            output.Shrink(length);
        }
    }

    /// <summary>
    /// What the start of a text becomes, and how many of its units that takes: a user-defined piece, what the longest rule applies to, or one scalar.
    /// </summary>
    private ReadOnlySpan<char> Next(ReadOnlySpan<char> text, out int units)
    {
        units = userDefined.Longest(text);
        if (units > 0)
        {
            return text[..units];
        }

        if (model.CharsMap is { } rules)
        {
            units = rules.Longest(text, out var replacement);
            if (units > 0)
            {
                return replacement;
            }
        }

        return Rune.DecodeFromUtf16(text, out _, out units) == System.Buffers.OperationStatus.Done ? text[..units] : "\uFFFD";
    }

    private bool HasRule(char c)
    {
        if (model.CharsMap is not { } rules)
        {
            return false;
        }

        if (rules.Longest([c], out _) > 0)
        {
            return true;
        }

        for (var second = '\0'; second < 128; second++)
        {
            if (rules.HasRuleThatBeginsWith([c, second]))
            {
                return true;
            }
        }

        return false;
    }
}
