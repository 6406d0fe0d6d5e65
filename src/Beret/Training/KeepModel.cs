using Beret.Data;
using Beret.Tasks;

namespace Beret.Training;

/// <summary>What the kept model is chosen by: the last, or the best by a figure of its task on the validation texts.</summary>
public sealed record KeepModel
{
    private static readonly Lazy<IReadOnlyList<string>> Figures = new(() => [.. TaskNames.All.SelectMany(FiguresOf).Distinct()]);

    private readonly string word;

    private KeepModel(string word) => this.word = word;

    /// <summary>The one with the highest validation accuracy, or what the task has in its place (<see cref="TrainingPlan.Headline"/>).</summary>
    public static KeepModel BestAccuracy { get; } = new("best-accuracy");

    /// <summary>The one with the lowest validation loss.</summary>
    public static KeepModel BestLoss { get; } = new("best-loss");

    /// <summary>The last, as in the tutorial.</summary>
    public static KeepModel Last { get; } = new("last");

    internal static IReadOnlyList<string> Words { get; } = [BestAccuracy.word, BestLoss.word, Last.word];

    /// <summary>The figure's key, such as "f1_macro"; null for what has a name of its own.</summary>
    public string? Metric => Words.Contains(word) ? null : word;

    /// <summary>Reads one of the names, or the key of a figure that some task has.</summary>
    /// <returns>Null where the text is neither.</returns>
    public static KeepModel? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Words.Contains(text) || Figures.Value.Contains(text) ? new(text) : null;
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => word;

    /// <summary>The keys of a task's figures, from an evaluation of next to nothing.</summary>
    private static IEnumerable<string> FiguresOf(string name)
    {
        var task = ClassificationTask.Named(name, name switch { TaskNames.Binary => ["no", "yes"], TaskNames.Regression => ["number"], _ => ["a", "b", "c"] });
        var nothing = new Example("", null, 0, "");
        return task.Evaluate([nothing, nothing], new float[2 * task.Outputs]).Metrics.Select(metric => metric.Key);
    }
}
