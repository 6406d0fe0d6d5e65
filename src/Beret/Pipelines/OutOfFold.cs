using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Evaluation;
using Beret.Inference;
using Beret.Tasks;

namespace Beret.Pipelines;

/// <summary>
/// What cross-validation says of every text: the answer of the one model that did not learn from it. The file <c>out-of-fold.jsonl</c> has a line for each, in the order of the
/// data; it is whole after each fold, and holds those that are answered by then.
/// </summary>
internal sealed class OutOfFold
{
    public const string FileName = "out-of-fold.jsonl";

    private readonly string path;
    private readonly LabelledTexts texts;
    private readonly int[] folds;
    private readonly float[]?[] logits;

    private OutOfFold(string path, LabelledTexts texts, int[] folds)
    {
        this.path = path;
        this.texts = texts;
        this.folds = folds;
        logits = new float[]?[folds.Length];
    }

    /// <summary>Without any answer yet.</summary>
    /// <param name="folder">The folder of the file.</param>
    /// <param name="texts">All texts, labelled as the task needs it.</param>
    /// <param name="folds">The fold of each.</param>
    public static OutOfFold Begin(string folder, LabelledTexts texts, int[] folds) => new(Path.Combine(folder, FileName), texts, folds);

    /// <summary>With the answers for some folds that an earlier session wrote.</summary>
    /// <param name="folder">The folder of the file.</param>
    /// <param name="texts">All texts, labelled as the task needs it.</param>
    /// <param name="folds">The fold of each.</param>
    /// <param name="done">How many folds are answered.</param>
    /// <exception cref="PipelineException">The file does not have them.</exception>
    public static OutOfFold GoOn(string folder, LabelledTexts texts, int[] folds, int done)
    {
        var all = Begin(folder, texts, folds);
        if (done == 0)
        {
            return all;
        }

        try
        {
            foreach (var line in File.ReadLines(all.path))
            {
                using var document = JsonDocument.Parse(line);
                var row = document.RootElement.GetProperty("row").GetInt32() - 1;
                all.logits[row] = [.. document.RootElement.GetProperty("logits").EnumerateArray().Select(logit => logit.GetSingle())];
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw new PipelineException($"{all.path} cannot be gone on with ({error.Message}): begin anew (--overwrite)", error);
        }

        return all.logits.Where((answer, row) => folds[row] < done && answer is null).Any()
            ? throw new PipelineException($"{all.path} lacks texts of the folds that are done: begin anew (--overwrite)")
            : all;
    }

    /// <summary>The texts of a fold, by their numbers in rising order.</summary>
    public int[] TextsOf(int fold) => [.. Enumerable.Range(0, folds.Length).Where(text => folds[text] == fold)];

    /// <summary>All other texts.</summary>
    public int[] TextsBeside(int fold) => [.. Enumerable.Range(0, folds.Length).Where(text => folds[text] != fold)];

    /// <summary>Takes the answers for a fold, and writes the file anew.</summary>
    /// <param name="fold">The fold.</param>
    /// <param name="answers">The logits of its texts, [texts, K].</param>
    /// <param name="task">What they say.</param>
    public void Add(int fold, ReadOnlySpan<float> answers, ClassificationTask task)
    {
        var members = TextsOf(fold);
        for (var i = 0; i < members.Length; i++)
        {
            logits[members[i]] = answers.Slice(i * task.Outputs, task.Outputs).ToArray();
        }

        AtomicFile.Write(path, stream => Write(stream, task));
    }

    /// <summary>All texts, each judged by the model that did not learn from it.</summary>
    public EvaluationResult Evaluate(ClassificationTask task) => task.Evaluate(texts.WithLabels(task.Labels).Examples, [.. logits.SelectMany(answer => answer!)]);

    private void Write(Stream stream, ClassificationTask task)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        for (var row = 0; row < logits.Length; row++)
        {
            if (logits[row] is { } answer)
            {
                WriteLine(writer, row, answer, task);
                writer.Flush();
                writer.Reset();
                stream.WriteByte((byte)'\n');
            }
        }
    }

    private void WriteLine(Utf8JsonWriter writer, int row, float[] answer, ClassificationTask task)
    {
        var example = texts.Examples[row];
        writer.WriteStartObject();
        writer.WriteNumber("row", row + 1);
        writer.WriteString("source", example.Source);
        writer.WriteNumber("fold", folds[row] + 1);
        writer.WriteString("text", example.Text);
        if (example.Pair is { } pair)
        {
            writer.WriteString("pair", pair);
        }

        switch (task.Kind)
        {
            case LabelKind.Class:
                writer.WriteString("true_label", texts.Labels[example.Label]);
                break;
            case LabelKind.Set:
                writer.WriteStartArray("true_labels");
                foreach (var label in example.Labels)
                {
                    writer.WriteStringValue(texts.Labels[label]);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteNumber("true_value", example.Value);
                break;
        }

        // How the text was read is not known here, and not written.
        PredictionJson.WriteAnswer(writer, Prediction.Of(task, answer, tokens: 0, cut: 0, windows: 1), task);
        writer.WriteEndObject();
    }
}
