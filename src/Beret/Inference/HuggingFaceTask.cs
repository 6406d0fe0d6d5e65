using Beret.Models;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Inference;

/// <summary>What a plain Hugging Face folder, without beret.json, is taken for.</summary>
internal static class HuggingFaceTask
{
    /// <summary>
    /// The task by problem_type and the number of logits: one logit is a binary classifier (unless problem_type says regression), several are the classes of a softmax,
    /// or labels with a sigmoid each where problem_type says multi-label.
    /// </summary>
    /// <exception cref="InferenceException">The model gives several numbers, or two classes have the same name.</exception>
    public static ModelDescription Describe(string folder, EncoderConfig config, int outputs, Tokenizer tokenizer)
    {
        if (config.ProblemType == "regression" && outputs > 1)
        {
            throw new InferenceException($"{folder}: config.json says that the model is a regression with {outputs} numbers; those with one are predicted with");
        }

        var task = config.ProblemType == "regression" ? TaskNames.Regression : outputs == 1 ? TaskNames.Binary : config.ProblemType == "multi_label_classification" ? TaskNames.MultiLabel : TaskNames.MultiClass;
        var named = config.Labels?.Count == outputs ? config.Labels : [.. Enumerable.Range(0, outputs).Select(i => $"LABEL_{i}")];
        if (named.Distinct(StringComparer.Ordinal).Count() < named.Count)
        {
            throw new InferenceException($"{folder}: id2label of config.json gives two classes the same name");
        }

        return new ModelDescription
        {
            Task = task,
            Labels = task == TaskNames.Binary ? [$"not {named[0]}", named[0]] : named,
            Flavour = tokenizer.Flavour,
            MaxLength = Math.Min(config.MaxPositions, tokenizer.ModelMaxLength is { } length and >= 3 ? length : config.MaxPositions),
            Version = "",
        };
    }
}
