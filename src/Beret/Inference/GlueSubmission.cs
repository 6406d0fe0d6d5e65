using System.Globalization;
using System.Text;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Tasks;

namespace Beret.Inference;

/// <summary>What GLUE's server takes: a file for each test part of a task, with a line <c>index TAB prediction</c> for each text.</summary>
public static class GlueSubmission
{
    // STS-B's similarities go from 0 to 5, and the server takes no others.
    private const double MostSimilar = 5;

    /// <summary>Answers the test texts of a task, and writes its files.</summary>
    /// <param name="classifier">A model with the task's labels.</param>
    /// <param name="source">The task's texts.</param>
    /// <param name="folder">Receives the files; made where it is not there. Files of other tasks in it stay.</param>
    /// <param name="progress">Told of each file, with its number of texts, before its texts are answered.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The files.</returns>
    /// <exception cref="BeretException">The model does not have the task's labels, there are no test texts, or a file cannot be written.</exception>
    public static IReadOnlyList<string> Write(
        Classifier classifier, GlueSource source, string folder, IProgress<(string File, int Texts)>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var task = source.Task;
        var isNumber = task.Kind == LabelKind.Number;
        if (isNumber != (classifier.Task == TaskNames.Regression) || (!isNumber && !classifier.Labels.ToHashSet(StringComparer.Ordinal).SetEquals(task.Labels)))
        {
            throw new InferenceException(
                $"{task.Name} has {(isNumber ? "numbers" : $"the labels {string.Join(", ", task.Labels)}")}, and the model is a {classifier.Task} one with {string.Join(", ", classifier.Labels.Take(10))}: it was not trained on this task");
        }

        var files = new List<string>();
        foreach (var (split, name) in task.Submission.Where(part => source.Splits(cancellation).Contains(part.Split)))
        {
            var texts = source.Unlabelled(split, cancellation);
            progress?.Report((name, texts.Count));
            var answers = classifier.Predict([.. texts.Select(text => new TextPair(text.Text, text.Pair))], cancellation);
            var lines = new StringBuilder("index\tprediction\n");
            foreach (var (text, answer) in texts.Zip(answers))
            {
                lines.Append(text.Index).Append('\t')
                    .Append(isNumber ? Math.Clamp(answer.Score, 0, MostSimilar).ToString("F3", CultureInfo.InvariantCulture) : answer.Label).Append('\n');
            }

            Directory.CreateDirectory(folder);
            files.Add(Path.Combine(folder, name));
            AtomicFile.Write(files[^1], stream => stream.Write(Encoding.UTF8.GetBytes(lines.ToString())));
        }

        return files.Count > 0 ? files : throw new InferenceException($"{source.Origin} has no test texts ({string.Join(", ", task.Submission.Select(part => $"{part.Split}.tsv"))})");
    }
}
