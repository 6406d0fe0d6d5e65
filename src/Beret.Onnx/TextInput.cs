using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;
using Beret.Text;
using static Beret.Onnx.Graphs.Attributes;
using DataType = Onnx.TensorProto.Types.DataType;

namespace Beret.Onnx;

/// <summary>
/// The graph's beginning where it takes a text: the BertTokenizer operator of onnxruntime-extensions (operators/tokenizer/bert_tokenizer.cc there), whose vocabulary is an attribute.
/// It takes one text, or the two of a pair, and gives its ids, types and mask.
/// </summary>
internal static class TextInput
{
    /// <summary>The domain of onnxruntime-extensions' operators.</summary>
    public const string Domain = "ai.onnx.contrib";

    /// <exception cref="OnnxException">The model's tokenizer is not BERT's.</exception>
    public static EncoderInputs Declare(GraphBuilder g, ExportedModel exported)
    {
        if (exported.Tokenizer.WordPiece is not { } wordPiece || wordPiece.Vocabulary.Tokens.Any(token => string.IsNullOrEmpty(token) || token.Contains('\n')))
        {
            throw new OnnxException(
                $"the tokenizer of the model is {exported.Tokenizer.Kind}, and not one that the operator BertTokenizer of onnxruntime-extensions has: export without --with-tokenizer");
        }

        var settings = wordPiece.Settings;
        var tokenized = g.Node(
            "BertTokenizer", [g.Input("text", DataType.String, "texts")], 3, Domain,
            Utf8("vocab_file", string.Join('\n', wordPiece.Vocabulary.Tokens)),
            Integer("do_lower_case", settings.LowerCase ? 1 : 0),
            Integer("do_basic_tokenize", 1),
            Utf8("unk_token", settings.Unknown!),
            Utf8("sep_token", settings.Separator!),
            Utf8("pad_token", settings.Padding!),
            Utf8("cls_token", settings.Classification!),
            Utf8("mask_token", settings.Mask!),
            Integer("tokenize_chinese_chars", settings.SpaceChinese ? 1 : 0),
            Integer("strip_accents", settings.StripAccents ?? settings.LowerCase ? 1 : 0),
            Utf8("suffix_indicator", settings.ContinuingPrefix),
            Utf8("truncation_strategy_name", "longest_first"),
            Integer("max_length", exported.Description.MaxLength));
        Edge Row(Edge list) => g.Unsqueeze(list, 0);
        return new EncoderInputs(Row(tokenized[0]), Row(tokenized[2]), exported.Config.TypeVocabularySize > 1 ? Row(tokenized[1]) : null);
    }
}
