using System.Text;
using Beret.Data.Files;

namespace Beret.Data;

/// <summary>
/// Texts without labels, read one after another and not held: what a vocabulary or an encoder is trained on. A source is a file with a text on each line, a file of JSON lines
/// {"text": …}, or a folder or archive in which each .txt file is a text. Of a data set with <c>train</c> and <c>test</c> only <c>train</c> is read.
/// </summary>
public sealed class TextCorpus
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly IReadOnlyList<string> paths;
    private readonly DataOptions options;

    /// <summary>A corpus of these files, folders and archives, in this order.</summary>
    /// <exception cref="DataException">One of them is not there.</exception>
    public TextCorpus(IReadOnlyList<string> paths, DataOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        this.paths = paths;
        this.options = options ?? DataOptions.Default;
        if (paths.FirstOrDefault(path => !Path.Exists(path)) is { } missing)
        {
            throw new DataException($"There is no file or folder {Shown.Path(missing)}, or none that may be looked at. Give text files (a text on each line, or JSON lines), or " +
                "folders or archives of .txt files.");
        }
    }

    /// <summary>Reads all texts.</summary>
    /// <param name="use">What is done with each.</param>
    /// <param name="progress">Told now and then how far the reading is.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="DataException">A source cannot be read, holds no text, or is not UTF-8.</exception>
    public async Task ReadAsync(Action<string> use, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(use);
        var texts = 0;
        for (var i = 0; i < paths.Count; i++)
        {
            var done = i;
            var report = new Relay(fraction => progress?.Report(new LoadProgress(texts, (done + fraction) / paths.Count)));
            if (Directory.Exists(paths[i]) || FileContainer.IsArchive(paths[i]))
            {
                ReadFiles(FileContainer.Open(paths[i], options), Use, report, cancellationToken);
            }
            else
            {
                await ReadLines(paths[i], Use, report, cancellationToken).ConfigureAwait(false);
            }
        }

        void Use(string text)
        {
            texts++;
            use(text);
        }
    }

    private static async Task ReadLines(string path, Action<string> use, Relay report, CancellationToken cancellationToken)
    {
        const int linesBetweenReports = 1024;
        using var file = Open(path);
        bool? isJson = null;
        long number = 0;
        await foreach (var line in TextLines.ReadAsync(file, Shown.Path(path), cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            if (number++ % linesBetweenReports == 0)
            {
                report.Report(file.Position / (double)Math.Max(1, file.Length));
            }

            // Empty lines do not tell.
            isJson ??= string.IsNullOrWhiteSpace(line) ? null : line.TrimStart().StartsWith('{');
            if (isJson == false)
            {
                use(line);
            }
            else if (TextRecord.Parse(line, number, Shown.Path(path)) is { } record)
            {
                use(record.Text);
                if (record.Pair is { } pair)
                {
                    use(pair);
                }
            }
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{Shown.Path(path)} cannot be read: {e.Message}", e);
        }
    }

    private void ReadFiles(FileContainer container, Action<string> use, Relay report, CancellationToken cancellationToken)
    {
        var index = container.List(cancellationToken);
        if (index is null)
        {
            // Which texts are those of a test split shows when all names are known.
            index = new FileIndex(container.Origin, options);
            container.Read(new TextIntake(container.Origin, options), index, progress: null, cancellationToken);
        }

        container.Read(new Flow(ClassFolderLayout.TrainingTexts(index), container.Origin, options, use), index: null, report, cancellationToken);
    }

    /// <summary>Hands on each wanted file as a text.</summary>
    private sealed class Flow(IReadOnlyCollection<string> wanted, string origin, DataOptions options, Action<string> use) : IFileIntake
    {
        private readonly HashSet<string> left = new(wanted, StringComparer.Ordinal);

        public bool IsComplete => left.Count == 0;

        public bool Wants(string path) => left.Contains(path);

        public bool Admits(string path, long size) => size <= options.MaxTextBytes ? true : throw new DataException(
            $"{Shown.Path(path)} in {origin} is larger than {Shown.Bytes(options.MaxTextBytes)}, the most that is read as one text. Give the file itself, which is read line by line.");

        public void Take(string path, byte[] bytes)
        {
            left.Remove(path);
            string text;
            try
            {
                text = Strict.GetString(bytes);
            }
            catch (DecoderFallbackException e) when (options.BadUtf8 == FaultPolicy.Fail)
            {
                throw new DataException(
                    $"{Shown.Path(path)} in {origin} is {Utf8Fault.Describe(bytes, e)}. Convert to UTF-8 (iconv -f WINDOWS-1252 -t UTF-8) or remove what is not.", e);
            }
            catch (DecoderFallbackException) when (options.BadUtf8 == FaultPolicy.Skip)
            {
                return;
            }
            catch (DecoderFallbackException)
            {
                text = Encoding.UTF8.GetString(bytes);
            }

            use(text);
        }
    }

    private sealed class Relay(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
