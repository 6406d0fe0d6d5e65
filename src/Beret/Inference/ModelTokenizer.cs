using Beret.Checkpoints.TensorFlow;
using Beret.Text;

namespace Beret.Inference;

/// <summary>The tokenizer of a model of any format, without the model.</summary>
public static class ModelTokenizer
{
    /// <summary>
    /// Loads the tokenizer of a model folder, of a SavedModel of TensorFlow (an encoder, a classifier, or a preprocessing model of TensorFlow Hub), or of a TensorFlow
    /// checkpoint.
    /// </summary>
    /// <param name="path">The folder, or the checkpoint by its index or prefix.</param>
    /// <param name="flavour">The system to reproduce; that of the model's source if null.</param>
    /// <param name="lowerCase">Overrides what the model says about lower case.</param>
    /// <exception cref="BeretException">There is no vocabulary, or it is not supported.</exception>
    public static Tokenizer Load(string path, TokenizerFlavour? flavour = null, bool? lowerCase = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!ModelFiles.IsTensorFlow(path) || File.Exists(Path.Combine(path, HuggingFaceConfig.FileName)))
        {
            return Tokenizer.Load(path, flavour ?? HuggingFaceFiles.FlavourIn(path), lowerCase);
        }

        var index = (Directory.Exists(path) ? BundlePath.IndexIn(path) : BundlePath.IndexOf(path))!;
        var graph = BundlePath.GraphBeside(index) is { } file ? SavedModel.Read(file) : null;
        using var bundle = TensorBundle.OpenIndex(index);
        return TensorFlowTokenizer.Find(Path.GetDirectoryName(graph?.Path ?? index) ?? "", bundle, graph).Load(flavour, lowerCase);
    }

    /// <summary>A folder's tokenizer, or that of a vocabulary file: with the settings that stand beside it, else uncased.</summary>
    /// <exception cref="BeretException">There is no vocabulary, or it is not supported.</exception>
    internal static Tokenizer LoadVocabulary(string path)
    {
        if (!File.Exists(path))
        {
            return Load(path);
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return File.Exists(Path.Combine(folder, "tokenizer_config.json")) ? Load(folder) : Tokenizer.FromVocabulary(path, lowerCase: true, TokenizerFlavour.HuggingFace);
    }
}
