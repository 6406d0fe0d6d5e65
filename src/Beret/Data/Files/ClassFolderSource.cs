using System.Text;

namespace Beret.Data.Files;

/// <summary>Class folders in any container.</summary>
internal sealed class ClassFolderSource(FileContainer container, DataOptions options) : DataSource(container.Origin)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ClassFolderLayout? layout;

    public override IReadOnlyList<string> Splits(CancellationToken cancellationToken = default)
    {
        if (layout is null)
        {
            var index = container.List(cancellationToken);
            if (index is null)
            {
                index = new FileIndex(Origin, options);
                container.Read(new TextIntake(Origin, options), index, progress: null, cancellationToken);
            }

            layout = ClassFolderLayout.Find(index);
        }

        return layout.Splits;
    }

    public override IReadOnlyList<LabelledTexts> Load(
        IReadOnlyList<string> splits, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(splits);
        var intake = new TextIntake(Origin, options);
        var report = progress is null ? null : new Relay(fraction => progress.Report(new LoadProgress(intake.Count, fraction)));
        if (layout is null && container.List(cancellationToken) is { } list)
        {
            layout = ClassFolderLayout.Find(list);
        }

        if (layout is null)
        {
            // What a tar holds is known only at its end. So as not to read it twice, its texts are taken on the way by a guess from their names; what
            // the guess missed is read in a second pass, and what it took in vain is dropped.
            var index = new FileIndex(Origin, options);
            intake.Guess(text => MayBelong(text, splits));
            container.Read(intake, index, report, cancellationToken);
            layout = ClassFolderLayout.Find(index);
        }

        var wanted = splits.Select(Find).ToArray();
        intake.Demand(wanted.SelectMany(split => split.Files.Files).SelectMany(files => files));
        if (!intake.IsComplete)
        {
            container.Read(intake, index: null, report, cancellationToken);
        }

        return [.. wanted.Select(split => Decode(split.Files, split.Notes, intake))];
    }

    private static bool MayBelong(string text, IReadOnlyList<string> splits)
    {
        var parts = text.Split('/', 4);
        return !parts.Contains("unsup") && (splits.Contains(All) || splits.Any(parts.Contains) || !(parts.Contains(Train) || parts.Contains(Test)));
    }

    private (SplitFiles Files, List<string> Notes) Find(string split)
    {
        var splits = layout!.Splits;
        var notes = new List<string>();
        if (!splits.Contains(split))
        {
            if (!splits.Contains(All) || split is not (Train or Test))
            {
                var known = string.Join(" and ", splits.Select(name => $"`{name}`"));
                throw new DataException($"{Origin} has no split `{Shown.Path(split)}`; it has {known}.");
            }

            notes.Add($"{Origin} has no train and test folders: all of it is taken as `{split}`.");
            split = All;
        }

        var files = layout.Split(split);
        notes.AddRange(files.Notes);
        var where = files.Folder.Length == 0 ? Origin : $"{Shown.Path(files.Folder)} in {Origin}";
        return files.Labels.Count switch
        {
            0 => throw new DataException($"{where} has no texts: each text belongs into a .txt file in its class folder. {string.Join(" ", notes)}"),
            1 => throw new DataException(
                $"{where} has one class only, `{Shown.Path(files.Labels[0])}`: nothing can be learnt or measured with it. Put the texts of each " +
                "class into a folder of its own, such as neg/ and pos/."),
            _ => (files, notes),
        };
    }

    private LabelledTexts Decode(SplitFiles split, List<string> notes, TextIntake intake)
    {
        var examples = new List<Example>(split.Files.Sum(files => files.Count));
        var empty = new List<string>();
        var faulty = new List<string>();
        string? firstFault = null;
        for (var label = 0; label < split.Labels.Count; label++)
        {
            foreach (var file in split.Files[label])
            {
                var bytes = intake[file];
                var source = layout!.Source(file);
                string text;
                try
                {
                    // As TensorFlow reads it: a byte order mark and line endings are part of the text.
                    text = Strict.GetString(bytes);
                }
                catch (DecoderFallbackException e)
                {
                    faulty.Add(source);
                    firstFault ??= Utf8Fault.Describe(bytes, e);
                    if (options.BadUtf8 != FaultPolicy.Keep)
                    {
                        continue;
                    }

                    text = Encoding.UTF8.GetString(bytes);
                }

                if (string.IsNullOrWhiteSpace(text))
                {
                    empty.Add(source);
                    if (options.EmptyTexts != FaultPolicy.Keep)
                    {
                        continue;
                    }
                }

                examples.Add(new Example(text, null, label, source));
            }
        }

        if (faulty.Count > 0)
        {
            var files = faulty.Count == 1
                ? $"{Shown.Path(faulty[0])} is {firstFault}"
                : $"{Shown.Count(faulty.Count, "file")} are not UTF-8: {Shown.Paths(faulty)}; the first is {firstFault}";
            const string remedy = "Convert to UTF-8 (iconv -f WINDOWS-1252 -t UTF-8) or remove what is not.";
            Settle(options.BadUtf8, files, remedy, "what cannot be read is taken as U+FFFD");
        }

        if (empty.Count > 0)
        {
            var files = empty.Count == 1
                ? $"{Shown.Path(empty[0])} is empty"
                : $"{Shown.Count(empty.Count, "file")} are empty: {Shown.Paths(empty)}";
            const string kept = "kept as an empty text, as TensorFlow does; remove it if that is not meant";
            Settle(options.EmptyTexts, files, "Fill such files or remove them.", kept);
            if (examples.Count == (options.EmptyTexts == FaultPolicy.Keep ? empty.Count : 0))
            {
                throw new DataException($"{Origin}: nothing but empty files ({Shown.Count(empty.Count)}). Was it unpacked or copied in full?");
            }
        }

        var texts = new LabelledTexts(split.Labels, examples, Origin, notes);
        if (texts.Counts.Count(count => count > 0) < 2)
        {
            throw new DataException($"{Origin}: less than two classes are left. {string.Join(" ", notes)}");
        }

        return texts;

        void Settle(FaultPolicy policy, string fault, string remedy, string kept)
        {
            if (policy == FaultPolicy.Fail)
            {
                throw new DataException($"{Origin}: {fault}. {remedy}");
            }

            notes.Add($"{fault}: {(policy == FaultPolicy.Skip ? "left out" : kept)}.");
        }
    }

    private sealed class Relay(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
