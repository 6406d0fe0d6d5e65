using System.Globalization;
using System.Text.Json;
using Beret.Evaluation;

namespace Beret.Pipelines;

/// <summary>What came of a stage.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Seconds">The seconds that it took, all sessions together.</param>
/// <param name="Bytes">The size of the weights' file; 0 where none was written.</param>
/// <param name="Loss">Of a classifier on the validation texts; of pre-training on the tokens that it held out.</param>
/// <param name="Accuracy">The classifier's on the validation texts; null for pre-training.</param>
/// <param name="Baseline">
/// What the gate compares with: the accuracy of the model before; for fine-tuning the share of the commonest label (where texts have sets of labels, of the commonest set); for pre-training the first loss on what it held out, or null; null for chunks, which have no gate: fine-tuning follows.
/// </param>
/// <param name="TextsPerSecond">The validation texts that the classifier labels in a second; null for pre-training.</param>
public sealed record StageResult(TrainingStage Stage, double Seconds, long Bytes, double Loss, double? Accuracy, double? Baseline, double? TextsPerSecond)
{
    /// <summary>The points of accuracy, of 100, below the baseline; negative above it.</summary>
    public double Drop => 100 * (Baseline - Accuracy) ?? double.NaN;

    /// <summary>Why the stage does not pass its gate; null where it does.</summary>
    internal string? FailureBy(StagedRecipe recipe) => Stage switch
    {
        TrainingStage.Pretrain => Baseline is { } first && !(Loss <= first)
            ? Text($"the loss on the held-out tokens rose from {first:0.0000} to {Loss:0.0000}: take a lower pretrain.learning-rate or fewer pretrain.steps")
            : null,
        TrainingStage.Chunks => null,
        TrainingStage.FineTune => !(Accuracy > Baseline)
            ? Text($"the accuracy {Accuracy:0.0000} is not above the share of the commonest label, {Baseline:0.0000}: take another learning rate, or more epochs")
            : null,
        TrainingStage.Distil => TooMuch(recipe.DistilMaxDrop, "teacher"),
        _ => TooMuch(recipe.QuantizeMaxDrop, "model it is made from"),
    };

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("stage", Stage.Format());
        JsonFigure.Write(writer, "accuracy", Accuracy);
        JsonFigure.Write(writer, "loss", Loss);
        JsonFigure.Write(writer, "baseline", Baseline);
        writer.WriteNumber("bytes", Bytes);
        writer.WriteNumber("seconds", Math.Round(Seconds, 2));
        JsonFigure.Write(writer, "texts_per_second", TextsPerSecond);
        writer.WriteEndObject();
    }

    internal static StageResult Read(JsonElement json) => new(
        TrainingStages.Find(json.GetProperty("stage").GetString()!), json.GetProperty("seconds").GetDouble(), json.GetProperty("bytes").GetInt64(),
        JsonFigure.Read(json, "loss") ?? double.NaN, JsonFigure.Read(json, "accuracy"), JsonFigure.Read(json, "baseline"), JsonFigure.Read(json, "texts_per_second"));

    // 0.885 − 0.880 is a little more than half a point in binary.
    private string? TooMuch(double most, string than) => Drop <= most + 1e-9
        ? null
        : Text($"the accuracy {Accuracy:0.0000} is {Drop:0.00} points below that of the {than}, {Baseline:0.0000}; --max-drop allows {most:0.##}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
