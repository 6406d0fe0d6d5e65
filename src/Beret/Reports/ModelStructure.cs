using System.Globalization;
using Beret.Inference;
using Beret.Text;
using Beret.Training;

namespace Beret.Reports;

/// <summary>A model's structure as the boxes of <see cref="ModelDiagramSvg"/>: the tutorial's model with its encoder unfolded.</summary>
public static class ModelStructure
{
    private const string Frame = "BERT_encoder";

    /// <summary>The layers of a model, from the text to the logits.</summary>
    /// <exception cref="ReportException">The model's encoder is not known.</exception>
    public static IReadOnlyList<DiagramNode> Of(ModelInfo model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var encoder = model.Encoder ?? throw new ReportException($"{model.Path}: the structure of these weights is not known, so there is nothing to draw");
        var (e, h) = (encoder.EmbeddingSize, encoder.HiddenSize);
        var length = (model.Description?.MaxLength ?? encoder.MaxPositions).ToString(CultureInfo.InvariantCulture);
        var tokens = $"[batch, ≤ {length}]";
        var sequence = $"[batch, ≤ {length}, {h}]";
        var parts = model.Parts!;
        var nodes = new List<DiagramNode>
        {
            new("text", "Input", [], "[batch] texts"),
            new("preprocessing", model.Tokenizer?.Kind ?? "Tokenizer", ["text"], $"input_word_ids {tokens}\ninput_type_ids {tokens}", Detail: model.Tokenizer is { } tokenizer
                ? $"{tokenizer.Flavour.Format()}, {(tokenizer.LowerCase ? "uncased" : "cased")}" : null),
            new(
                "embeddings", e == h ? "Embedding + LayerNorm" : $"Embedding of {e}, Dense", ["preprocessing"], sequence, Group: Frame,
                Detail: Parameters(parts.Embeddings)),
        };
        nodes.Add(new(
            "block", "Attention, FeedForward", ["embeddings"], $"sequence_output {sequence}", Repeat: encoder.Layers, Group: Frame,
            Detail: $"{(encoder.Heads is { } heads ? $"{heads} heads, " : "")}{OfBlocks(encoder, parts)}"));
        nodes.Add(parts.Pooler > 0
            ? new("pooler", "Dense, tanh", ["block"], $"pooled_output [batch, {h}]", Group: Frame, Detail: Parameters(parts.Pooler))
            : new("pooler", "Pooling", ["block"], $"[batch, {h}]", Group: Frame));
        if (model.Outputs is { } outputs)
        {
            var rate = model.ClassifierDropout is { } dropout ? string.Create(CultureInfo.InvariantCulture, $"rate {dropout:0.###}") : null;
            var last = "pooler";
            if (parts.HeadTransform > 0)
            {
                nodes.Add(new("transform", "Dense", [last], $"[batch, {h}]", Detail: Parameters(parts.HeadTransform)));
                last = "transform";
            }

            nodes.Add(new("dropout", "Dropout", [last], $"[batch, {h}]", Detail: rate));
            nodes.Add(new("classifier", "Dense", ["dropout"], $"[batch, {outputs}]", Detail: Parameters(model.ClassifierParameters - parts.HeadTransform)));
        }

        return nodes;
    }

    /// <summary>The five boxes that the tutorial's plot_model shows, for the report of a run.</summary>
    internal static IReadOnlyList<DiagramNode> Of(TrainingPlan plan) =>
    [
        new("text", "Input", [], "[batch] texts"),
        new("preprocessing", plan.Preprocessing.Split(',')[0], ["text"], $"ids, types [batch, ≤ {plan.Recipe.MaxLength}]"),
        new(Frame, "Encoder", ["preprocessing"], $"pooled_output [batch, {plan.HiddenSize}]", Detail: plan.Architecture),
        new("dropout", "Dropout", [Frame], $"[batch, {plan.HiddenSize}]", Detail: string.Create(CultureInfo.InvariantCulture, $"rate {plan.Recipe.Dropout:0.###}")),
        new("classifier", "Dense", ["dropout"], $"[batch, {plan.UntrainedLogits.Count}]"),
    ];

    private static string OfBlocks(EncoderShape encoder, ModelParts parts) => parts.Blocks % encoder.Layers == 0 && encoder.Family != "albert"
        ? $"{Parameters(parts.Blocks / encoder.Layers)} each"
        : $"{Parameters(parts.Blocks)} in all";

    private static string Parameters(long count) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} parameters");
}
