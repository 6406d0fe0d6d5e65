using System.Text.Json;

namespace Beret.Training;

/// <summary>What the training loss of a student that is held to more than logits is the sum of, each before its weight.</summary>
/// <param name="Logits">The loss of the logits, against teacher and labels.</param>
/// <param name="Relations">The divergence of the attention's relations; null where they are not compared.</param>
/// <param name="Hidden">The mean squared difference of the hidden states; null where they are not compared.</param>
public readonly record struct LossParts(double Logits, double? Relations, double? Hidden)
{
    /// <summary>Writes "logits_loss" and what else there is into the JSON object under way.</summary>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteNumber("logits_loss", Logits);
        if (Relations is { } relations)
        {
            writer.WriteNumber("relation_loss", relations);
        }

        if (Hidden is { } hidden)
        {
            writer.WriteNumber("hidden_loss", hidden);
        }
    }

    /// <summary>What <see cref="WriteJson"/> wrote into an object; null where it holds none.</summary>
    internal static LossParts? Read(JsonElement json) => json.TryGetProperty("logits_loss", out var logits)
        ? new LossParts(
            logits.GetDouble(),
            json.TryGetProperty("relation_loss", out var relations) ? relations.GetDouble() : null,
            json.TryGetProperty("hidden_loss", out var hidden) ? hidden.GetDouble() : null)
        : null;

    /// <summary>Adds others, counted a number of times.</summary>
    internal LossParts Plus(LossParts other, double times) => new(Logits + (times * other.Logits), (Relations ?? 0) + (times * other.Relations), (Hidden ?? 0) + (times * other.Hidden));

    internal LossParts DividedBy(double count) => new(Logits / count, Relations / count, Hidden / count);
}
