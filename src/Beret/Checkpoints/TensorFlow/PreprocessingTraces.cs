using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>The tokenizers of TF-Text.</summary>
internal enum TracedTokenizer
{
    /// <summary>BertTokenizer.</summary>
    WordPiece,

    /// <summary>SentencepieceTokenizer.</summary>
    SentencePiece,
}

/// <summary>
/// What the operations of a SavedModel's graph tell of the text preprocessing in it: nothing else in the model says it (tensorflow/core/framework/graph.proto).
/// </summary>
internal sealed record PreprocessingTraces
{
    /// <summary>Of a graph without text preprocessing.</summary>
    public static readonly PreprocessingTraces None = new();

    private const int Int32 = 3;

    /// <summary>The tokenizer; null where the graph has none.</summary>
    public TracedTokenizer? Tokenizer { get; private set; }

    /// <summary>Whether the letters' case is folded and accents are stripped: the uncased models.</summary>
    public bool FoldsCase { get; private set; }

    /// <summary>The number of tokens that texts are packed to, a constant of the layer <c>bert_pack_inputs</c>; null where there is none.</summary>
    public int? SequenceLength { get; private set; }

    /// <summary>The SentencePiece model, which is an attribute of the operation that holds it.</summary>
    public byte[]? SentencePieceModel { get; private set; }

    /// <summary>Null where the message is damaged.</summary>
    public static PreprocessingTraces? Read(ReadOnlySpan<byte> message)
    {
        // GraphDef { node = 1, library = 2 { function = 1 { node_def = 3 } } }
        var traces = new PreprocessingTraces();
        var graph = new ProtobufReader(message);
        while (graph.Next())
        {
            if (graph.Field == 1 ? !traces.ReadNode(graph.Bytes()) : graph.Field == 2 && !traces.ReadLibrary(graph.Bytes()))
            {
                graph.Damage();
            }
        }

        return graph.IsDamaged ? null : traces;
    }

    private bool ReadLibrary(ReadOnlySpan<byte> message)
    {
        var library = new ProtobufReader(message);
        while (library.Next())
        {
            if (library.Field != 1)
            {
                continue;
            }

            var function = new ProtobufReader(library.Bytes());
            while (function.Next())
            {
                if (function.Field == 3 && !ReadNode(function.Bytes()))
                {
                    function.Damage();
                }
            }

            if (function.IsDamaged)
            {
                library.Damage();
            }
        }

        return !library.IsDamaged;
    }

    // NodeDef { name = 1, op = 2, attr = 5, a map }
    private bool ReadNode(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> name = default, operation = default;
        var node = new ProtobufReader(message);
        while (node.Next())
        {
            switch (node.Field)
            {
                case 1:
                    name = node.Bytes();
                    break;
                case 2:
                    operation = node.Bytes();
                    break;
            }
        }

        if (operation.SequenceEqual("CaseFoldUTF8"u8))
        {
            FoldsCase = true;
        }
        else if (operation.StartsWith("WordpieceTokenize"u8))
        {
            Tokenizer = TracedTokenizer.WordPiece;
        }
        else if (operation.SequenceEqual("SentencepieceOp"u8))
        {
            // AttrValue { s = 2 }
            Tokenizer = TracedTokenizer.SentencePiece;
            var model = Field(Attribute(message, "model"u8), 2);
            SentencePieceModel ??= model.IsEmpty ? null : model.ToArray();
        }
        else if (operation.SequenceEqual("Const"u8) && IsSequenceLength(name))
        {
            // AttrValue { tensor = 8 }
            SequenceLength = ScalarOf(Field(Attribute(message, "value"u8), 8)) ?? SequenceLength;
        }

        return !node.IsDamaged;
    }

    /// <summary><c>…/bert_pack_inputs_3/Cast/x</c>.</summary>
    private static bool IsSequenceLength(ReadOnlySpan<byte> name)
    {
        if (!name.EndsWith("/Cast/x"u8))
        {
            return false;
        }

        var layer = name[..^"/Cast/x"u8.Length];
        return layer[(layer.LastIndexOf((byte)'/') + 1)..].StartsWith("bert_pack_inputs"u8);
    }

    private static ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> node, ReadOnlySpan<byte> name)
    {
        var reader = new ProtobufReader(node);
        while (reader.Next())
        {
            if (reader.Field == 5)
            {
                var attribute = new ProtobufMapEntry(reader.Bytes());
                if (attribute.Key.SequenceEqual(name))
                {
                    return attribute.Value;
                }
            }
        }

        return default;
    }

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> message, int field)
    {
        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (reader.Field == field)
            {
                return reader.Bytes();
            }
        }

        return default;
    }

    // TensorProto { dtype = 1, int_val = 7, packed }
    private static int? ScalarOf(ReadOnlySpan<byte> message)
    {
        int? type = null, value = null;
        var tensor = new ProtobufReader(message);
        while (tensor.Next())
        {
            switch (tensor.Field)
            {
                case 1:
                    type = tensor.Int32();
                    break;
                case 7:
                    value = Single(tensor.Bytes());
                    break;
            }
        }

        return tensor.IsDamaged || type != Int32 || value is < 1 ? null : value;
    }

    private static int? Single(ReadOnlySpan<byte> packed) =>
        Varint.TryRead(ref packed, out var value) && packed.IsEmpty && value <= int.MaxValue ? (int)value : null;
}
