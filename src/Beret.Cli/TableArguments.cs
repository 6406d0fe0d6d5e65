using System.CommandLine;
using Beret.Data;
using Beret.Hub;
using Beret.Tasks;
using Beret.Training;

namespace Beret.Cli;

/// <summary>The options of verbs that read labelled texts: which columns of a table they are in.</summary>
internal sealed class TableArguments
{
    /// <summary>What DATA may be.</summary>
    public const string Kinds = "Labelled texts: tables (.csv, .tsv, .jsonl, .json; several, or a pattern such as 'tickets-*.csv', are one data set), a folder of class folders, an archive of either, the folder of a GLUE task, imdb, or - for standard input";

    private readonly Option<string> format = new("--format")
    {
        Description = "What a table is written as, or that DATA is the folder or zip archive of a GLUE task [default: told by the name, such as .csv or SST-2; standard input needs it]",
        HelpName = $"{string.Join('|', DataOptions.TableFormats)}|glue/TASK",
    };

    private readonly Option<string> text = CommonOptions.PathOption("--text-column", "Of a table: the column of the text, by name or number [default: found]", "COLUMN");
    private readonly Option<string> pair = CommonOptions.PathOption("--pair-column", "Of a table: the column of the second text, where texts come in pairs", "COLUMN");
    private readonly Option<string> label = CommonOptions.PathOption("--label-column", "Of a table: the column of the label, by name or number [default: found]", "COLUMN");
    private readonly Option<string> group = CommonOptions.PathOption("--group-column", "Of a table, with --split grouped: the column of what must not stand on both sides, such as the author", "COLUMN");
    private readonly Option<string> delimiter = CommonOptions.PathOption("--label-delimiter", "Of a table: what stands between the labels of a text that has several [default: found]", "CHARACTER");
    private readonly Option<string> header = new("--header") { Description = "Of a table: whether the first row names the columns [default: found]", HelpName = "yes|no" };
    private readonly Option<string> badRow = new("--on-bad-row") { Description = "Of a table: what to do with a row that cannot be used [default: fail]", HelpName = "fail|skip" };

    private readonly Option<string> place = new("--on-disk")
    {
        Description = "Of a table: whether its texts and tokens lie in files and not in memory; auto: where the texts are more than 512 MiB [default: auto]", HelpName = "auto|always|never",
    };

    private readonly bool splits;

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="splits">Whether it sets a part of the texts aside.</param>
    public TableArguments(Command verb, bool splits = false)
    {
        this.splits = splits;
        format.AcceptOnlyFromAmong([.. DataOptions.TableFormats, .. GlueTask.All.Select(task => task.Name)]);
        header.AcceptOnlyFromAmong("yes", "no");
        badRow.AcceptOnlyFromAmong("fail", "skip");
        place.AcceptOnlyFromAmong("auto", "always", "never");
        foreach (var option in All)
        {
            verb.Add(option);
        }
    }

    /// <summary>The options.</summary>
    public IReadOnlyList<Option<string>> All => splits ? [format, text, pair, label, group, delimiter, header, badRow, place] : [format, text, pair, label, delimiter, header, badRow, place];

    /// <summary>The options as they were given.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="task">What the labels are for, one of <see cref="TaskNames"/>; null: it follows from them.</param>
    public DataOptions In(ParseResult arguments, string? task) => DataOptions.Default with
    {
        Format = arguments.GetValue(format),
        Place = arguments.GetValue(place) switch { "always" => TextPlace.Disk, "never" => TextPlace.Memory, _ => TextPlace.Auto },
        DiskFolder = Path.Combine(CacheFolder.Default, "texts"),
        Table = new TableOptions
        {
            Text = arguments.GetValue(text),
            Pair = arguments.GetValue(pair),
            Label = arguments.GetValue(label),
            Group = splits ? arguments.GetValue(group) : null,
            Kind = task is null ? null : TaskNames.KindOf(task),
            LabelDelimiter = arguments.GetValue(delimiter),
            HasHeader = arguments.GetValue(header) switch { null => null, var given => given == "yes" },
            BadRows = arguments.GetValue(badRow) == "skip" ? FaultPolicy.Skip : FaultPolicy.Fail,
        },
    };

    /// <summary>Checks that a column of groups and a split by groups come together.</summary>
    /// <exception cref="BeretException">One is there without the other.</exception>
    public void CheckSplit(ParseResult arguments, TrainingRecipe recipe)
    {
        if (arguments.GetValue(group) is null == (recipe.Split == SplitMethod.Grouped))
        {
            throw new BeretException(recipe.Split == SplitMethod.Grouped
                ? "--split grouped needs to know the groups: name their column (--group-column)"
                : $"--group-column says something of a split by groups, and --split is {RecipeOption.Find("split")!.Get(recipe)}: add --split grouped");
        }
    }
}
