using System.Runtime.InteropServices;

namespace Beret.Text.Pipeline;

/// <summary>A part of a text: its units, and the added token that it is, or −1.</summary>
internal readonly record struct Split(int From, int To, int Token = -1);

/// <summary>What becomes of the matches when a text is cut.</summary>
internal enum SplitBehavior
{
    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Each is a part of its own.</summary>
    Isolated,

    /// <summary>Each ends the part before it; of several in a row only the first.</summary>
    MergedWithPrevious,

    /// <summary>Each starts the part after it; of several in a row only the last.</summary>
    MergedWithNext,

    /// <summary>Those in a row are one part.</summary>
    Contiguous,
}

/// <summary>A normalised text and the parts it is cut into. Parts that are added tokens stay as they are. Reused working memory.</summary>
internal sealed class SplitText
{
    private readonly List<(int From, int To, bool IsMatch)> pieces = [];
    private List<Split> parts = [];
    private List<Split> next = [];

    public AlignedText Text { get; } = new();

    public ReadOnlySpan<Split> Parts => CollectionsMarshal.AsSpan(parts);

    /// <summary>Starts anew: the text is in no part yet.</summary>
    public void Clear() => parts.Clear();

    /// <summary>Adds a part; an empty one is none.</summary>
    public void Add(int from, int to, int token = -1)
    {
        if (from < to)
        {
            parts.Add(new Split(from, to, token));
        }
    }

    /// <summary>Cuts each part at the matches of a pattern in it.</summary>
    public void Split(TextPattern pattern, SplitBehavior behavior, bool invert = false)
    {
        next.Clear();
        foreach (var part in Parts)
        {
            if (part.Token >= 0)
            {
                next.Add(part);
                continue;
            }

            pieces.Clear();
            var units = Text.Units[part.From..part.To];
            var at = 0;
            while (at < units.Length && pattern.Next(units, at, out var start, out var end))
            {
                AddPiece(part.From, at, start, invert);
                AddPiece(part.From, start, end, !invert);
                at = end;
            }

            AddPiece(part.From, at, units.Length, invert);
            Merge(CollectionsMarshal.AsSpan(pieces), behavior);
        }

        (parts, next) = (next, parts);
    }

    /// <summary>Writes each part anew; what is in no part is dropped.</summary>
    /// <param name="state">For the step.</param>
    /// <param name="write">Writes the part from one place to another of the old text.</param>
    public void Rewrite<TState>(TState state, Action<TState, AlignedText, int, int> write)
    {
        next.Clear();
        Text.Begin();
        foreach (var (from, to, token) in Parts)
        {
            var start = Text.Written;
            if (token >= 0)
            {
                Text.Copy(from, to);
            }
            else
            {
                write(state, Text, from, to);
            }

            next.Add(new Split(start, Text.Written, token));
        }

        Text.End();
        (parts, next) = (next, parts);
    }

    private void AddPiece(int origin, int from, int to, bool isMatch)
    {
        if (from < to)
        {
            pieces.Add((origin + from, origin + to, isMatch));
        }
    }

    private void Merge(Span<(int From, int To, bool IsMatch)> pieces, SplitBehavior behavior)
    {
        var previous = false;
        switch (behavior)
        {
            case SplitBehavior.MergedWithNext:
                // From the right: a match joins what follows, which then ends with it.
                var first = next.Count;
                for (var i = pieces.Length - 1; i >= 0; i--)
                {
                    Join(pieces[i], pieces[i].IsMatch && !previous && next.Count > first, toNext: true);
                    previous = pieces[i].IsMatch;
                }

                CollectionsMarshal.AsSpan(next)[first..].Reverse();
                break;
            case SplitBehavior.MergedWithPrevious or SplitBehavior.Contiguous:
                first = next.Count;
                foreach (var piece in pieces)
                {
                    var joins = behavior == SplitBehavior.Contiguous ? piece.IsMatch == previous : piece.IsMatch && !previous;
                    Join(piece, joins && next.Count > first, toNext: false);
                    previous = piece.IsMatch;
                }

                break;
            default:
                foreach (var piece in pieces)
                {
                    if (!piece.IsMatch || behavior == SplitBehavior.Isolated)
                    {
                        next.Add(new Split(piece.From, piece.To));
                    }
                }

                break;
        }
    }

    private void Join((int From, int To, bool IsMatch) piece, bool joins, bool toNext)
    {
        if (!joins)
        {
            next.Add(new Split(piece.From, piece.To));
            return;
        }

        ref var last = ref CollectionsMarshal.AsSpan(next)[^1];
        last = toNext ? last with { From = piece.From } : last with { To = piece.To };
    }
}
