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
        var (e, h, f) = (encoder.EmbeddingSize, encoder.HiddenSize, encoder.IntermediateSize);
        var length = (model.Description?.MaxLength ?? encoder.MaxPositions).ToString(CultureInfo.InvariantCulture);
        var tokens = $"[batch, ≤ {length}]";
        var sequence = $"[batch, ≤ {length}, {h}]";
        var tables = ((long)encoder.VocabularySize + encoder.MaxPositions + encoder.TypeVocabularySize + 2) * e;
        var attention = 4L * (h + 1) * h + 2L * h;
        var feedForward = 2L * h * f + f + h + 2L * h;
        var nodes = new List<DiagramNode>
        {
            new("text", "Input", [], "[batch] texts"),
            new("preprocessing", "WordPiece", ["text"], $"input_word_ids {tokens}\ninput_type_ids {tokens}", Detail: model.Tokenizer is { } tokenizer
                ? $"{tokenizer.Flavour.Format()}, {(tokenizer.LowerCase ? "uncased" : "cased")}" : null),
            new("embeddings", "Embedding + LayerNorm", ["preprocessing"], $"[batch, ≤ {length}, {e}]", Group: Frame, Detail: Parameters(tables)),
        };
        var last = "embeddings";
        if (e != h)
        {
            nodes.Add(new("projection", "Dense", [last], sequence, Group: Frame, Detail: Parameters((e + 1L) * h)));
            last = "projection";
        }

        nodes.Add(new(
            "block", "Attention, FeedForward", [last], $"sequence_output {sequence}", Repeat: encoder.Layers, Group: Frame,
            Detail: $"{(encoder.Heads is { } heads ? $"{heads} heads, " : "")}{Parameters(attention + feedForward)} each"));
        nodes.Add(new("pooler", "Dense, tanh", ["block"], $"pooled_output [batch, {h}]", Group: Frame, Detail: Parameters((h + 1L) * h)));
        if (model.Outputs is { } outputs)
        {
            var rate = model.ClassifierDropout is { } dropout ? string.Create(CultureInfo.InvariantCulture, $"rate {dropout:0.###}") : null;
            nodes.Add(new("dropout", "Dropout", ["pooler"], $"[batch, {h}]", Detail: rate));
            nodes.Add(new("classifier", "Dense", ["dropout"], $"[batch, {outputs}]", Detail: Parameters(model.ClassifierParameters)));
        }

        return nodes;
    }

    /// <summary>The five boxes that the tutorial's plot_model shows, for the report of a run.</summary>
    internal static IReadOnlyList<DiagramNode> Of(TrainingPlan plan) =>
    [
        new("text", "Input", [], "[batch] texts"),
        new("preprocessing", "WordPiece", ["text"], $"ids, types [batch, ≤ {plan.Recipe.MaxLength}]"),
        new(Frame, "Encoder", ["preprocessing"], $"pooled_output [batch, {plan.HiddenSize}]", Detail: plan.Architecture),
        new("dropout", "Dropout", [Frame], $"[batch, {plan.HiddenSize}]", Detail: string.Create(CultureInfo.InvariantCulture, $"rate {plan.Recipe.Dropout:0.###}")),
        new("classifier", "Dense", ["dropout"], $"[batch, {plan.UntrainedLogits.Count}]"),
    ];

    private static string Parameters(long count) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} parameters");
}
