using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Hub;
using Beret.Models;
using Beret.Text;

namespace Beret.Inference;

/// <summary>
/// What the path of a model holds, whatever its format: the one place that knows which files mean what. Gives the configuration as the model's source means it, the
/// weights under Hugging Face's names, the tokenizer, and what there is to know of a classifier.
/// </summary>
internal abstract class ModelFiles
{
    /// <summary>The path, or the folder that an archive was unpacked to.</summary>
    public required string Path { get; init; }

    /// <summary>What it is, in words.</summary>
    public abstract string Kind { get; }

    /// <summary>Whose definition the model follows.</summary>
    public required ModelSource Source { get; init; }

    /// <summary>The encoder's sizes and rates.</summary>
    public required EncoderConfig Config { get; init; }

    /// <summary>The folder's beret.json; null where it has none.</summary>
    public ModelDescription? Written { get; init; }

    /// <summary>Holds the files to the checksums of beret.json, where there is one: <see cref="InferenceException"/> where a file is not the one that was written.</summary>
    public Task Verification { get; init; } = Task.CompletedTask;

    /// <summary>Whether there is a vocabulary.</summary>
    public abstract bool HasTokenizer { get; }

    /// <summary>The weights as they are stored, for <see cref="Checkpoint.Open"/>.</summary>
    public abstract string WeightsPath { get; }

    /// <summary>Opens the weights under Hugging Face's names; the caller's to dispose.</summary>
    /// <exception cref="CheckpointException">They are missing or damaged.</exception>
    public abstract Checkpoint OpenWeights();

    /// <summary>Loads the tokenizer in the flavour of the model's source.</summary>
    /// <exception cref="BeretException">There is none, or it is not supported.</exception>
    public abstract Tokenizer LoadTokenizer();

    /// <summary>What is known of the classifier, from beret.json or what stands in for it.</summary>
    /// <param name="outputs">Its logits.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="InferenceException">It is no classifier.</exception>
    public abstract ModelDescription Describe(int outputs, Tokenizer tokenizer);

    /// <summary>Looks at a path.</summary>
    /// <param name="path">A model folder, a TensorFlow SavedModel or checkpoint (by folder, index or prefix), or an archive of one of them.</param>
    /// <param name="named">Whose definition the model's name stands for, where a name and not a path was asked for.</param>
    /// <exception cref="BeretException">There is no model, or it is damaged or not supported; the message says what is the matter.</exception>
    public static ModelFiles Open(string path, ModelSource? named = null)
    {
        var files = OpenAhead(path, named);
        files.Verification.GetAwaiter().GetResult();
        return files;
    }

    /// <summary>
    /// As <see cref="Open"/>, while the <see cref="Verification"/> is still going on: whoever uses what he reads waits for it first, and whoever fails to read it asks it
    /// for the reason.
    /// </summary>
    public static ModelFiles OpenAhead(string path, ModelSource? named = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFolder.Recover(path);
        if (!Directory.Exists(path))
        {
            return BundlePath.IndexOf(path) is { } index && File.Exists(index) ? TensorFlowFiles.OpenIndex(path, index)
                : IsArchive(path) ? OpenAhead(Unpacked(path), named)
                : throw new InferenceException(
                    File.Exists(path)
                        ? $"{path} is a file of no kind that holds a model; a model folder is wanted, a TensorFlow checkpoint, or an archive of one"
                        : $"{path} is not a folder; a model folder is wanted, such as beret train writes");
        }

        return IsHuggingFace(path) ? HuggingFaceFiles.OpenFolder(path, named)
            : BundlePath.IndexIn(path) is { } found ? TensorFlowFiles.OpenIndex(path, found)
            : ModelArchive.RootOf(path) is var inner && inner != path ? OpenAhead(inner, named)
            : HuggingFaceFiles.OpenFolder(path, named);
    }

    /// <summary>Whether a path is that of a TensorFlow checkpoint or SavedModel.</summary>
    public static bool IsTensorFlow(string path) =>
        Directory.Exists(path) ? BundlePath.IndexIn(path) is not null : CheckpointLocator.IsTensorFlow(path);

    /// <summary>A folder with config.json, unless its only weights are those of TensorFlow (as in clones of the BERT miniatures).</summary>
    private static bool IsHuggingFace(string folder) =>
        File.Exists(System.IO.Path.Combine(folder, HuggingFaceConfig.FileName))
        && !CheckpointLocator.FileIn(folder).EndsWith(BundlePath.IndexExtension, StringComparison.Ordinal);

    /// <summary>Whether a path is that of an archive, by name and content: weights of PyTorch are archives inside, too.</summary>
    public static bool IsArchive(string path) => File.Exists(path)
        && ModelArchive.Extensions.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase)) && ModelArchive.IsArchive(path);

    private static string Unpacked(string archive)
    {
        using var downloader = new Downloader();
        return new ArchiveFetch(downloader, null).UnpackLocalAsync(archive, CancellationToken.None).GetAwaiter().GetResult();
    }
}
