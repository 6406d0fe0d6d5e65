using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// The graph of Python objects in a <c>saved_model.pb</c> (SavedObjectGraph of tensorflow/core/protobuf/saved_object_graph.proto). A variable's key in the bundle is
/// the path to it from the root, so this can stand in for the graph that a bundle usually carries itself.
/// </summary>
internal sealed class SavedObjectGraph
{
    // Far above any real graph (a few thousand objects, less than 20 deep); they bound what a hostile one can ask for.
    private const int MostNodes = 1 << 20;
    private const int MostEdges = 1 << 21;
    private const int MostVariables = 1 << 16;
    private const int MostNameBytes = 64 << 20;
    private const int Deepest = 64;
    private const int DeepestStructure = 8;

    private readonly List<Edge> edges = [];
    private readonly Dictionary<int, string> variables = [];
    private int nodes;
    private int nameBytes;

    private SavedObjectGraph()
    {
    }

    /// <summary>How many tensors the list <c>encoder_outputs</c> has that a function returns; null where none returns such a list.</summary>
    public int? EncoderOutputs { get; private set; }

    /// <summary>Null where the message is damaged or absurdly large.</summary>
    public static SavedObjectGraph? Read(ReadOnlySpan<byte> message)
    {
        var graph = new SavedObjectGraph();
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == 1 ? !graph.ReadNode(reader.Bytes()) : reader.Field == 2 && !graph.ReadFunction(reader.Bytes()))
            {
                reader.Damage();
            }
        }

        return reader.IsDamaged ? null : graph;
    }

    /// <summary>By full name, the distinct keys of the variables, of those that <paramref name="isKey"/> accepts.</summary>
    public FrozenDictionary<string, ImmutableArray<string>> Names(Func<string, bool> isKey)
    {
        var parents = WalkFromRoot();
        var names = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var edge in edges)
        {
            if (variables.TryGetValue(edge.Child, out var name) && PathTo(edge, parents) is { } path && isKey(path))
            {
                if (!names.TryGetValue(name, out var keys))
                {
                    names.Add(name, keys = []);
                }

                if (!keys.Contains(path))
                {
                    keys.Add(path);
                }
            }
        }

        return names.ToFrozenDictionary(name => name.Key, name => name.Value.ToImmutableArray(), StringComparer.Ordinal);
    }

    // SavedObject { children = 1 { node_id = 1, local_name = 2 }, variable = 7 { name = 6 } }
    private bool ReadNode(ReadOnlySpan<byte> message)
    {
        if (nodes == MostNodes)
        {
            return false;
        }

        var node = new ProtobufReader(message);
        while (node.Next())
        {
            if (node.Field is not (1 or 7))
            {
                continue;
            }

            var (id, name) = (0, "");
            var part = new ProtobufReader(node.Bytes());
            while (part.Next())
            {
                if (node.Field == 1 && part.Field == 1)
                {
                    id = part.Int32();
                }
                else if (part.Field == (node.Field == 1 ? 2 : 6))
                {
                    nameBytes += part.Bytes().Length;
                    name = nameBytes <= MostNameBytes ? part.Text() : "";
                }
            }

            if (part.IsDamaged || nameBytes > MostNameBytes || edges.Count == MostEdges || variables.Count == MostVariables)
            {
                return false;
            }

            if (node.Field == 1)
            {
                edges.Add(new Edge(nodes, id, name));
            }
            else
            {
                variables[nodes] = name;
            }
        }

        nodes++;
        return !node.IsDamaged;
    }

    // map<string, SavedConcreteFunction { output_signature = 4 }>
    private bool ReadFunction(ReadOnlySpan<byte> message)
    {
        var entry = new ProtobufMapEntry(message);
        var function = new ProtobufReader(entry.Value);
        while (function.Next())
        {
            if (function.Field == 4)
            {
                EncoderOutputs ??= CountEncoderOutputs(function.Bytes(), DeepestStructure);
            }
        }

        return !entry.IsDamaged && !function.IsDamaged;
    }

    // StructuredValue { list_value = 51 { values = 1 }, tuple_value = 52 { values = 1 }, dict_value = 53 { fields = 1, a map } }
    private static int? CountEncoderOutputs(ReadOnlySpan<byte> structure, int depth)
    {
        var value = new ProtobufReader(structure);
        while (depth > 0 && value.Next())
        {
            if (value.Field is not (51 or 52 or 53))
            {
                continue;
            }

            var members = new ProtobufReader(value.Bytes());
            while (members.Next())
            {
                if (members.Field != 1)
                {
                    continue;
                }

                var entry = value.Field == 53 ? new ProtobufMapEntry(members.Bytes()) : default;
                var found = value.Field != 53 ? CountEncoderOutputs(members.Bytes(), depth - 1)
                    : entry.Key.SequenceEqual("encoder_outputs"u8) ? CountMembers(entry.Value)
                    : null;
                if (found is not null)
                {
                    return found;
                }
            }
        }

        return null;
    }

    private static int? CountMembers(ReadOnlySpan<byte> structure)
    {
        var value = new ProtobufReader(structure);
        while (value.Next())
        {
            if (value.Field is 51 or 52)
            {
                var count = 0;
                var members = new ProtobufReader(value.Bytes());
                while (members.Next())
                {
                    count += members.Field == 1 ? 1 : 0;
                }

                return members.IsDamaged || count == 0 ? null : count;
            }
        }

        return null;
    }

    /// <summary>The edge by which the shortest path from the root, node 0, arrives at each node; −1 where none does. As TensorFlow finds the keys.</summary>
    private int[] WalkFromRoot()
    {
        var outgoing = edges.Select((edge, index) => (edge.Parent, Index: index)).ToLookup(edge => edge.Parent, edge => edge.Index);
        var arrival = new int[nodes];
        Array.Fill(arrival, -1);
        var queue = new Queue<int>();
        if (nodes > 0)
        {
            queue.Enqueue(0);
        }

        while (queue.TryDequeue(out var node))
        {
            foreach (var index in outgoing[node])
            {
                var child = edges[index].Child;
                if (child > 0 && child < nodes && arrival[child] < 0)
                {
                    arrival[child] = index;
                    queue.Enqueue(child);
                }
            }
        }

        return arrival;
    }

    private string? PathTo(Edge last, int[] arrival)
    {
        var names = new Stack<string>();
        for (var edge = last; ; edge = edges[arrival[edge.Parent]])
        {
            names.Push(Escaped(edge.Name));
            if (edge.Parent == 0)
            {
                return string.Join('/', names) + ObjectGraph.VariableSuffix;
            }

            if (names.Count == Deepest || arrival[edge.Parent] < 0)
            {
                return null;
            }
        }
    }

    /// <summary>A name as a part of a key (tensorflow/python/checkpoint/trackable_view.py and util.py: escape_local_name).</summary>
    private static string Escaped(string name) =>
        new StringBuilder(name).Replace(".", "..").Replace("/", ".S").ToString();

    private readonly record struct Edge(int Parent, int Child, string Name);
}
