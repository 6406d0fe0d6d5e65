using System.Collections.Immutable;
using System.Text;
using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// What is told by a <c>saved_model.pb</c> beside its variables: the signature, the object graph, and traces of the Python program in the operations
/// (tensorflow/core/protobuf/saved_model.proto, meta_graph.proto). Read from a mapped file in one pass; what is kept is small.
/// </summary>
internal sealed class SavedModel
{
    /// <summary>The file's name.</summary>
    public const string FileName = "saved_model.pb";

    // Graphs of real models have a few megabytes; the length of a field is limited by what a span can hold.
    private const long LongestFile = 1 << 30;
    private const int MostTensors = 1 << 12;
    private const string Serving = "serve";

    private SavedModel(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The version of TensorFlow that wrote it, or "".</summary>
    public string TensorFlowVersion { get; private set; } = "";

    /// <summary>The names of the inputs of the signature serving_default, in the order of the file.</summary>
    public ImmutableArray<string> Inputs { get; private set; } = [];

    /// <summary>The names of its outputs.</summary>
    public ImmutableArray<string> Outputs { get; private set; } = [];

    /// <summary>How many encoder outputs, one for each block, a function of the model returns; null where none does.</summary>
    public int? EncoderOutputs { get; private set; }

    /// <summary>What the operations tell of the model's text preprocessing.</summary>
    public PreprocessingTraces Preprocessing { get; private set; } = PreprocessingTraces.None;

    /// <summary>The object graph, for a bundle that has none of its own; null where there is none.</summary>
    public SavedObjectGraph? Objects { get; private set; }

    /// <summary>Whether the model takes texts rather than ids.</summary>
    public bool TakesText => Inputs is [_] && Preprocessing.Tokenizer is not null;

    /// <summary>Reads the file.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, or no SavedModel.</exception>
    public static SavedModel Read(string path)
    {
        using var file = MappedFile.Open(path, least: 1);
        if (file.Length > LongestFile)
        {
            throw new CheckpointException($"{path}: the file has {file.Length} bytes; a SavedModel's graph of at most {LongestFile} is read");
        }

        var model = new SavedModel(path);
        var message = file.Slice(0, (int)file.Length);
        if (message[0] == '<')
        {
            throw new CheckpointException($"{path}: this is a web page and no SavedModel; the download failed");
        }

        var graph = FindGraph(message, path);
        return model.ReadGraph(graph) ? model : throw Damaged(path);
    }

    private static CheckpointException Damaged(string path) => new($"{path}: the file is damaged, or no SavedModel; fetch it again");

    /// <summary>The graph that is tagged for serving, or the only one.</summary>
    private static ReadOnlySpan<byte> FindGraph(ReadOnlySpan<byte> message, string path)
    {
        ReadOnlySpan<byte> graph = default;
        var graphs = 0;
        var isServing = false;
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 2)
            {
                var candidate = reader.Bytes();
                graphs++;
                if (graphs == 1 || (!isServing && IsServing(candidate)))
                {
                    graph = candidate;
                    isServing = IsServing(candidate);
                }
            }
        }

        return reader.IsDamaged ? throw Damaged(path)
            : graphs == 0 ? throw new CheckpointException($"{path}: the SavedModel holds no graph")
            : graphs > 1 && !isServing ? throw new CheckpointException($"{path}: the SavedModel holds {graphs} graphs and none is tagged \"{Serving}\"")
            : graph;
    }

    // MetaGraphDef { meta_info_def = 1 { tags = 4 } }
    private static bool IsServing(ReadOnlySpan<byte> graph)
    {
        var reader = new ProtobufReader(graph);
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                continue;
            }

            var info = new ProtobufReader(reader.Bytes());
            while (info.Next())
            {
                if (info.Field == 4 && info.Bytes().SequenceEqual("serve"u8))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // MetaGraphDef { meta_info_def = 1 { tensorflow_version = 5 }, graph_def = 2, signature_def = 5, object_graph_def = 7 }
    private bool ReadGraph(ReadOnlySpan<byte> graph)
    {
        var reader = new ProtobufReader(graph);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when !ReadInfo(reader.Bytes()):
                case 5 when !ReadSignature(reader.Bytes()):
                    reader.Damage();
                    break;
                case 2 when PreprocessingTraces.Read(reader.Bytes()) is { } traces:
                    Preprocessing = traces;
                    break;
                case 7 when SavedObjectGraph.Read(reader.Bytes()) is { } objects:
                    Objects = objects;
                    EncoderOutputs = objects.EncoderOutputs;
                    break;
                case 2 or 7:
                    reader.Damage();
                    break;
            }
        }

        return !reader.IsDamaged;
    }

    private bool ReadInfo(ReadOnlySpan<byte> message)
    {
        var info = new ProtobufReader(message);
        while (info.Next())
        {
            if (info.Field == 5)
            {
                TensorFlowVersion = info.Text();
            }
        }

        return !info.IsDamaged;
    }

    // map<string, SignatureDef>; SignatureDef { inputs = 1, outputs = 2, both map<string, TensorInfo> }
    private bool ReadSignature(ReadOnlySpan<byte> message)
    {
        var entry = new ProtobufMapEntry(message);
        if (entry.IsDamaged || !entry.Key.SequenceEqual("serving_default"u8))
        {
            return !entry.IsDamaged;
        }

        var (inputs, outputs) = (ImmutableArray.CreateBuilder<string>(), ImmutableArray.CreateBuilder<string>());
        var signature = new ProtobufReader(entry.Value);
        while (signature.Next())
        {
            if (signature.Field is 1 or 2)
            {
                var tensor = new ProtobufMapEntry(signature.Bytes());
                (signature.Field == 1 ? inputs : outputs).Add(Encoding.UTF8.GetString(tensor.Key));
                if (tensor.IsDamaged || inputs.Count + outputs.Count > MostTensors)
                {
                    signature.Damage();
                }
            }
        }

        (Inputs, Outputs) = (inputs.ToImmutable(), outputs.ToImmutable());
        return !signature.IsDamaged;
    }
}
