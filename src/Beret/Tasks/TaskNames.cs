namespace Beret.Tasks;

/// <summary>The tasks as beret.json and the options name them.</summary>
public static class TaskNames
{
    /// <summary>One logit; the positive class is the second label.</summary>
    public const string Binary = "binary";

    /// <summary>One logit for each of several classes, of which one is right.</summary>
    public const string MultiClass = "multi-class";

    /// <summary>One logit for each label, each right or not by itself. Is predicted with, neither trained nor evaluated.</summary>
    public const string MultiLabel = "multi-label";
}
