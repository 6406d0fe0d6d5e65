using Beret.Baselines;
using Beret.Data;
using Beret.Evaluation;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Inference;

/// <summary>How a model is quantized.</summary>
public sealed record QuantizationOptions
{
    /// <summary>What the folder keeps and computes with: <see cref="Precision.Int8"/> or <see cref="Precision.BFloat16"/>.</summary>
    public Precision Precision { get; init; } = Precision.Int8;

    /// <summary>The texts that both models are evaluated on before anything is written; null: the gate is not made.</summary>
    public LabelledTexts? Sample { get; init; }

    /// <summary>The points of accuracy (of a multi-label task, of F1; of a regression, of correlation), of 100, that may be lost on the sample.</summary>
    public double MaxDrop { get; init; } = 0.5;

    /// <summary>The number of threads that compute; null for one for each processor. The results do not depend on it.</summary>
    public int? Threads { get; init; }
}

/// <summary>What quantizing a model did.</summary>
/// <param name="Precision">What the folder keeps and computes with.</param>
/// <param name="BytesBefore">The size of the weights as fp32.</param>
/// <param name="BytesAfter">The size of the weights' file; 0 where none was written.</param>
/// <param name="Before">The model in fp32 on the sample; null without one.</param>
/// <param name="After">The quantized model on the sample; null without one.</param>
/// <param name="IsWritten">Whether the accuracy held, so that the folder was written.</param>
public sealed record QuantizationReport(
    Precision Precision, long BytesBefore, long BytesAfter, EvaluationResult? Before, EvaluationResult? After, bool IsWritten)
{
    /// <summary>
    /// The points of <see cref="EvaluationResult.Headline"/>, which is accuracy for classes, that were lost, of 100; negative where some were won, NaN without a sample. A
    /// correlation that is not defined counts as none.
    /// </summary>
    public double Drop => Before is null || After is null ? double.NaN : 100 * (Figure(Before) - Figure(After));

    private static double Figure(EvaluationResult result) => result.Headline.Estimate.Value is var value && double.IsNaN(value) ? 0 : value;
}

/// <summary>
/// Writes a model in fewer bits: int8 (a quarter of the size, about four times as fast where the processor has the instruction for it) or bf16 (half, about twice).
/// </summary>
public static class ModelQuantization
{
    /// <summary>Evaluates the model and its quantized form on the sample and, unless too much accuracy is lost, writes the quantized one.</summary>
    /// <param name="source">A classifier, as <see cref="Classifier.Load"/> takes it.</param>
    /// <param name="destination">The folder to write; it must not exist, or be empty. It is written as a whole or not at all.</param>
    /// <param name="options">Precision, sample and gate; null for int8 without a gate.</param>
    /// <param name="progress">Told how far the evaluations of the one and then of the other are.</param>
    /// <param name="cancellation">Stops between two batches; nothing is written then.</param>
    /// <exception cref="BeretException">The source is no classifier, a weight is no number, or the folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static QuantizationReport Quantize(
        string source, string destination, QuantizationOptions? options = null, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        options ??= new QuantizationOptions();
        if (options.Precision is not (Precision.Int8 or Precision.BFloat16))
        {
            throw new InferenceException($"a model is quantized to {Precision.Int8.Format()} or {Precision.BFloat16.Format()}, not to {options.Precision.Format()}");
        }

        ModelConversion.RequireEmpty(destination);

        EvaluationResult? before = null;
        if (options.Sample is not null)
        {
            using var classifier = Classifier.Load(source, new ClassifierOptions { Threads = options.Threads });
            before = classifier.Evaluate(options.Sample, progress, cancellation);
        }

        using var quantized = Classifier.LoadRounded(source, options.Precision, options.Threads);
        var after = options.Sample is null ? null : quantized.Evaluate(options.Sample, progress, cancellation);
        var report = new QuantizationReport(options.Precision, quantized.Parameters * sizeof(float), BytesAfter: 0, before, after, IsWritten: false);
        // 0.885 − 0.880 is a little more than half a point in binary.
        if (report.Drop > options.MaxDrop + 1e-9)
        {
            return report;
        }

        quantized.Save(destination);

        // What words alone reach stays beside the model, whatever its precision.
        Baseline.Find(source)?.Save(Path.Combine(destination, Baseline.FileName));
        return report with { BytesAfter = new FileInfo(Path.Combine(destination, ModelFolder.Weights)).Length, IsWritten = true };
    }
}
