using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Pipelines;
using Beret.Text;

namespace Beret.Onnx.Checks;

/// <summary>What an export and Beret are asked alike, and the classifier that says what the answers should be.</summary>
internal static class CheckTexts
{
    private const int Reviews = 6;

    /// <summary>Texts of a few words, and none.</summary>
    public static IReadOnlyList<string> Short { get; } = ["this is such an amazing movie!", "The movie was terrible...", ""];

    /// <summary>Texts that most models cut.</summary>
    public static IReadOnlyList<string> Long => [.. SampleReviews.Load(DataSource.Test).Examples.Take(Reviews).Select(example => example.Text)];

    /// <summary>The classifier as the exported graph is: one window of a text at a time, in the arithmetic that comes nearest.</summary>
    public static Classifier Open(string source, OnnxPrecision precision) => Classifier.Load(source, new ClassifierOptions
    {
        Precision = precision == OnnxPrecision.Int8 ? Precision.Int8 : Precision.Float32,
        Truncation = Directory.Exists(source) && ModelDescription.Read(source)?.Truncation == Truncation.Windows ? Truncation.Head : null,
    });
}
