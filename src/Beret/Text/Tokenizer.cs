using Beret.Text.Unicode;

namespace Beret.Text;

/// <summary>
/// BERT's WordPiece tokenizer, uncased and cased: text to the same ids as the system the checkpoint comes from (see
/// <see cref="TokenizerFlavour"/>), with the place of each token in the text. It never changes after it was made and may be used by any number of
/// threads, each with a <see cref="TokenBuffer"/> of its own.
/// </summary>
/// <remarks>
/// <para>With a maximum length texts are packed as the flavour's own system does. hf: a text keeps the first n − 2 tokens; a pair is cut by its
/// strategy; a maximum below the number of special tokens cuts nothing; an empty second text is no second text; special tokens written in the text
/// become their ids. tf: the two texts get a token in turn while there is room; an empty text keeps its [SEP]. google: the longer text loses tokens
/// first; a second text without tokens is none.</para>
/// <para><see cref="Truncation"/> decides which tokens stay within each text, after the room was divided.</para>
/// </remarks>
public sealed class Tokenizer
{
    private const int TensorFlowWordBytes = 100;
    private const int GoogleWordCharacters = 200;

    [ThreadStatic]
    private static TokenBuffer? threadBuffer;

    private readonly WordPieceEncoder encoder;

    internal Tokenizer(TokenizerSettings settings, Vocabulary vocabulary, string source)
    {
        settings.Validate();
        Settings = settings;
        Vocabulary = vocabulary;
        UnknownId = Required(settings.Unknown, "unk_token");
        ClassificationId = Required(settings.Classification, "cls_token");
        SeparatorId = Required(settings.Separator, "sep_token");
        PaddingId = Required(settings.Padding, "pad_token");
        MaskId = Find(settings.Mask);

        // Hugging Face adds its special tokens to whatever the files list.
        foreach (var name in (string[])[settings.Unknown, settings.Classification, settings.Separator, settings.Padding, settings.Mask])
        {
            if (Find(name) is { } id)
            {
                settings.Added.TryAdd(name, new AddedToken(name, id));
            }
        }

        foreach (var name in settings.Additional)
        {
            settings.Added.TryAdd(name, new AddedToken(name, Required(name, "additional special token")));
        }

        foreach (var token in settings.Added.Values)
        {
            if (token.Id < 0 || token.Id > vocabulary.Tokens.Length + settings.Added.Count)
            {
                throw new TokenizerException(
                    $"{source}: added token \"{token.Content}\" has the id {token.Id}, and the vocabulary ends at {vocabulary.Tokens.Length - 1}");
            }

            if (token.Id < vocabulary.Tokens.Length && vocabulary.Tokens[token.Id] is { } other && other != token.Content)
            {
                throw new TokenizerException(
                    $"{source}: added token \"{token.Content}\" has the id {token.Id}, which is \"{other}\" in the vocabulary");
            }

            VocabularySize = Math.Max(VocabularySize, token.Id + 1);
        }

        VocabularySize = Math.Max(VocabularySize, vocabulary.Tokens.Length);
        var rules = ScalarRules.For(new ScalarSettings(
            settings.Flavour, settings.LowerCase, settings.StripAccents ?? settings.LowerCase, settings.SpaceChinese, settings.CleanText));
        var limit = settings.Flavour switch
        {
            TokenizerFlavour.TensorFlow => new WordLimit(TensorFlowWordBytes, InUtf8Bytes: true),
            TokenizerFlavour.Google => new WordLimit(GoogleWordCharacters, InUtf8Bytes: false),
            _ => new WordLimit(settings.WordLimit, InUtf8Bytes: false),
        };
        var prefix = settings.ContinuingPrefix;
        var continuing = vocabulary.Ids.Where(p => p.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(p => KeyValuePair.Create(p.Key[prefix.Length..], p.Value));
        var cut = settings.Flavour == TokenizerFlavour.HuggingFace ? new AddedTokens(settings.Added.Values) : null;
        encoder = new WordPieceEncoder(
            rules, new WordPieceTrie(vocabulary.Ids, continuing), new AsciiWords(vocabulary.Ids, limit.Length), cut, limit, UnknownId);

        int? Find(string token) =>
            vocabulary.Ids.TryGetValue(token, out var id) ? id : settings.Added.TryGetValue(token, out var added) ? added.Id : null;

        int Required(string token, string role) => Find(token) ?? throw new TokenizerException(
            $"{source}: the vocabulary has no \"{token}\", which it needs as {role}; it is not this model's vocabulary, or "
            + $"tokenizer_config.json must name another {role}");
    }

    /// <summary>The system whose ids are reproduced.</summary>
    public TokenizerFlavour Flavour => Settings.Flavour;

    /// <summary>Whether text is lower-cased (an uncased model).</summary>
    public bool LowerCase => Settings.LowerCase;

    /// <summary>The number of ids: one more than the largest.</summary>
    public int VocabularySize { get; }

    /// <summary>The id that fills a batch up to its length, [PAD].</summary>
    public int PaddingId { get; }

    /// <summary>The id of words that the vocabulary cannot spell, [UNK].</summary>
    public int UnknownId { get; }

    /// <summary>The id of the first token, [CLS].</summary>
    public int ClassificationId { get; }

    /// <summary>The id that ends each text, [SEP].</summary>
    public int SeparatorId { get; }

    /// <summary>The id that hides a token in masked language modelling, [MASK]; null where the vocabulary has none.</summary>
    public int? MaskId { get; }

    /// <summary>The longest input of the model according to the tokenizer's files, in tokens; null where they do not say.</summary>
    public int? ModelMaxLength => Settings.ModelMaxLength;

    /// <summary>What the files say that is not followed, such as their truncation and padding, which the recipe replaces.</summary>
    public IReadOnlyList<string> Notes => Settings.Notes;

    internal TokenizerSettings Settings { get; }

    internal Vocabulary Vocabulary { get; }

    /// <summary>
    /// Reads the tokenizer of a model folder: tokenizer.json, or vocab.txt, with the settings of tokenizer_config.json where there is one. Without
    /// any setting text is lower-cased, as Hugging Face does.
    /// </summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="flavour">The system to reproduce; Hugging Face's if null.</param>
    /// <param name="lowerCase">Overrides what the files say about lower case.</param>
    /// <exception cref="TokenizerException">There is no vocabulary, a file is damaged, or a setting is not supported (named in the
    /// message).</exception>
    public static Tokenizer Load(string folder, TokenizerFlavour? flavour = null, bool? lowerCase = null) =>
        TokenizerFolder.Load(folder, flavour, lowerCase);

    /// <summary>Makes a tokenizer of a vocab.txt with BERT's usual settings.</summary>
    /// <param name="vocabularyPath">One token a line; the id is the line number from 0.</param>
    /// <param name="lowerCase">Whether text is lower-cased and stripped of accents (an uncased vocabulary).</param>
    /// <param name="flavour">The system to reproduce.</param>
    /// <exception cref="TokenizerException">The file cannot be used.</exception>
    public static Tokenizer FromVocabulary(string vocabularyPath, bool lowerCase, TokenizerFlavour flavour) =>
        new(new TokenizerSettings { LowerCase = lowerCase, Flavour = flavour }, Vocabulary.ReadText(vocabularyPath), vocabularyPath);

    /// <summary>
    /// Writes vocab.txt and tokenizer_config.json, which Hugging Face and <see cref="Load"/> read back to the same tokenizer (and tokenizer.json
    /// where those two cannot say everything). The flavour is for the caller to keep.
    /// </summary>
    /// <exception cref="TokenizerException">The folder cannot be written.</exception>
    public void Save(string folder) => TokenizerFolder.Save(this, folder);

    /// <summary>The token of an id; null where the id has none.</summary>
    public string? Token(int id) =>
        (uint)id < (uint)Vocabulary.Tokens.Length && Vocabulary.Tokens[id] is { } token
            ? token
            : Settings.Added.Values.FirstOrDefault(t => t.Id == id)?.Content;

    /// <summary>The id of a token, if it is one.</summary>
    public bool TryGetId(string token, out int id)
    {
        if (Vocabulary.Ids.TryGetValue(token, out id))
        {
            return true;
        }

        var found = Settings.Added.TryGetValue(token, out var added);
        id = found ? added!.Id : 0;
        return found;
    }

    /// <summary>Tokenizes a text, or a pair of texts, into an object of its own.</summary>
    /// <exception cref="TokenizerException">The texts cannot be packed as asked.</exception>
    public TokenizedText Encode(string text, string? pair = null, EncodeOptions? options = null)
    {
        var buffer = threadBuffer ??= new TokenBuffer();
        if (pair is null)
        {
            Encode(text, options ?? EncodeOptions.Default, buffer);
        }
        else
        {
            Encode(text, pair, options ?? EncodeOptions.Default, buffer);
        }

        return new TokenizedText(buffer);
    }

    /// <summary>Tokenizes one text into a buffer, whose former content is dropped.</summary>
    /// <exception cref="TokenizerException">The text cannot be packed as asked.</exception>
    public void Encode(ReadOnlySpan<char> text, EncodeOptions options, TokenBuffer buffer) => Encode(text, [], hasPair: false, options, buffer);

    /// <summary>Tokenizes a pair of texts into a buffer, whose former content is dropped.</summary>
    /// <exception cref="TokenizerException">The texts cannot be packed as asked.</exception>
    public void Encode(ReadOnlySpan<char> text, ReadOnlySpan<char> pair, EncodeOptions options, TokenBuffer buffer) =>
        Encode(text, pair, hasPair: Flavour != TokenizerFlavour.HuggingFace || !pair.IsEmpty, options, buffer);

    private void Encode(ReadOnlySpan<char> text, ReadOnlySpan<char> pair, bool hasPair, EncodeOptions options, TokenBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(buffer);
        if (options.MaxLength < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxLength, "the maximum length is negative");
        }

        var special = options.AddSpecialTokens ? 1 : 0;
        buffer.Clear();
        if (options.AddSpecialTokens)
        {
            buffer.Append(ClassificationId, 0, 0, -1);
        }

        encoder.Append(text, buffer);
        var first = buffer.Count - special;
        if (options.AddSpecialTokens)
        {
            buffer.Append(SeparatorId, 0, 0, -1);
        }

        var secondAt = buffer.Count;
        if (hasPair)
        {
            encoder.Append(pair, buffer);
            hasPair = Flavour != TokenizerFlavour.Google || buffer.Count > secondAt;
        }

        var second = buffer.Count - secondAt;
        var (keepFirst, keepSecond) = Room(options, hasPair) is { } room
            ? PairRoom.Divide(first, hasPair ? second : null, room, options.PairTruncation, Flavour)
            : (first, second);
        buffer.Cut = first + second - keepFirst - keepSecond;
        var count = Keep(buffer, special, first, keepFirst, special, options.Truncation);
        buffer.Move(special + first, count, special);
        count += special;
        var firstCount = count;
        count = Keep(buffer, secondAt, second, keepSecond, count, options.Truncation);
        buffer.Shrink(count);
        if (hasPair && options.AddSpecialTokens)
        {
            buffer.Append(SeparatorId, 0, 0, -1);
        }

        buffer.SetTypes(firstCount);
    }

