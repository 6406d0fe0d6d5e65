using System.Text.Json;
using Beret.Hub;
using Beret.Numerics;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Inference;

/// <summary>
/// What a model folder's beret.json says: everything beside config.json, weights and vocabulary that decides what the model answers, and where it came from.
/// </summary>
public sealed record ModelDescription
{
    /// <summary>The file's name in the model folder.</summary>
    public const string FileName = "beret.json";

    /// <summary>The version of the file's layout that this program reads and writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>
    /// What the model decides: <see cref="TaskNames.Binary"/> (one logit), <see cref="TaskNames.MultiClass"/> (one logit for each of several classes, of which one is
    /// right), <see cref="TaskNames.MultiLabel"/> (one logit for each label, each right or not by itself) or <see cref="TaskNames.Regression"/> (one number).
    /// </summary>
    public required string Task { get; init; }

    /// <summary>The names of the classes in the order of their logits; of a binary task, which has one logit, the negative and then the positive class; of a regression what its number is called.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>The system whose tokenization the model was trained with.</summary>
    public required TokenizerFlavour Flavour { get; init; }

    /// <summary>The most tokens of an input, special tokens included.</summary>
    public required int MaxLength { get; init; }

    /// <summary>Which tokens of a longer text are kept.</summary>
    public Truncation Truncation { get; init; } = Truncation.Head;

    /// <summary>With <see cref="Truncation.Windows"/>: how many tokens of the text a window has in common with the one before it; null for the usual share.</summary>
    public int? WindowOverlap { get; init; }

    /// <summary>With <see cref="Truncation.Windows"/>: how the logits of a text are made of those of its windows.</summary>
    public WindowPooling WindowPooling { get; init; }

    /// <summary>From which text of a pair the tokens that do not fit are taken.</summary>
    public PairTruncation PairTruncation { get; init; } = PairTruncation.LongestFirst;

    /// <summary>The arithmetic that the model was trained or quantized for, and is used with unless another is asked for.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>The name or path of the model that training started from; null where it is not known.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Whose definition the base model follows; null where it is not known.</summary>
    public ModelSource? BaseSource { get; init; }

    /// <summary>The name of the classifier that it learned from beside labels; null where there was none.</summary>
    public string? Teacher { get; init; }

    /// <summary>Where the training data lay; null where it is not known.</summary>
    public string? DataOrigin { get; init; }

    /// <summary>The training data's SHA-256 (<see cref="Data.LabelledTexts.Fingerprint"/>); null where it is not known.</summary>
    public string? DataFingerprint { get; init; }

    /// <summary>The recipe that the model was trained by, a JSON object; null where there is none.</summary>
    public JsonElement? Recipe { get; init; }

    /// <summary>SHA-256, in lower-case hexadecimal, of the folder's files that decide its answers, by file name. Set when the folder is written.</summary>
    public IReadOnlyDictionary<string, string> Checksums { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The version of the program that wrote the folder.</summary>
    public string Version { get; init; } = ThisVersion;

    /// <summary>How texts are cut and packed for this model.</summary>
    public EncodeOptions EncodeOptions => new()
    {
        MaxLength = MaxLength, Truncation = Truncation, WindowOverlap = WindowOverlap, PairTruncation = PairTruncation,
    };

    /// <summary>What becomes of longer texts, in words.</summary>
    internal string OfLongTexts => LongTexts.Say(EncodeOptions, WindowPooling);

    /// <summary>The number of logits of one input.</summary>
    /// <exception cref="BeretException">There is no such task, or it cannot have that many labels.</exception>
    public int Outputs => ClassificationTask.Outputs;

    internal ClassificationTask ClassificationTask => ClassificationTask.Named(Task, Labels);

    internal static string ThisVersion => typeof(ModelDescription).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>Reads the beret.json of a model folder.</summary>
    /// <returns>Null where the folder has none: a plain Hugging Face folder.</returns>
    /// <exception cref="InferenceException">The file is damaged, of another version, or says something that no model has.</exception>
    public static ModelDescription? Read(string folder) => ModelDescriptionJson.Read(Path.Combine(folder, FileName));

    /// <summary>Writes the file's content.</summary>
    internal void Write(Stream stream) => ModelDescriptionJson.Write(stream, this);
}
