using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Text;

namespace Beret.Inference;

/// <summary>The vocabulary that goes with a model of TensorFlow, and its casing, which several places may tell.</summary>
internal sealed class TensorFlowTokenizer
{
    private const long LongestVocabulary = 64 << 20;
    private const string CasingKey = "do_lower_case/";
    private const string CasingName = "Variable";

    private readonly string folder;
    private readonly string? vocabulary;
    private readonly byte[]? sentencePiece;
    private readonly bool? lowerCase;

    private TensorFlowTokenizer(string folder, string? vocabulary, byte[]? sentencePiece, bool? lowerCase)
    {
        this.folder = folder;
        this.vocabulary = vocabulary;
        this.sentencePiece = sentencePiece;
        this.lowerCase = lowerCase;
    }

    /// <summary>Whether there is a vocabulary.</summary>
    public bool Exists => vocabulary is not null || sentencePiece is not null;

    /// <param name="folder">Of the SavedModel, or of the checkpoint.</param>
    /// <param name="bundle">The variables.</param>
    /// <param name="graph">The SavedModel's graph, or null.</param>
    public static TensorFlowTokenizer Find(string folder, TensorBundle bundle, SavedModel? graph)
    {
        var assets = graph is null ? folder : Path.Combine(folder, "assets");
        var lowerCase = graph?.Preprocessing is { Tokenizer: not null } traces ? traces.FoldsCase : CasingVariable(bundle);
        return new TensorFlowTokenizer(folder, VocabularyIn(assets), graph?.Preprocessing.SentencePieceModel, lowerCase);
    }

    /// <summary>Loads it.</summary>
    /// <param name="flavour">TF-Text's if null.</param>
    /// <param name="chosen">Overrides what the model says about lower case.</param>
    public Tokenizer Load(TokenizerFlavour? flavour = null, bool? chosen = null)
    {
        var system = flavour ?? TokenizerFlavour.TensorFlow;
        return vocabulary is not null ? Tokenizer.FromVocabulary(vocabulary, chosen ?? lowerCase ?? !HasCapitals(vocabulary), system)
            : sentencePiece is not null ? Tokenizer.FromSentencePiece(sentencePiece, chosen ?? lowerCase ?? true, system, folder)
            : throw new InferenceException($"{folder} holds no vocabulary (vocab.txt, or a SentencePiece .model), so texts cannot be read");
    }

    private static string? VocabularyIn(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var wordPiece = Path.Combine(folder, "vocab.txt");
        return File.Exists(wordPiece) ? wordPiece : Directory.GetFiles(folder, "*.model").Order(StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>The truth value that the exporter of TensorFlow Hub puts among the variables.</summary>
    private static bool? CasingVariable(TensorBundle bundle)
    {
        var key = bundle.Tensors.FirstOrDefault(tensor => tensor.Name.StartsWith(CasingKey, StringComparison.Ordinal))?.Name
            ?? (bundle.FullNames.TryGetValue(CasingName, out var keys) ? keys[0] : null);
        if (key is null || bundle.Find(key) is not { Type: TensorType.Bool, Shape: [] })
        {
            return null;
        }

        Span<long> value = [0];
        bundle.ReadInt64(key, value);
        return value[0] != 0;
    }

    /// <summary>Whether a token other than [CLS] and its like has a capital letter: then the text must not be lower-cased.</summary>
    private static bool HasCapitals(string vocabulary) =>
        !vocabulary.EndsWith(".model", StringComparison.OrdinalIgnoreCase)
        && new FileInfo(vocabulary).Length <= LongestVocabulary
        && File.ReadLines(vocabulary).Any(token => !token.StartsWith('[') && token.Any(char.IsAsciiLetterUpper));
}
