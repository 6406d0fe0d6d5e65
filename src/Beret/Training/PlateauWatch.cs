using System.Text.Json;

namespace Beret.Training;

/// <summary>Notices a run that learns nothing: the loss stays where guessing by the labels' shares would have it. A part of the run's state, so that a run that goes on says the same.</summary>
internal sealed class PlateauWatch
{
    private const int Window = 150;

    private double sum;
    private int count;
    private bool said;

    /// <summary>What there is to say after another step, once in a run; or null.</summary>
    /// <param name="loss">The step's.</param>
    /// <param name="chance">That of guessing.</param>
    public string? Add(double loss, double chance)
    {
        sum += loss;
        count++;
        if (count < Window)
        {
            return null;
        }

        var mean = sum / Window;
        (sum, count) = (0, 0);
        if (said || mean < 0.985 * chance)
        {
            return null;
        }

        said = true;
        return $"the loss of the last {Window} steps is {mean:f3}, no better than guessing ({chance:f3}): the learning rate is probably too high "
            + "(try a third of it, or a longer warm-up), or the labels do not follow from the texts";
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("sum", sum);
        writer.WriteNumber("count", count);
        writer.WriteBoolean("said", said);
        writer.WriteEndObject();
    }

    public static PlateauWatch Read(JsonElement json) => new()
    {
        sum = json.GetProperty("sum").GetDouble(), count = json.GetProperty("count").GetInt32(), said = json.GetProperty("said").GetBoolean(),
    };
}
