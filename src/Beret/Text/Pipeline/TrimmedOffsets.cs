namespace Beret.Text.Pipeline;

/// <summary>
/// Leaves the white space that tokens hold out of their ranges, as ByteLevel and RobertaProcessing do with trim_offsets. The first space of the first
/// token stays where it may have been put there by add_prefix_space.
/// </summary>
internal sealed class TrimmedOffsets(TextEncoder inner, TokenTable tokens, IEnumerable<AddedToken> added, bool addPrefixSpace) : TextEncoder
{
    // ByteLevel's character for the space.
    private const char Space = 'Ġ';

    private readonly HashSet<int> added = [.. added.Select(t => t.Id)];

    public override void Append(ReadOnlySpan<char> text, TokenBuffer buffer)
    {
        var first = buffer.Count;
        inner.Append(text, buffer);
        for (var i = first; i < buffer.Count; i++)
        {
            var (id, start, end) = (buffer.Ids[i], buffer.Starts[i], buffer.Ends[i]);

            // An added token is what it was found as, with the white space that it takes with it.
            var token = added.Contains(id) ? text[start..end] : tokens.Token(id);
            var (leading, trailing) = (Leading(token), Trailing(token));
            if (leading > 0 && addPrefixSpace && (i == first || start == 0))
            {
                leading--;
            }

            // The spaces are counted off in characters, whatever characters they are.
            for (; leading > 0 && start < end; leading--)
            {
                Scalars.At(text, start, out start);
            }

            buffer.SetRange(i, start, Math.Max(start, Back(text, end, trailing)));
        }
    }

    /// <summary>The place so many characters before another; the same place where there are not so many.</summary>
    private static int Back(ReadOnlySpan<char> text, int at, int count)
    {
        var back = at;
        for (; count > 0; count--)
        {
            if (back == 0)
            {
                return at;
            }

            back -= Scalars.Before(text, back) > 0xFFFF ? 2 : 1;
        }

        return back;
    }

    private static int Leading(ReadOnlySpan<char> token)
    {
        var count = 0;
        while (count < token.Length && (token[count] == Space || Scalars.IsWhite(token[count])))
        {
            count++;
        }

        return count;
    }

    private static int Trailing(ReadOnlySpan<char> token)
    {
        var count = 0;
        while (count < token.Length && (token[^(count + 1)] == Space || Scalars.IsWhite(token[^(count + 1)])))
        {
            count++;
        }

        return count;
    }
}