    /// <summary>The room for the texts' own tokens; null where nothing is cut.</summary>
    private int? Room(EncodeOptions options, bool hasPair)
    {
        if (options.MaxLength is not { } length || !options.AddSpecialTokens)
        {
            return options.MaxLength;
        }

        var specials = hasPair ? 3 : 2;
        if (length >= specials)
        {
            return length - specials;
        }

        return Flavour == TokenizerFlavour.HuggingFace
            ? null
            : throw new TokenizerException(
                $"a maximum length of {length} has no room for the {specials} special tokens of a {(hasPair ? "pair" : "text")}");
    }

    /// <summary>Moves the tokens of a text that are kept to <paramref name="to"/>.</summary>
    /// <returns>The place after them.</returns>
    private static int Keep(TokenBuffer buffer, int from, int length, int keep, int to, Truncation truncation)
    {
        var front = keep == length ? keep : truncation switch
        {
            Truncation.Head => keep,
            Truncation.Tail => 0,
            Truncation.HeadTail => (int)((keep + 2L) / 4),
            _ => throw new ArgumentOutOfRangeException(nameof(truncation), truncation, null),
        };
        buffer.Move(from, to, front);
        buffer.Move(from + length - (keep - front), to + front, keep - front);
        return to + keep;
    }
}
