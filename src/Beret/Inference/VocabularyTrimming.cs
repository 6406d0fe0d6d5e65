using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>
/// How the embeddings of a new vocabulary come from those of an old one: a token that both have keeps its embedding, any other gets the mean of the pieces that spell it in the old one.
/// </summary>
internal sealed class VocabularyTrimming
{
    private const string WordPiecePrefix = "##";
    private const char UnigramSpace = '▁';

    private readonly int[][] sources;

    private VocabularyTrimming(int[][] sources, int taken, int unknown)
    {
        this.sources = sources;
        Taken = taken;
        Unknown = unknown;
    }

    /// <summary>The tokens that both vocabularies have.</summary>
    public int Taken { get; }

    /// <summary>The tokens put together from several, or from one of another name.</summary>
    public int Averaged => sources.Length - Taken - Unknown;

    /// <summary>The tokens that the old vocabulary cannot spell.</summary>
    public int Unknown { get; }

    public static VocabularyTrimming Between(Tokenizer old, Tokenizer trimmed)
    {
        var sources = new int[trimmed.VocabularySize][];
        var (taken, unknown) = (0, 0);
        for (var id = 0; id < sources.Length; id++)
        {
            var token = trimmed.Token(id);
            if (SpecialId(id) is { } special)
            {
                sources[id] = [special];
                taken++;
            }
            else if (token is not null && old.TryGetId(token, out var same))
            {
                sources[id] = [same];
                taken++;
            }
            else
            {
                sources[id] = token is null ? [] : Spell(token, old);
                if (sources[id].Length == 0)
                {
                    sources[id] = [old.UnknownId ?? old.PaddingId];
                    unknown++;
                }
            }
        }

        return new VocabularyTrimming(sources, taken, unknown);

        // By what it is for, whatever it is called.
        int? SpecialId(int id) =>
            id == trimmed.PaddingId ? old.PaddingId
            : id == trimmed.UnknownId ? old.UnknownId
            : id == trimmed.ClassificationId ? old.ClassificationId
            : id == trimmed.SeparatorId ? old.SeparatorId
            : id == trimmed.MaskId ? old.MaskId
            : null;
    }

    /// <summary>Fills the table of the new vocabulary.</summary>
    public void Write(IBackend backend, Parameter old, Parameter trimmed)
    {
        var row = new float[old.Columns];
        var mean = new float[old.Columns];
        for (var id = 0; id < sources.Length; id++)
        {
            Array.Clear(mean);
            foreach (var source in sources[id])
            {
                backend.Read(old.Value.RowRange(source, 1), row);
                for (var i = 0; i < mean.Length; i++)
                {
                    mean[i] += row[i] / sources[id].Length;
                }
            }

            backend.Write(mean, trimmed.Value.RowRange(id, 1));
        }
    }

    /// <summary>The old pieces of a token's text; none where it cannot be spelt.</summary>
    private static int[] Spell(string token, Tokenizer old)
    {
        var goesOn = token.StartsWith(WordPiecePrefix, StringComparison.Ordinal) && token.Length > WordPiecePrefix.Length;
        var text = goesOn ? token[WordPiecePrefix.Length..] : token.TrimStart(UnigramSpace);
        var ids = goesOn && old.Kind == "WordPiece"
            ? SpellWithin(old.LowerCase ? text.ToLowerInvariant() : text, old)
            : old.Encode(text, options: new EncodeOptions { AddSpecialTokens = false }).Ids;
        return ids.Contains(old.UnknownId ?? -1) ? [] : ids;
    }

    /// <summary>The longest pieces from the left, all of them within a word.</summary>
    private static int[] SpellWithin(string text, Tokenizer old)
    {
        var ids = new List<int>();
        for (int at = 0, length; at < text.Length; at += length)
        {
            var id = 0;
            for (length = text.Length - at; length > 0 && !old.TryGetId($"{WordPiecePrefix}{text.AsSpan(at, length)}", out id); length--)
            {
            }

            if (length == 0)
            {
                return [];
            }

            ids.Add(id);
        }

        return [.. ids];
    }
}
