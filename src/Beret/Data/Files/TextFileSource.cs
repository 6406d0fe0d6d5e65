using System.Text;

namespace Beret.Data.Files;

/// <summary>The text files of a folder or an archive, each of them one text, in the order of their names.</summary>
internal sealed class TextFileSource(FileContainer container, DataOptions options) : TextSource(container.Origin)
{
    // A folder's files are read as they are needed, so many at a time.
    private const int FilesAtATime = 4096;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public override IEnumerable<string> Read(CancellationToken cancellationToken = default)
    {
        if (container is FolderContainer && container.List(cancellationToken) is { } list)
        {
            foreach (var files in ClassFolderLayout.TrainingTexts(list).Chunk(FilesAtATime))
            {
                var intake = new TextIntake(Origin, options);
                intake.Demand(files);
                container.Read(intake, index: null, progress: null, cancellationToken);
                foreach (var text in Decode(files, intake))
                {
                    yield return text;
                }
            }

            yield break;
        }

        // An archive is read once, from front to back, and its texts are held as the bytes that they are.
        var index = new FileIndex(Origin, options);
        var all = new TextIntake(Origin, options);
        all.Guess(path => !path.Split('/').Contains(DataSource.Test));
        container.Read(all, index, progress: null, cancellationToken);
        var wanted = ClassFolderLayout.TrainingTexts(container.List(cancellationToken) ?? index);
        all.Demand(wanted);
        if (!all.IsComplete)
        {
            container.Read(all, index: null, progress: null, cancellationToken);
        }

        foreach (var text in Decode(wanted, all))
        {
            yield return text;
        }
    }

    private IEnumerable<string> Decode(IReadOnlyList<string> files, TextIntake intake)
    {
        foreach (var file in files)
        {
            string text;
            try
            {
                text = Strict.GetString(intake[file]);
            }
            catch (DecoderFallbackException e)
            {
                text = options.BadUtf8 == FaultPolicy.Keep
                    ? Encoding.UTF8.GetString(intake[file])
                    : throw new DataException($"{Origin}: {Shown.Path(file)} is {Utf8Fault.Describe(intake[file], e)}. Convert it to UTF-8 (iconv -f WINDOWS-1252 -t UTF-8) or remove it.", e);
            }

            if (!string.IsNullOrWhiteSpace(text))
            {
                yield return text;
            }
        }
    }
}
