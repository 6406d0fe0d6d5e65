using System.Text;

namespace Beret.Text.Pipeline;

/// <summary>The settings of a BPE model beside its vocabulary and merges.</summary>
internal sealed record BpeSettings
{
    /// <summary>The token of characters that are none; null drops them.</summary>
    public string? Unknown { get; init; }

    /// <summary>Whether neighbouring unknown characters are one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>What stands before all characters of a word but the first.</summary>
    public string ContinuingPrefix { get; init; } = "";

    /// <summary>What stands after the last character of a word.</summary>
    public string EndSuffix { get; init; } = "";

    /// <summary>Whether unknown characters become the tokens of their bytes, &lt;0x00&gt; to &lt;0xFF&gt;.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a word that is a token stays whole, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }
}

/// <summary>Byte-pair encoding: a word starts as its characters, and neighbours are merged in the order of the merges.</summary>
internal sealed class BpeModel : SplitModel
{
    private const byte WholeWord = 1;
    private const byte NoWholeWord = 2;

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids;
    private readonly MergeTable merges;
    private readonly BpeSettings settings;
    private readonly int? unknown;
    private readonly int[]? byteIds;
    private readonly int longest;
    private readonly int[] firstIds = new int[0x180];

    // For each token whether a word that is spelled like it becomes it: found out when it first occurs, by whichever thread.
    private readonly byte[] whole;

    /// <param name="vocabulary">The tokens.</param>
    /// <param name="merges">By rank: the two tokens and what they become.</param>
    /// <param name="settings">The rest.</param>
    public BpeModel(Vocabulary vocabulary, IReadOnlyList<(int Left, int Right, int Result)> merges, BpeSettings settings)
    {
        ids = vocabulary.Spans;
        this.merges = new MergeTable(merges);
        this.settings = settings;
        unknown = settings.Unknown is { } token ? vocabulary.Ids[token] : null;
        whole = new byte[vocabulary.Tokens.Length];
        longest = vocabulary.Ids.Keys.Max(t => t.Length);
        for (var c = 0; c < firstIds.Length; c++)
        {
            firstIds[c] = ids.TryGetValue([(char)c], out var id) ? id : -1;
        }

        if (settings.ByteFallback)
        {
            byteIds = ByteTokens.Find(vocabulary);
        }
    }

    public override void Append(AlignedText text, Split part, int word, PipelineScratch scratch, TokenBuffer buffer)
    {
        var units = text.Units[part.From..part.To];
        var id = -1;
        var known = units.Length <= longest && ids.TryGetValue(units, out id);
        if (known && (settings.IgnoreMerges || whole[id] == WholeWord))
        {
            buffer.Append(id, text.Starts[part.From], text.Ends[part.To - 1], word);
            return;
        }

        var symbols = scratch.Merges;
        symbols.Clear();
        AddCharacters(units, symbols);
        symbols.MergeAll(merges);
        var first = buffer.Count;
        var ranges = new ByteRanges(text, part);
        var place = 0;
        foreach (var (token, bytes) in symbols)
        {
            var (start, end) = ranges.Next(place, place + bytes);
            buffer.Append(token, start, end, word);
            place += bytes;
        }

        if (known && whole[id] == 0)
        {
            whole[id] = buffer.Count == first + 1 && buffer.Ids[first] == id ? WholeWord : NoWholeWord;
        }
    }

    private void AddCharacters(ReadOnlySpan<char> units, MergeQueue symbols)
    {
        var plain = settings.ContinuingPrefix.Length == 0 && settings.EndSuffix.Length == 0;
        var unknownBytes = 0;
        for (int at = 0, after; at < units.Length; at = after)
        {
            var scalar = Scalars.At(units, at, out after);
            var length = Scalars.Utf8Length(scalar);
            int id;
            if (plain && scalar < firstIds.Length)
            {
                id = firstIds[scalar];
            }
            else if (!ids.TryGetValue(plain ? units[at..after] : Decorated(units[at..after], at == 0, after == units.Length), out id))
            {
                id = -1;
            }

            if (id >= 0)
            {
                EndUnknown();
                symbols.Add(id, length);
            }
            else if (byteIds is null || !AddBytes(units[at..after], at == 0, after == units.Length, symbols))
            {
                if (!settings.FuseUnknown)
                {
                    EndUnknown();
                }

                unknownBytes += unknown is null ? 0 : length;
            }
        }

        EndUnknown();

        void EndUnknown()
        {
            if (unknownBytes > 0)
            {
                symbols.Add(unknown!.Value, unknownBytes);
                unknownBytes = 0;
            }
        }
    }

    private bool AddBytes(ReadOnlySpan<char> character, bool isFirst, bool isLast, MergeQueue symbols)
    {
        Span<byte> bytes = Encoding.UTF8.GetBytes(Decorated(character, isFirst, isLast));
        foreach (var value in bytes)
        {
            if (byteIds![value] < 0)
            {
                return false;
            }
        }

        foreach (var value in bytes)
        {
            symbols.Add(byteIds![value], 1);
        }

        return true;
    }

    private string Decorated(ReadOnlySpan<char> character, bool isFirst, bool isLast) =>
        string.Concat(isFirst ? "" : settings.ContinuingPrefix, character, isLast ? settings.EndSuffix : "");
}

/// <summary>The tokens &lt;0x00&gt; to &lt;0xFF&gt;, which stand for bytes.</summary>
internal static class ByteTokens
{
    /// <summary>The id for each byte; −1 where there is none.</summary>
    public static int[] Find(Vocabulary vocabulary) =>
        [.. Enumerable.Range(0, 256).Select(value => vocabulary.Ids.TryGetValue($"<0x{value:X2}>", out var id) ? id : -1)];
}
