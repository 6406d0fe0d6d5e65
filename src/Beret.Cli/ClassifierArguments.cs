using System.CommandLine;
using Beret.Inference;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Cli;

/// <summary>The options of a verb that loads a classifier to use it.</summary>
internal sealed class ClassifierArguments
{
    private readonly Option<int?> maxLength = CommonOptions.MaxLength("The most tokens of a text [default: as the model was trained]", 3);
    private readonly Option<string?> truncation = CommonOptions.Truncation();
    private readonly Option<int?> overlap = CommonOptions.WindowOverlap("as the model was trained, else a quarter");
    private readonly Option<string?> pooling = CommonOptions.WindowPooling();
    private readonly Option<string?> precision = CommonOptions.Precision();
    private readonly Option<int?> threads = CommonOptions.Threads();

    public void AddTo(Command verb)
    {
        foreach (var option in (Option[])[maxLength, truncation, overlap, pooling, precision, threads])
        {
            verb.Add(option);
        }
    }

    public ClassifierOptions Of(ParseResult arguments) => new()
    {
        Threads = arguments.GetValue(threads),
        MaxLength = arguments.GetValue(maxLength),
        Truncation = arguments.GetValue(truncation) is { } name ? Truncations.Parse(name) : null,
        WindowOverlap = arguments.GetValue(overlap),
        WindowPooling = arguments.GetValue(pooling) is { } pooled ? WindowPoolings.Parse(pooled) : null,
        Precision = arguments.GetValue(precision) is { } chosen ? Precisions.Parse(chosen) : null,
    };
}
