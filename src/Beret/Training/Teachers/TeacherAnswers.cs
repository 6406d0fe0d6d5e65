using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Inference;
using Beret.Tasks;
using Beret.Training.Runs;

namespace Beret.Training.Teachers;

/// <summary>
/// A teacher's logits for the texts of a run: computed once, before the first step, and kept in a file beside the output folder until the run ends, so that a run that
/// goes on does not compute them again. They are the same whatever the number of threads, and whatever was read before an interruption.
/// </summary>
internal sealed class TeacherAnswers
{
    private const string TeacherKey = "beret.teacher";
    private const string TextsKey = "beret.texts";
    private const string TensorName = "logits";
    private const int TextsAtATime = 512;

    private static readonly TimeSpan SavedEvery = TimeSpan.FromSeconds(30);

    private readonly ClassificationTask task;
    private readonly float[] logits;
    private readonly int learned;
    private int done;

    private TeacherAnswers(ClassificationTask task, int learned, int count)
    {
        this.task = task;
        this.learned = learned;
        logits = new float[(long)count * task.Outputs];
    }

    /// <summary>SHA-256 of the teacher.</summary>
    public required string Teacher { get; init; }

    /// <summary>The logits for a text that is learned from, [K].</summary>
    public ReadOnlySpan<float> this[int text] => logits.AsSpan(text * task.Outputs, task.Outputs);

    /// <summary>Those for the validation texts, [texts, K].</summary>
    public ReadOnlySpan<float> OfValidation => logits.AsSpan(learned * task.Outputs);

    /// <summary>The file beside an output folder.</summary>
    public static string PathBeside(string output) => OutputFolder.Beside(output, "teacher.safetensors");

    /// <summary>Reads the answers that are there, and lets the teacher give the others.</summary>
    /// <param name="teacher">The classifier.</param>
    /// <param name="fingerprint">Its <see cref="FingerprintOf"/>.</param>
    /// <param name="job">Says where the output is.</param>
    /// <param name="texts">The texts to answer.</param>
    /// <param name="callbacks">Is told how far it is.</param>
    /// <param name="cancellation">Stops it; what is answered by then is kept.</param>
    /// <exception cref="BeretException">The file cannot be written, or the teacher's logits are not finite.</exception>
    public static TeacherAnswers Of(
        Classifier teacher, string fingerprint, TrainingJob job, RunTexts texts, TrainingCallbacks callbacks, CancellationToken cancellation)
    {
        Example[] all = [.. texts.Learned, .. texts.Validation?.Examples ?? []];
        var answers = new TeacherAnswers(texts.Task, texts.Learned.Count, all.Length) { Teacher = fingerprint };
        var file = PathBeside(job.Output);
        var content = $"{texts.Fingerprint} {texts.Validation?.Fingerprint}";
        answers.Read(file, content);
        if (answers.done < all.Length)
        {
            answers.Ask(teacher, all, file, content, callbacks, cancellation);
        }

        return Array.TrueForAll(answers.logits, float.IsFinite)
            ? answers
            : throw new TrainingException($"the teacher {job.Teacher!.Name} gives logits that are not finite: it cannot teach");
    }

    private void Ask(Classifier teacher, Example[] texts, string file, string content, TrainingCallbacks callbacks, CancellationToken cancellation)
    {
        var saved = Stopwatch.GetTimestamp();
        try
        {
            while (done < texts.Length)
            {
                callbacks.Preparing($"the teacher reads: {done:n0} of {texts.Length:n0} texts");
                var part = new ArraySegment<Example>(texts, done, Math.Min(TextsAtATime, texts.Length - done));
                teacher.Logits(part, cancellation).CopyTo(logits.AsSpan(done * task.Outputs));
                done += part.Count;
                if (Stopwatch.GetElapsedTime(saved) > SavedEvery)
                {
                    Write(file, content);
                    saved = Stopwatch.GetTimestamp();
                }
            }
        }
        finally
        {
            if (done > 0)
            {
                Write(file, content);
            }
        }
    }

    /// <summary>Takes the answers of a file that is this teacher's for these texts; another, or a damaged one, counts as none.</summary>
    private void Read(string file, string content)
    {
        if (!File.Exists(file))
        {
            return;
        }

        try
        {
            using var checkpoint = Checkpoint.Open(file);
            if (checkpoint.Metadata.GetValueOrDefault(TeacherKey) == Teacher && checkpoint.Metadata.GetValueOrDefault(TextsKey) == content
                && checkpoint.Find(TensorName) is { } tensor && tensor.Shape is [var rows, var columns] && columns == task.Outputs && tensor.Count <= logits.Length)
            {
                checkpoint.Read(TensorName, logits.AsSpan(0, (int)tensor.Count));
                done = (int)rows;
            }
        }
        catch (CheckpointException)
        {
            // They are computed again.
        }
    }

    private void Write(string file, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var writer = new SafetensorsWriter();
        writer.Metadata[TeacherKey] = Teacher;
        writer.Metadata[TextsKey] = content;
        writer.Add(TensorName, [done, task.Outputs], logits.AsMemory(0, done * task.Outputs));
        writer.Write(file);
    }

    /// <summary>
    /// Over how the teacher reads, and its files: beret.json, which holds the checksums of the others and was checked against them, or all there are where there is none.
    /// </summary>
    /// <exception cref="TrainingException">A file cannot be read.</exception>
    public static string FingerprintOf(string path, Classifier teacher)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Text($"{teacher.Precision} {teacher.MaxLength} {teacher.Truncation}");
        try
        {
            foreach (var file in FilesOf(path))
            {
                Text(Path.GetRelativePath(path, file));
                using var stream = File.OpenRead(file);
                hash.AppendData(SHA256.HashData(stream));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"the teacher {path} cannot be read: {error.Message}", error);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Text(string text)
        {
            // What ends each text occurs in none.
            hash.AppendData(Encoding.UTF8.GetBytes(text + '\0'));
        }
    }

    private static IEnumerable<string> FilesOf(string path)
    {
        var description = Path.Combine(path, ModelDescription.FileName);
        var full = Path.GetFullPath(path);
        return File.Exists(description) ? [description]
            : Directory.Exists(path) ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            : File.Exists(path) ? [path]
            : Directory.EnumerateFiles(Path.GetDirectoryName(full)!, Path.GetFileName(full) + "*").Order(StringComparer.Ordinal);
    }
}
