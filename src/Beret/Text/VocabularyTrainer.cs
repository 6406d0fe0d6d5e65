using Beret.Text.Vocabularies;

namespace Beret.Text;

/// <summary>
/// Trains the vocabulary of a tokenizer. The same words give the same vocabulary, in whatever order they were counted and whatever the number of threads.
/// </summary>
/// <remarks>
/// WordPiece: of all substrings the set with which the longest-piece-first tokenizer needs the fewest tokens (<see cref="WordPieceSelection"/>). Unigram: expectation maximisation and
/// pruning, as SentencePiece (<see cref="UnigramEstimation"/>).
/// </remarks>
public static class VocabularyTrainer
{
    private const int LongestWordPiece = 24;

    // SentencePiece's.
    private const int LongestUnigramPiece = 16;

    private const int MostCandidates = 1_000_000;

    /// <summary>Trains a vocabulary.</summary>
    /// <param name="words">The words of the texts, counted for these options.</param>
    /// <param name="options">What to train.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The tokenizer, which <see cref="Tokenizer.Save"/> writes.</returns>
    /// <exception cref="TokenizerException">An option is out of range, there is no word, or the size has no room for the characters.</exception>
    public static Tokenizer Train(
        WordCounter words, VocabularyOptions options, IProgress<VocabularyProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (words.DistinctWords == 0)
        {
            throw new TokenizerException("there are no words to learn a vocabulary from: the texts are empty");
        }

        var isUnigram = options.Type == VocabularyType.Unigram;
        progress?.Report(new VocabularyProgress("finding pieces", 0));
        var alphabet = Alphabet.Of(words.Counts, options.MinFrequency, options.AlphabetSize);
        if (alphabet.Count == 0)
        {
            throw new TokenizerException($"no character occurs {options.MinFrequency} times: give more text, or a lower least frequency");
        }

        var table = WordTable.Of(words.Counts, alphabet, marksStart: !isUnigram);
        var pieces = PieceTable.Of(table, isUnigram ? LongestUnigramPiece : LongestWordPiece, options.MinFrequency, MostCandidates);
        var special = options.AllSpecialTokens;
        if (special.Length + pieces.Characters > options.Size)
        {
            throw new TokenizerException(
                $"a size of {options.Size} has no room for the {special.Length} special tokens and the {pieces.Characters} pieces of one character that spell the texts: "
                + $"choose a size of {special.Length + pieces.Characters} or more (much more, for pieces that are longer), a smaller alphabet or a higher least frequency");
        }

        cancellationToken.ThrowIfCancellationRequested();
        var threads = options.Threads ?? Environment.ProcessorCount;
        var choosing = progress is null ? null : new Relay(fraction => progress.Report(new VocabularyProgress("choosing pieces", fraction)));
        return isUnigram
            ? Unigram(new UnigramEstimation(pieces, threads, cancellationToken), pieces, options, choosing)
            : WordPiece(new WordPieceSelection(pieces, threads, cancellationToken), pieces, options, choosing);
    }

    private static Tokenizer WordPiece(WordPieceSelection selection, PieceTable pieces, VocabularyOptions options, IProgress<double>? progress)
    {
        var special = options.AllSpecialTokens;
        var chosen = selection.Choose(options.Size - special.Length, progress).Select(piece =>
        {
            var symbols = pieces.Symbols(piece);
            var isStart = symbols[0] == Alphabet.Start;
            return (isStart ? "" : "##") + pieces.Words.Alphabet.Text(isStart ? symbols[1..] : symbols, "");
        });
        var settings = new TokenizerSettings { LowerCase = options.LowerCase };
        settings.Additional.AddRange(options.SpecialTokens.Select(token => (token, "additional_special_tokens")));
        return WordPieceTokenizer.Create(settings, new Vocabulary([.. special, .. chosen.Except(special, StringComparer.Ordinal)]), "the trained vocabulary");
    }

    private static Tokenizer Unigram(UnigramEstimation estimation, PieceTable pieces, VocabularyOptions options, IProgress<double>? progress)
    {
        var special = options.AllSpecialTokens;
        var chosen = estimation.Choose(options.Size - special.Length, progress);
        var scores = estimation.Scores.ToArray();
        var entries = chosen
            .Select(piece => new UnigramPiece(pieces.Words.Alphabet.Text(pieces.Symbols(piece), UnigramFiles.Space.ToString()), scores[piece]))
            .Where(piece => !special.Contains(piece.Text, StringComparer.Ordinal));
        return UnigramFiles.Tokenizer(special, entries, options.LowerCase);
    }

    private sealed class Relay(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
