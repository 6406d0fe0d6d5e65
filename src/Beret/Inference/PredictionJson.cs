using System.Text.Json;
using Beret.Data;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Inference;

/// <summary>Predictions as members of a JSON object, under the names that all of Beret's output has.</summary>
public static class PredictionJson
{
    /// <summary>
    /// Writes <c>label</c> and <c>score</c>, of a multi-label task <c>labels</c>, of a regression <c>value</c>; then <c>probabilities</c> (not of a regression), <c>logits</c>, <c>tokens</c>,
    /// <c>tokens_cut</c>, and <c>windows</c> where the model reads long texts in such.
    /// </summary>
    /// <param name="json">The writer, within an object.</param>
    /// <param name="prediction">What to write.</param>
    /// <param name="model">The model that said it.</param>
    public static void WriteMembers(Utf8JsonWriter json, Prediction prediction, ModelDescription model)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(model);
        WriteAnswer(json, prediction, model.ClassificationTask);
        json.WriteNumber("tokens", prediction.Tokens);
        json.WriteNumber("tokens_cut", prediction.TokensCut);
        if (model.Truncation == Truncation.Windows)
        {
            json.WriteNumber("windows", prediction.Windows);
        }
    }

    /// <summary>Writes what is said of the text, and nothing of how it was read: up to <c>logits</c>.</summary>
    internal static void WriteAnswer(Utf8JsonWriter json, Prediction prediction, ClassificationTask task)
    {
        if (task.Kind == LabelKind.Number)
        {
            json.WriteNumber("value", prediction.Score);
        }
        else
        {
            WriteLabels(json, prediction, task);
        }

        json.WriteStartArray("logits");
        foreach (var logit in prediction.Logits)
        {
            json.WriteNumberValue(logit);
        }

        json.WriteEndArray();
    }

    private static void WriteLabels(Utf8JsonWriter json, Prediction prediction, ClassificationTask task)
    {
        if (task.Kind == LabelKind.Set)
        {
            json.WriteStartArray("labels");
            foreach (var label in prediction.Labels)
            {
                json.WriteStringValue(label);
            }

            json.WriteEndArray();
        }
        else
        {
            json.WriteString("label", prediction.Label);
            json.WriteNumber("score", prediction.Score);
        }

        json.WriteStartObject("probabilities");
        for (var i = 0; i < task.Labels.Count; i++)
        {
            json.WriteNumber(task.Labels[i], prediction.Probabilities[i]);
        }

        json.WriteEndObject();
    }
}
