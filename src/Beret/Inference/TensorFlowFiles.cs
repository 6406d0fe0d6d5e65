using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Hub;
using Beret.Models;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Inference;

/// <summary>
/// A model of TensorFlow: a SavedModel (an encoder of TensorFlow Hub, or the classifier that the tutorial saved), or a checkpoint of TF1 or of the model garden.
/// </summary>
internal sealed class TensorFlowFiles : ModelFiles
{
    // The tutorial's classes, in the order of their folders' names. A saved classifier does not tell its own.
    private static readonly string[] BinaryLabels = ["neg", "pos"];

    private const int UsualLength = 128;

    private readonly string index;
    private readonly SavedModel? graph;
    private readonly TensorFlowTokenizer tokenizer;

    private TensorFlowFiles(string index, SavedModel? graph, TensorFlowTokenizer tokenizer)
    {
        this.index = index;
        this.graph = graph;
        this.tokenizer = tokenizer;
    }

    public override string Kind => graph is null ? "TensorFlow checkpoint"
        : $"TensorFlow SavedModel, {(graph.TakesText ? "a classifier with its preprocessing" : "an encoder")}"
            + (graph.TensorFlowVersion.Length > 0 ? $", written by TensorFlow {graph.TensorFlowVersion}" : "");

    public override bool HasTokenizer => tokenizer.Exists;

    public override string WeightsPath => index;

    /// <param name="path">What was asked for.</param>
    /// <param name="index">The index of the bundle.</param>
    public static TensorFlowFiles OpenIndex(string path, string index)
    {
        var graph = BundlePath.GraphBeside(index) is { } file ? SavedModel.Read(file) : null;
        using var bundle = TensorBundle.OpenIndex(index);
        var names = NamesOf(bundle, graph);
        var folder = System.IO.Path.GetDirectoryName(graph?.Path ?? index) ?? "";
        return new TensorFlowFiles(index, graph, TensorFlowTokenizer.Find(folder, bundle, graph))
        {
            Path = path,
            Source = ModelSource.TensorFlow,
            Config = ModelSource.TensorFlow.Adjust(TensorFlowConfig.Read(bundle, names, graph, folder), written: null),
        };
    }

    public override Checkpoint OpenWeights()
    {
        var bundle = TensorBundle.OpenIndex(index);
        try
        {
            return NamesOf(bundle, graph).AsHuggingFace(bundle, Variables(bundle, graph));
        }
        catch
        {
            bundle.Dispose();
            throw;
        }
    }

    public override Tokenizer LoadTokenizer() => tokenizer.Load();

    public override ModelDescription Describe(int outputs, Tokenizer tokenizer)
    {
        var length = Math.Min(Config.MaxPositions, graph?.Preprocessing.SequenceLength ?? UsualLength);
        return new ModelDescription
        {
            Task = outputs == 1 ? TaskNames.Binary : TaskNames.MultiClass,
            Labels = outputs == 1 ? BinaryLabels : [.. Enumerable.Range(0, outputs).Select(i => $"LABEL_{i}")],
            Flavour = tokenizer.Flavour,
            MaxLength = length,
            Version = "",
        };
    }

    private static TensorFlowNames NamesOf(TensorBundle bundle, SavedModel? graph) =>
        TensorFlowNames.Of(Variables(bundle, graph).Select(variable => variable.Key)) ?? throw new InferenceException(
            graph?.Preprocessing.Tokenizer is not null
                ? $"{graph.Path} is a preprocessing model, which has no encoder: name the encoder that it goes with"
                : $"{bundle.Path}: the names of its variables are those of no encoder that is known");

    /// <summary>Full names and keys. A classifier's last layer is called classifier, whatever its program called it.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Variables(TensorBundle bundle, SavedModel? graph)
    {
        var head = graph is { TakesText: true, Outputs: [var output] } ? $"{output}/" : null;
        return bundle.FullNames.SelectMany(
            name => name.Value,
            (name, key) => KeyValuePair.Create(
                head is not null && name.Key.StartsWith(head, StringComparison.Ordinal) ? $"classifier/{name.Key[head.Length..]}" : name.Key, key));
    }
}
