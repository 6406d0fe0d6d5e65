using System.Text.Json;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Tests.Inference;

/// <summary>A model of a few thousand random weights over a vocabulary of a few words, so that tests need nothing but themselves.</summary>
internal static class TinyModel
{
    public static readonly string[] Words =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "this", "is", "such", "an", "amazing", "movie", "!", "the", "was", "great", "terrible", ".", "a", "##s", "##n"];

    public static readonly string[] Sentences =
        ["this is such an amazing movie!", "The movie was great!", "The movie was terrible...", "", "an unknown zebra", "movie movie movie movie movie movie movie"];

    public static EncoderConfig Config => new()
    {
        Family = Bert.Family, VocabularySize = Words.Length, HiddenSize = 24, Layers = 2, Heads = 3, IntermediateSize = 40, MaxPositions = 32, TypeVocabularySize = 2,
        EmbeddingSize = 24, Activation = Activation.GeluTanh, LayerNormEpsilon = 1e-12f, HiddenDropout = 0.1, AttentionDropout = 0.1, ClassifierDropout = 0.1,
    };

    public static ModelDescription Binary => new()
    {
        Task = TaskNames.Binary, Labels = ["neg", "pos"], Flavour = TokenizerFlavour.TensorFlow, MaxLength = 16, BaseModel = "tiny", DataOrigin = "nowhere",
        Recipe = JsonDocument.Parse("""{"epochs": 5}""").RootElement.Clone(),
    };

    public static ModelDescription MultiClass => new()
    {
        Task = TaskNames.MultiClass, Labels = ["red", "green", "blue"], Flavour = TokenizerFlavour.HuggingFace, MaxLength = 16, Truncation = Truncation.HeadTail,
    };

    /// <summary>Writes the model folder.</summary>
    public static string Write(string folder, ModelDescription? description = null, ulong seed = 1)
    {
        description ??= Binary;
        using var backend = CpuBackend.Create(1);
        using var model = Create(backend, description.Outputs, seed);
        ModelFolder.Write(folder, model, MakeTokenizer(folder, description.Flavour), description);
        return folder;
    }

    public static SequenceClassifier Create(IBackend backend, int outputs, ulong seed = 1)
    {
        var model = new SequenceClassifier(backend, Config, outputs);
        foreach (var parameter in model.Parameters.All)
        {
            Initialization.TruncatedNormal(backend, parameter, 0.3, seed);
        }

        model.Parameters.Touch();
        return model;
    }

    public static Tokenizer MakeTokenizer(string near, TokenizerFlavour flavour)
    {
        var file = near + ".vocab.txt";
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, string.Join('\n', Words) + "\n");
        return Tokenizer.FromVocabulary(file, lowerCase: true, flavour);
    }

    public static async IAsyncEnumerable<string> Stream(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            await Task.Yield();
            yield return text;
        }
    }
}
