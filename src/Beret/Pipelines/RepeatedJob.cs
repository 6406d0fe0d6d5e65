using Beret.Data;
using Beret.Training;

namespace Beret.Pipelines;

/// <summary>What differs between the runs of a repeated one.</summary>
public enum RepeatKind
{
    /// <summary>The seed of the new layers, the order and the dropout; the texts are divided once, by the first seed, and are the same for all.</summary>
    Seeds,

    /// <summary>The texts: each run is judged on one of the parts, and learns from the others.</summary>
    Folds,
}

/// <summary>What a repeated run works on.</summary>
public sealed record RepeatedJob
{
    /// <summary>One run; its output is the folder of all of them, in which each has its own.</summary>
    public required TrainingJob Run { get; init; }

    /// <summary>What differs.</summary>
    public required RepeatKind Kind { get; init; }

    /// <summary>How many runs there are.</summary>
    public required int Count { get; init; }

    /// <summary>The folder of the runs that these repeat, or null: model and texts have to be those that they had.</summary>
    public string? Repeats { get; init; }

    /// <summary>The folder of all runs.</summary>
    internal string Output => Run.Output;

    /// <summary>The name of a run, which its folder has.</summary>
    /// <param name="number">The run, from 0.</param>
    internal string NameOf(int number) => Kind == RepeatKind.Seeds ? $"seed-{Run.Recipe.Seed + number}" : $"fold-{number + 1}";

    /// <summary>The folder of a run.</summary>
    internal string FolderOf(string name) => Path.Combine(Output, name);
}
