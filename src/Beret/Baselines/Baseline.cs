using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Evaluation;
using Beret.Tasks;

namespace Beret.Baselines;

/// <summary>
/// What a text classifier of a few seconds reaches: the words and pairs of neighbouring words of the whole text, weighted by tf · idf, and a linear model on them. It says what an
/// encoder is worth on the same texts. The same texts give the same bits.
/// </summary>
public sealed class Baseline
{
    /// <summary>The file in a model folder.</summary>
    public const string FileName = "baseline.safetensors";

    /// <summary>What it is called in tables.</summary>
    public const string Name = "words, tf-idf";

    // 16 bytes each while it is trained: 256 MB.
    private const long MostEntries = 16 << 20;
    private const int MostTerms = 100_000;

    // More say little more, and it is to be a matter of seconds. Of so many texts the length is looked at.
    private const double MostCharacters = 64e6;
    private const int Sampled = 1000;
    private const int MostWeights = 1 << 20;
    private const string Key = "beret.baseline";
    private const int Version = 1;

    private readonly TermTable terms;
    private readonly LinearModel model;

    private Baseline(ClassificationTask task, TermTable terms, LinearModel model) => (Task, this.terms, this.model) = (task, terms, model);

    /// <summary>What it decides.</summary>
    public ClassificationTask Task { get; }

    /// <summary>That of a model folder, or null where it has none.</summary>
    /// <exception cref="BeretException">It is damaged, or of another version.</exception>
    public static Baseline? Find(string folder) => Path.Combine(folder, FileName) is var file && File.Exists(file) ? Load(file) : null;

    /// <summary>Trains one.</summary>
    /// <param name="texts">Texts of the task's kind, labelled by its labels. Where they are more than about 64 million characters, or too many for 256 MB of terms, every second, third, … of them.</param>
    /// <param name="task">The task.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Baseline Train(LabelledTexts texts, ClassificationTask task, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(task);
        var every = Math.Max(1, (int)Math.Ceiling(Characters(texts.Examples) / MostCharacters));
        var table = TermTable.Of(Some(texts.Examples, every), Math.Min(MostTerms, MostWeights / task.Outputs), cancellation);
        SparseRows? rows;
        while ((rows = Rows(table, texts.Examples, every, cancellation)) is null)
        {
            every++;
        }

        Example[] used = [.. Some(texts.Examples, every)];
        return new Baseline(task, table, LinearModel.Train(rows, table.Count, used, task, cancellation));
    }

    /// <summary>Judges it on labelled texts, by the task's own figures.</summary>
    /// <param name="texts">Their labels may be in any order; each must be one of the task's.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BeretException">A label is not one of the task's, or there is no text.</exception>
    public EvaluationResult Evaluate(LabelledTexts texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        texts = texts.As(Task.Kind).WithLabels(Task.Labels);
        var logits = new float[texts.Examples.Count * Task.Outputs];
        var (columns, values, one) = (new List<int>(), new List<float>(), new double[Task.Outputs]);
        for (var i = 0; i < texts.Examples.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            columns.Clear();
            values.Clear();
            terms.Add(texts.Examples[i], columns, values);
            model.Logits(new SparseRows([0, columns.Count], [.. columns], [.. values]), 0, one);
            for (var k = 0; k < one.Length; k++)
            {
                logits[i * one.Length + k] = (float)one[k];
            }
        }

        return Task.Evaluate(texts.Examples, logits);
    }

    /// <summary>Writes it, whole or not at all.</summary>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public void Save(string path)
    {
        var writer = new SafetensorsWriter();
        writer.Metadata[Key] = Version.ToString(CultureInfo.InvariantCulture);
        writer.Metadata["task"] = Task.Name;
        writer.Metadata["labels"] = JsonSerializer.Serialize([.. Task.Labels], BaselineJson.Default.StringArray);
        writer.Add("terms", TensorType.I32, [terms.Count], MemoryMarshal.AsBytes<int>(terms.Numbers).ToArray());
        writer.Add("idf", [terms.Count], terms.Rarities);
        writer.Add("weights", TensorType.F64, [model.Weights.Length], MemoryMarshal.AsBytes<double>(model.Weights).ToArray());
        writer.Write(path);
    }

    /// <summary>Reads one that was written.</summary>
    /// <exception cref="BeretException">The file is missing, damaged, or of another version.</exception>
    public static Baseline Load(string path)
    {
        using var file = Checkpoint.Open(path);
        if (file.Metadata.GetValueOrDefault(Key) != Version.ToString(CultureInfo.InvariantCulture))
        {
            throw Damaged(path, "it is no baseline of this version of the program");
        }

        string[] labels;
        try
        {
            labels = JsonSerializer.Deserialize(file.Metadata.GetValueOrDefault("labels") ?? "[]", BaselineJson.Default.StringArray) ?? [];
        }
        catch (JsonException error)
        {
            throw Damaged(path, $"its labels cannot be read: {error.Message}");
        }

        var task = ClassificationTask.Named(file.Metadata.GetValueOrDefault("task") ?? "", labels);
        var count = file.Get("terms").Count;
        if (count > MostTerms || file.Get("idf").Count != count || file.Get("weights").Count != (count + 1) * task.Outputs)
        {
            throw Damaged(path, $"{count} terms, {file.Get("idf").Count} weights of terms and {file.Get("weights").Count} weights for {task.Outputs} logits do not belong together");
        }

        var (wide, weights) = (new long[count], new double[file.Get("weights").Count]);
        file.ReadInt64("terms", wide);
        file.ReadDouble("weights", weights);
        var numbers = Array.ConvertAll(wide, number => (int)Math.Clamp(number, -1, int.MaxValue));
        var rarities = file.Read("idf");
        if (numbers.Zip(numbers.Skip(1)).Any(pair => pair.First >= pair.Second) || !Array.TrueForAll(rarities, float.IsFinite) || !Array.TrueForAll(weights, double.IsFinite))
        {
            throw Damaged(path, "its terms do not rise, or a weight is not finite");
        }

        return new Baseline(task, new TermTable(numbers, rarities), new LinearModel(weights, task.Outputs));
    }

    private static BeretException Damaged(string path, string what) => new($"{path}: {what}; delete the file to evaluate without a baseline");

    /// <summary>The vectors of every so many texts; null where they are too many.</summary>
    private static SparseRows? Rows(TermTable table, IReadOnlyList<Example> texts, int every, CancellationToken cancellation)
    {
        var (starts, columns, values) = (new List<int> { 0 }, new List<int>(), new List<float>());
        foreach (var text in Some(texts, every))
        {
            cancellation.ThrowIfCancellationRequested();
            table.Add(text, columns, values);
            starts.Add(columns.Count);
            if (columns.Count > MostEntries)
            {
                return null;
            }
        }

        return new SparseRows([.. starts], [.. columns], [.. values]);
    }

    /// <summary>About how many characters the texts have, by some that are spread evenly over them.</summary>
    private static double Characters(IReadOnlyList<Example> texts)
    {
        var count = Math.Min(Sampled, texts.Count);
        return count == 0 ? 0 : (double)texts.Count / count * Enumerable.Range(0, count).Sum(i => (double)texts[(int)((long)i * texts.Count / count)].Text.Length);
    }

    private static IEnumerable<Example> Some(IReadOnlyList<Example> texts, int every)
    {
        for (var i = 0; i < texts.Count; i += every)
        {
            yield return texts[i];
        }
    }
}
