using System.Collections.Frozen;
using System.Collections.Immutable;
using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// The graph of Python objects that an object-based checkpoint carries (TrackableObjectGraph of tensorflow/core/protobuf/trackable_object_graph.proto).
/// Of it only the variables matter here: the name that each had in the program, and the key of its value.
/// </summary>
internal static class ObjectGraph
{
    /// <summary>The key of the graph in the bundle.</summary>
    public const string Key = "_CHECKPOINTABLE_OBJECT_GRAPH";

    /// <summary>What the key of a variable's value ends with, after the path to the variable.</summary>
    public const string VariableSuffix = "/.ATTRIBUTES/VARIABLE_VALUE";

    /// <summary>
    /// By full name, the distinct keys in their order in the graph, of those that <paramref name="isKey"/> accepts; null where the message is damaged.
    /// </summary>
    public static FrozenDictionary<string, ImmutableArray<string>>? ReadNames(ReadOnlySpan<byte> message, Func<string, bool> isKey)
    {
        var names = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var known = new HashSet<(string, string)>();
        var graph = new ProtobufReader(message);
        while (graph.Next())
        {
            if (graph.Field != 1)
            {
                continue;
            }

            var node = new ProtobufReader(graph.Bytes());
            while (node.Next())
            {
                if (node.Field == 2 && !ReadAttribute(node.Bytes(), isKey, known, names))
                {
                    node.Damage();
                }
            }

            if (node.IsDamaged)
            {
                graph.Damage();
            }
        }

        return graph.IsDamaged ? null : names.ToFrozenDictionary(name => name.Key, name => name.Value.ToImmutableArray(), StringComparer.Ordinal);
    }

    // SerializedTensor { full_name = 2, checkpoint_key = 3 }. What is not a variable has no full name.
    private static bool ReadAttribute(
        ReadOnlySpan<byte> message, Func<string, bool> isKey, HashSet<(string Name, string Key)> known, Dictionary<string, List<string>> names)
    {
        string name = "", key = "";
        var attribute = new ProtobufReader(message);
        while (attribute.Next())
        {
            switch (attribute.Field)
            {
                case 2:
                    name = attribute.Text();
                    break;
                case 3:
                    key = attribute.Text();
                    break;
            }
        }

        if (!attribute.IsDamaged && name.Length > 0 && isKey(key) && known.Add((name, key)))
        {
            if (!names.TryGetValue(name, out var keys))
            {
                names.Add(name, keys = []);
            }

            keys.Add(key);
        }

        return !attribute.IsDamaged;
    }
}
