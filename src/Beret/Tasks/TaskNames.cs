using Beret.Data;

namespace Beret.Tasks;

/// <summary>The tasks as beret.json and the options name them.</summary>
public static class TaskNames
{
    /// <summary>One logit; the positive class is the second label.</summary>
    public const string Binary = "binary";

    /// <summary>One logit for each of several classes, of which one is right.</summary>
    public const string MultiClass = "multi-class";

    /// <summary>One logit for each label, each right or not by itself.</summary>
    public const string MultiLabel = "multi-label";

    /// <summary>One number.</summary>
    public const string Regression = "regression";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Binary, MultiClass, MultiLabel, Regression];

    /// <summary>What the texts of a task are labelled with; null for "auto", which follows the labels.</summary>
    public static LabelKind? KindOf(string task) => task switch
    {
        Binary or MultiClass => LabelKind.Class,
        MultiLabel => LabelKind.Set,
        Regression => LabelKind.Number,
        _ => null,
    };
}
