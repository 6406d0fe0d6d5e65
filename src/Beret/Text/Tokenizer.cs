using Beret.Text.SentencePiece;

namespace Beret.Text;

/// <summary>
/// A model's tokenizer: text to the same ids as the system the checkpoint comes from (see <see cref="TokenizerFlavour"/>), with the place of each
/// token in the text. It never changes after it was made and may be used by any number of threads, each with a <see cref="TokenBuffer"/> of its own.
/// </summary>
/// <remarks>
/// <para>With a maximum length texts are packed as the flavour's own system does. hf: a text keeps the first n − 2 tokens; a pair is cut by its
/// strategy; a maximum below the number of special tokens cuts nothing; an empty second text is no second text; special tokens written in the text
/// become their ids. tf: the two texts get a token in turn while there is room; an empty text keeps its [SEP]. google: the longer text loses tokens
/// first; a second text without tokens is none. raw: as tf.</para>
/// <para><see cref="Truncation"/> decides which tokens stay within each text, after the room was divided.</para>
/// </remarks>
public sealed class Tokenizer
{
    [ThreadStatic]
    private static TokenBuffer? threadBuffer;

    private readonly TokenizerParts parts;

    internal Tokenizer(TokenizerParts parts) => this.parts = parts;

    /// <summary>The model that cuts words into tokens: "WordPiece", "BPE" or "Unigram".</summary>
    public string Kind => parts.Kind;

    /// <summary>The system whose ids are reproduced.</summary>
    public TokenizerFlavour Flavour => parts.Flavour;

    /// <summary>Whether text is lower-cased (an uncased model).</summary>
    public bool LowerCase => parts.LowerCase;

    /// <summary>The number of ids: one more than the largest.</summary>
    public int VocabularySize => parts.Tokens.Count;

    /// <summary>The id that fills a batch up to its length, such as [PAD]; 0 where the tokenizer has no token for it, and models mask it anyway.</summary>
    public int PaddingId => parts.Special.Padding ?? 0;

    /// <summary>The id of what the vocabulary cannot spell, such as [UNK]; null where the tokenizer has none.</summary>
    public int? UnknownId => parts.Special.Unknown;

    /// <summary>The id of the token whose output is classified, such as [CLS] or &lt;s&gt;; null where the tokenizer has none.</summary>
    public int? ClassificationId => parts.Special.Classification;

    /// <summary>The id that ends each text, such as [SEP] or &lt;/s&gt;; null where the tokenizer has none.</summary>
    public int? SeparatorId => parts.Special.Separator;

    /// <summary>The id that hides a token in masked language modelling, such as [MASK]; null where the tokenizer has none.</summary>
    public int? MaskId => parts.Special.Mask;

    /// <summary>The longest input of the model according to the tokenizer's files, in tokens; null where they do not say.</summary>
    public int? ModelMaxLength => parts.ModelMaxLength;

    /// <summary>What the files say that is not followed, such as their truncation and padding, which the recipe replaces.</summary>
    public IReadOnlyList<string> Notes => parts.Notes;

    /// <summary>
    /// Reads the tokenizer of a model folder: tokenizer.json, or vocab.txt, or ALBERT's spiece.model or 30k-clean.model, with the settings of
    /// tokenizer_config.json where there is one. Without any setting text is lower-cased, as Hugging Face does. Where a tokenizer.json stands beside
    /// spiece.model, it counts for the flavour hf alone.
    /// </summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="flavour">The system to reproduce; Hugging Face's if null.</param>
    /// <param name="lowerCase">Overrides what the files say about lower case.</param>
    /// <exception cref="TokenizerException">There is no vocabulary, a file is damaged, or a setting is not supported (named in the
    /// message).</exception>
    public static Tokenizer Load(string folder, TokenizerFlavour? flavour = null, bool? lowerCase = null) =>
        TokenizerFolder.Load(folder, flavour, lowerCase);

    /// <summary>Makes a tokenizer of a vocab.txt with BERT's usual settings, or of a SentencePiece model with ALBERT's.</summary>
    /// <param name="vocabularyPath">
    /// One token a line, and the id is the line number from 0; or a SentencePiece model, whose name ends in ".model".
    /// </param>
    /// <param name="lowerCase">
    /// Whether text is lower-cased and stripped of accents (an uncased vocabulary); the original ALBERT drops accents in any case.
    /// </param>
    /// <param name="flavour">The system to reproduce.</param>
    /// <exception cref="TokenizerException">The file cannot be used.</exception>
    public static Tokenizer FromVocabulary(string vocabularyPath, bool lowerCase, TokenizerFlavour flavour) =>
        IsSentencePiece(vocabularyPath)
            ? SentencePieceTokenizer.Create(
                SentencePieceModel.Read(vocabularyPath), new TokenizerSettings { LowerCase = lowerCase, Flavour = flavour }, vocabularyPath)
            : WordPieceTokenizer.Create(
                new TokenizerSettings { LowerCase = lowerCase, Flavour = flavour }, Vocabulary.ReadText(vocabularyPath), vocabularyPath);

