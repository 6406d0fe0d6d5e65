using System.CommandLine;
using Beret.Data;
using Beret.Tasks;

namespace Beret.Cli;

/// <summary>The options of verbs that read labelled texts: which columns of a table they are in.</summary>
internal sealed class TableArguments
{
    /// <summary>What DATA may be.</summary>
    public const string Kinds = "Labelled texts: a table (.csv, .tsv, .jsonl), a folder of class folders, an archive of one, the folder of a GLUE task, or imdb";

    private readonly Option<string> format = new("--format")
    {
        Description = "DATA is the folder or zip archive of a GLUE task as it is published [default: told by the folder's name, such as SST-2]",
        HelpName = "glue/TASK",
    };

    private readonly Option<string> text = CommonOptions.PathOption("--text-column", "Of a table: the column of the text, by name or number [default: found]", "COLUMN");
    private readonly Option<string> pair = CommonOptions.PathOption("--pair-column", "Of a table: the column of the second text, where texts come in pairs", "COLUMN");
    private readonly Option<string> label = CommonOptions.PathOption("--label-column", "Of a table: the column of the label, by name or number [default: found]", "COLUMN");
    private readonly Option<string> delimiter = CommonOptions.PathOption("--label-delimiter", "Of a table: what stands between the labels of a text that has several [default: found]", "CHARACTER");
    private readonly Option<string> header = new("--header") { Description = "Of a table: whether the first row names the columns [default: found]", HelpName = "yes|no" };
    private readonly Option<string> badRow = new("--on-bad-row") { Description = "Of a table: what to do with a row that cannot be used [default: fail]", HelpName = "fail|skip" };

    /// <summary>Adds the options to a verb.</summary>
    public TableArguments(Command verb)
    {
        format.AcceptOnlyFromAmong([.. GlueTask.All.Select(task => task.Name)]);
        header.AcceptOnlyFromAmong("yes", "no");
        badRow.AcceptOnlyFromAmong("fail", "skip");
        foreach (var option in All)
        {
            verb.Add(option);
        }
    }

    private Option<string>[] All => [format, text, pair, label, delimiter, header, badRow];

    /// <summary>The options as they were given.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="task">What the labels are for, one of <see cref="TaskNames"/>; null: it follows from them.</param>
    public DataOptions In(ParseResult arguments, string? task) => DataOptions.Default with
    {
        Format = arguments.GetValue(format),
        Table = new TableOptions
        {
            Text = arguments.GetValue(text),
            Pair = arguments.GetValue(pair),
            Label = arguments.GetValue(label),
            Kind = task is null ? null : TaskNames.KindOf(task),
            LabelDelimiter = arguments.GetValue(delimiter),
            HasHeader = arguments.GetValue(header) switch { null => null, var given => given == "yes" },
            BadRows = arguments.GetValue(badRow) == "skip" ? FaultPolicy.Skip : FaultPolicy.Fail,
        },
    };

    /// <summary>What was given, as it is to be given again; with a space before it, or empty.</summary>
    public string Repeated(ParseResult arguments) =>
        string.Concat(All.Select(option => arguments.GetValue(option) is { } given ? $" {option.Name} {CommonOptions.Quote(given)}" : ""));
}
