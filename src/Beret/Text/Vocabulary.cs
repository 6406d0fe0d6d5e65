using System.Text;

namespace Beret.Text;

/// <summary>Tokens and their ids.</summary>
internal sealed class Vocabulary
{
    private const long MaxFileBytes = 256L << 20;
    private readonly Dictionary<string, int> ids;

    /// <summary>
    /// Tokens in the order of their ids; null where an id has no token. Of equal tokens the last has the id, as in a Python dictionary.
    /// </summary>
    public Vocabulary(string?[] tokens)
    {
        Tokens = tokens;
        ids = new Dictionary<string, int>(tokens.Length, StringComparer.Ordinal);
        for (var id = 0; id < tokens.Length; id++)
        {
            if (tokens[id] is { } token)
            {
                ids[token] = id;
            }
        }
    }

    public string?[] Tokens { get; }

    public IReadOnlyDictionary<string, int> Ids => ids;

    /// <summary>The ids by a span of characters.</summary>
    public Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Spans => ids.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>
    /// Reads vocab.txt: one token a line, the line number from 0 is its id. Lines end at LF alone, since tokens may be other line separators
    /// (U+2028).
    /// </summary>
    /// <exception cref="TokenizerException">The file cannot be read, or is no UTF-8 text.</exception>
    public static Vocabulary ReadText(string path)
    {
        var text = ReadFile(path);
        if (text.StartsWith('\uFEFF'))
        {
            text = text[1..];
        }

        var lines = text.Split('\n');
        var count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        if (count == 0)
        {
            throw new TokenizerException($"{path}: the vocabulary is empty; it must hold one token a line");
        }

        for (var i = 0; i < count; i++)
        {
            if (lines[i].EndsWith('\r'))
            {
                lines[i] = lines[i][..^1];
            }
        }

        return new Vocabulary(lines[..count]);
    }

    /// <summary>A text file of at most 256 MiB in strict UTF-8.</summary>
    public static string ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
            {
                throw new TokenizerException($"{path} is larger than {MaxFileBytes >> 20} MiB, which no tokenizer file is");
            }

            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path));
        }
        catch (DecoderFallbackException e)
        {
            throw new TokenizerException($"{path} is not UTF-8 text (at byte {e.Index}); the file is damaged or of another kind", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