    /// <summary>Whether a vocabulary's name says that it is a SentencePiece model: spiece.model, 30k-clean.model.</summary>
    public static bool IsSentencePiece(string vocabularyPath) => vocabularyPath.EndsWith(".model", StringComparison.OrdinalIgnoreCase);

    /// <summary>Makes a tokenizer of the bytes of a SentencePiece model with ALBERT's usual settings.</summary>
    internal static Tokenizer FromSentencePiece(ReadOnlySpan<byte> model, bool lowerCase, TokenizerFlavour flavour, string source) =>
        SentencePieceTokenizer.Create(
            SentencePieceModel.Parse(model, source), new TokenizerSettings { LowerCase = lowerCase, Flavour = flavour }, source);

    /// <summary>
    /// Writes vocab.txt or spiece.model and tokenizer_config.json, which Hugging Face and <see cref="Load"/> read back to the same tokenizer (and
    /// tokenizer.json where those two cannot say everything). The flavour is for the caller to keep.
    /// </summary>
    /// <exception cref="TokenizerException">The folder cannot be written.</exception>
    public void Save(string folder) => TokenizerFolder.Save(parts.Files, folder);

    /// <summary>Writes the same files, and tokenizer.json in any case, for programs that read nothing else.</summary>
    /// <returns>False where this tokenizer has no such file (ALBERT's SentencePiece).</returns>
    /// <exception cref="TokenizerException">The folder cannot be written.</exception>
    internal bool SaveComplete(string folder) => TokenizerFolder.SaveComplete(parts.Files, folder);

    /// <summary>The vocabulary and the settings of BERT's WordPiece; null where the tokenizer is another.</summary>
    internal WordPieceFiles? WordPiece => parts.Files as WordPieceFiles;

    /// <summary>The token of an id; null where the id has none.</summary>
    public string? Token(int id) => parts.Tokens.Token(id);

    /// <summary>The id of a token, if it is one.</summary>
    public bool TryGetId(string token, out int id) => parts.Tokens.TryGetId(token, out id);

    /// <summary>Tokenizes a text, or a pair of texts, into an object of its own.</summary>
    /// <exception cref="TokenizerException">The texts cannot be packed as asked.</exception>
    public TokenizedText Encode(string text, string? pair = null, EncodeOptions? options = null)
    {
        var buffer = threadBuffer ??= new TokenBuffer();
        EncodeEither(text, pair, options ?? EncodeOptions.Default, buffer);
        return new TokenizedText(buffer);
    }

    /// <summary>Tokenizes a text, or a pair where there is a second one, into a buffer, whose former content is dropped.</summary>
    /// <exception cref="TokenizerException">The texts cannot be packed as asked.</exception>
    internal void EncodeEither(string text, string? pair, EncodeOptions options, TokenBuffer buffer)
    {
        if (pair is null)
        {
            Encode(text, options, buffer);
        }
        else
        {
            Encode(text, pair, options, buffer);
        }
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

        if (options.Truncation == Truncation.Windows)
        {
            CheckWindows(options);
        }

        // The texts' tokens are put where there is room before them for the special tokens of either form, and moved to their places when it is
        // known how many stay.
        var (single, pairForm) = (parts.Template.Single, parts.Template.Pair);
        var lead = options.AddSpecialTokens ? Math.Max(single.Before.Length, pairForm.Before.Length) : 0;
        var gap = options.AddSpecialTokens ? pairForm.Between.Length : 0;
        buffer.Clear();
        buffer.Reserve(lead);
        parts.Encoder.Append(text, buffer);
        var first = buffer.Count - lead;
        var secondAt = buffer.Count + gap;
        if (hasPair)
        {
            buffer.Reserve(gap);
            parts.Encoder.Append(pair, buffer);
            hasPair = Flavour != TokenizerFlavour.Google || buffer.Count > secondAt;
        }

        var second = hasPair ? buffer.Count - secondAt : 0;
        var form = hasPair ? pairForm : single;
        var (keepFirst, keepSecond) = Room(options, form, hasPair) is { } room
            ? PairRoom.Divide(first, hasPair ? second : null, room, options.PairTruncation, Flavour)
            : (first, second);
        buffer.Cut = first + second - keepFirst - keepSecond;
        if (options.Truncation == Truncation.Windows && buffer.Cut > 0 && keepFirst + keepSecond > 0)
        {
            PutWindows(buffer, form, new TextPlace(lead, first, keepFirst), new TextPlace(secondAt, second, keepSecond), options);
            return;
        }

        var count = options.AddSpecialTokens ? buffer.Put(form.Before, 0) : 0;
        count = Keep(buffer, lead, first, keepFirst, count, options.Truncation);
        if (hasPair)
        {
            count = options.AddSpecialTokens ? buffer.Put(form.Between, count) : count;
            count = Keep(buffer, secondAt, second, keepSecond, count, options.Truncation);
        }

        buffer.Shrink(count);
        if (options.AddSpecialTokens)
        {
            buffer.Reserve(form.After.Length);
            buffer.Put(form.After, count);
        }

        buffer.SetTypes(form.CountOfType0(keepFirst, keepSecond, options.AddSpecialTokens));
    }

