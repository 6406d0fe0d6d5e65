namespace Beret.Text.Pipeline;

/// <summary>
/// The steps of a tokenizer.json: added tokens are cut out of the raw text, what lies between them is normalised, more added tokens are cut out of that,
/// the rest is split, and the model cuts each part into tokens.
/// </summary>
/// <param name="normalizer">Changes the characters, if anything does.</param>
/// <param name="preTokenizer">Splits the text, if anything does.</param>
/// <param name="model">Makes the tokens.</param>
/// <param name="added">The tokens looked for in the text itself, and in normalised text (those that say "normalized").</param>
internal sealed class PipelineEncoder(TextNormalizer? normalizer, PreTokenizer? preTokenizer, SplitModel model, IReadOnlyCollection<AddedToken> added)
    : TextEncoder
{
    private readonly AddedTokens? raw = AddedTokens.Of(added.Where(t => !t.Normalized));
    private readonly AddedTokens? normalized = AddedTokens.Of(added.Where(t => t.Normalized)
        .Select(t => normalizer is null ? t : t with { Content = normalizer.Apply(t.Content) }));

    public override void Append(ReadOnlySpan<char> text, TokenBuffer buffer)
    {
        var scratch = buffer.Scratch<PipelineScratch>();
        var (word, from, cursor) = (0, 0, 0);
        while (raw is not null && raw.Find(text, ref cursor, from, out var match))
        {
            AppendPart(text, from, match.Start, ref word, scratch, buffer);
            buffer.Append(match.Id, match.Start, match.End, word++);
            from = match.End;
        }

        AppendPart(text, from, text.Length, ref word, scratch, buffer);
    }

    private void AppendPart(ReadOnlySpan<char> text, int from, int to, ref int word, PipelineScratch scratch, TokenBuffer buffer)
    {
        if (from >= to)
        {
            return;
        }

        var parts = scratch.Parts;
        var aligned = parts.Text;
        aligned.Load(text, from, to);
        normalizer?.Apply(aligned);
        parts.Clear();
        var (start, cursor) = (0, 0);
        while (normalized is not null && normalized.Find(aligned.Units, ref cursor, start, out var match))
        {
            parts.Add(start, match.Start);
            parts.Add(match.Start, match.End, match.Id);
            start = match.End;
        }

        parts.Add(start, aligned.Length);
        preTokenizer?.Apply(parts);
        foreach (var part in parts.Parts)
        {
            if (part.Token >= 0)
            {
                buffer.Append(part.Token, aligned.Starts[part.From], aligned.Ends[part.To - 1], word++);
            }
            else if (part.From < part.To)
            {
                model.Append(aligned, part, word++, scratch, buffer);
            }
        }
    }
}
