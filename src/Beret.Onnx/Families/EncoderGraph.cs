using Beret.Models;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;

namespace Beret.Onnx.Families;

/// <summary>An encoder of any family as a graph.</summary>
internal static class EncoderGraph
{
    /// <summary>Each token in the context of its sequence: [B, L] → [B, L, H].</summary>
    /// <exception cref="OnnxException">The family has no graph.</exception>
    public static Edge Contextualize(GraphBuilder g, EncoderInputs inputs, EncoderConfig config) => config switch
    {
        AlbertConfig albert => AlbertGraph.Contextualize(g, inputs, albert),
        DistilBertConfig => DistilBertGraph.Contextualize(g, inputs, config),
        MpnetConfig mpnet => MpnetGraph.Contextualize(g, inputs, mpnet),
        DebertaV2Config deberta => DebertaV2Graph.Contextualize(g, inputs, deberta),
        ModernBertConfig modern => ModernBertGraph.Contextualize(g, inputs, modern),
        TalkingHeadsConfig => TalkingHeadsGraph.Contextualize(g, inputs, config),
        _ when config.Family.ModelType is "bert" or "electra" or "roberta" or "xlm-roberta" => BertGraph.Contextualize(g, inputs, config),
        _ => throw new OnnxException($"models of the family {config.Family.ModelType} cannot be written as ONNX"),
    };

    /// <summary>Each sequence as a whole: [B, L, H] → [B, H].</summary>
    public static Edge Pool(GraphBuilder g, Edge x, EncoderInputs inputs, EncoderConfig config) => PoolingLayer.Of(g, x, inputs, config, Pooler(config));

    /// <summary>The name of the pooler's dense layer; null where there is none.</summary>
    private static string? Pooler(EncoderConfig config) => !config.BringsPooler || config is ModernBertConfig ? null
        : config is AlbertConfig ? $"{config.Family.Prefix}pooler"
        : $"{config.Family.Prefix}pooler.dense";
}