    /// <summary>
    /// Puts all windows one behind the other. Of a pair the text that loses more tokens, at equal losses the second, has windows; the other stands in each of them, as it is
    /// kept.
    /// </summary>
    private static void PutWindows(TokenBuffer buffer, TemplateForm form, TextPlace first, TextPlace second, EncodeOptions options)
    {
        var isFirst = second.Kept == 0 || (first.Kept > 0 && first.Lost > second.Lost);
        var (slid, still) = isFirst ? (first, second) : (second, first);
        if (still.Kept > 3L * slid.Kept)
        {
            throw new TokenizerException(
                $"the {(isFirst ? "second" : "first")} text has {still.Kept} tokens and leaves room for {slid.Kept} of the other, too few for windows to go through its {slid.Length}; "
                + "raise the maximum length or use longest_first");
        }

        var windows = new TextWindows(slid.Length, slid.Kept, options.Overlap, options.MostWindows);
        var specials = options.AddSpecialTokens ? form.SpecialTokens : 0;
        var length = slid.Kept + still.Kept + specials;
        var end = buffer.Count;
        buffer.Reserve(checked(windows.Count * length));
        var at = end;
        for (var window = 0; window < windows.Count; window++)
        {
            at = options.AddSpecialTokens ? buffer.Put(form.Before, at) : at;
            at = Copy(first, isFirst ? windows[window] : 0, at);
            at = options.AddSpecialTokens ? buffer.Put(form.Between, at) : at;
            at = Copy(second, isFirst ? 0 : windows[window], at);
            at = options.AddSpecialTokens ? buffer.Put(form.After, at) : at;
        }

        buffer.Move(end, 0, at - end);
        buffer.Shrink(at - end);
        buffer.Cut = windows.Unread + still.Lost;
        buffer.SetTypes(form.CountOfType0(first.Kept, second.Kept, options.AddSpecialTokens), windows.Count);

        int Copy(TextPlace text, int from, int to)
        {
            buffer.Move(text.Start + from, to, text.Kept);
            return to + text.Kept;
        }
    }

    private static void CheckWindows(EncodeOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MostWindows ?? 1, 1, nameof(options));
        if (options.MaxLength is { } length && options.WindowOverlap is { } overlap && !(overlap >= 0 && overlap <= EncodeOptions.LargestOverlap(length)))
        {
            throw new TokenizerException(
                $"windows of {length} tokens overlap by 0 to {EncodeOptions.LargestOverlap(length)} tokens, half of a window, not by {overlap}");
        }
    }

    /// <summary>The room for the texts' own tokens; null where nothing is cut.</summary>
    private int? Room(EncodeOptions options, TemplateForm form, bool hasPair)
    {
        if (options.MaxLength is not { } length || !options.AddSpecialTokens)
        {
            return options.MaxLength;
        }

        var specials = form.SpecialTokens;
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
            Truncation.Head or Truncation.Windows => keep,
            Truncation.Tail => 0,
            Truncation.HeadTail => (int)((keep + 2L) / 4),
            _ => throw new ArgumentOutOfRangeException(nameof(truncation), truncation, null),
        };
        buffer.Move(from, to, front);
        buffer.Move(from + length - (keep - front), to + front, keep - front);
        return to + keep;
    }

    /// <summary>A text in a buffer.</summary>
    /// <param name="Start">The place of its first token.</param>
    /// <param name="Length">Its tokens.</param>
    /// <param name="Kept">How many fit.</param>
    private readonly record struct TextPlace(int Start, int Length, int Kept)
    {
        /// <summary>How many do not.</summary>
        public int Lost => Length - Kept;
    }
}
