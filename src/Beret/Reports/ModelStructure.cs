using Beret.Training;

namespace Beret.Reports;

/// <summary>The boxes of the tutorial's model, as its plot_model shows them.</summary>
public static class ModelStructure
{
    /// <summary>text → preprocessing → BERT_encoder → dropout → classifier, with the shapes of their outputs.</summary>
    /// <param name="maxLength">Tokens of a sequence.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="encoder">The encoder in a line.</param>
    /// <param name="outputs">The number of logits.</param>
    public static IReadOnlyList<DiagramNode> Of(int maxLength, int hiddenSize, string encoder, int outputs) =>
    [
        new("text", "Input", [], "(batch) strings"),
        new("preprocessing", "WordPiece", ["text"], $"ids, types: (batch, up to {maxLength})"),
        new("BERT_encoder", "Encoder", ["preprocessing"], $"pooled: (batch, {hiddenSize})", Detail: encoder),
        new("dropout", "Dropout", ["BERT_encoder"], $"(batch, {hiddenSize})"),
        new("classifier", "Dense", ["dropout"], $"(batch, {outputs})"),
    ];

    /// <summary>The structure of a planned run.</summary>
    internal static IReadOnlyList<DiagramNode> Of(TrainingPlan plan) => Of(plan.Recipe.MaxLength, plan.HiddenSize, plan.Architecture, plan.UntrainedLogits.Count);
}
