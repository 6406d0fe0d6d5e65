using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Beret.Batches;
using Beret.Data;
using Beret.Inference;

namespace Beret.Cli;

/// <summary>The options of <c>beret predict</c> for a whole file, and what it does with them.</summary>
internal sealed class BatchArguments
{
    /// <summary>What the input may be written as, by the words for it.</summary>
    public static readonly IReadOnlyDictionary<string, RecordFormat> Formats = new Dictionary<string, RecordFormat>(StringComparer.Ordinal)
    {
        ["csv"] = RecordFormat.Csv, ["tsv"] = RecordFormat.Tsv, ["jsonl"] = RecordFormat.JsonLines, ["json"] = RecordFormat.Json, ["text"] = RecordFormat.Text,
    };

    private readonly Option<string> input = CommonOptions.PathOption("--input", "A file to answer as a whole: a table, JSON, JSON lines, or a text on each line, plain or gzipped; - is standard input", "FILE");
    private readonly Option<string> output = CommonOptions.PathOption("--output", "The file that its rows are written to with their answers: .jsonl, or of a table .csv or .tsv", "FILE");
    private readonly Option<string> text = CommonOptions.PathOption("--text-column", "Of --input: the column or key of the text [default: found]", "COLUMN");
    private readonly Option<string> pair = CommonOptions.PathOption("--pair-column", "Of --input: the column or key of the second text, where texts come in pairs [default: found]", "COLUMN");
    private readonly Option<string> header = new("--header") { Description = "Of a table in --input: whether the first row names the columns [default: found]", HelpName = "yes|no" };
    private readonly Option<string> badRow = new("--on-bad-row") { Description = "Of --input: what to do with a row that cannot be used [default: fail]", HelpName = "fail|skip" };
    private readonly Option<string> name = CommonOptions.PathOption("--name", "The key, of a table the column, of the answers in --output [default: prediction]", "NAME");
    private readonly Option<string> shard = new("--shard") { Description = "Answer the i-th of n parts of --input, such as 3/8, each with an --output of its own", HelpName = "I/N" };
    private readonly Option<bool> resume = new("--resume") { Description = "Go on with an --output that was begun; begin where none was" };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Replace --output" };
    private readonly Option<string> format;

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="others">Its other ways to have texts, and what is said of them.</param>
    /// <param name="format">Says what the input is.</param>
    public BatchArguments(Command verb, IReadOnlyList<Symbol> others, Option<string> format)
    {
        this.format = format;
        header.AcceptOnlyFromAmong("yes", "no");
        badRow.AcceptOnlyFromAmong("fail", "skip");
        shard.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Shard(token.Value) is null)
            {
                result.AddError($"--shard is '{token.Value}', not a part and how many there are, such as 3/8");
            }
        });
        Option[] own = [input, output, text, pair, header, badRow, name, shard, resume, overwrite];
        foreach (var option in own)
        {
            verb.Add(option);
        }

        verb.Validators.Add(result =>
        {
            if (result.GetResult(input) is null != result.GetResult(output) is null)
            {
                result.AddError("--input, the file of the texts, and --output, the file of the answers, go together");
            }
            else if (result.GetResult(input) is null && Array.Find(own, option => result.GetResult(option) is { Implicit: false }) is { } stray)
            {
                result.AddError($"{stray.Name} says something of a whole file: name it with --input, and --output for the answers");
            }
            else if (result.GetResult(input) is not null && others.FirstOrDefault(other => IsGiven(result, other)) is { } other)
            {
                result.AddError($"--input is all that is answered: {other.Name} is for texts that come otherwise");
            }
        });
    }

    /// <summary>Whether a whole file is to be answered.</summary>
    public bool IsMeant(ParseResult arguments) => arguments.GetValue(input) is not null;

    /// <summary>Whether it ends by itself when it is told to: not where it may be waiting for somebody to write.</summary>
    public bool EndsByItself(ParseResult arguments) => arguments.GetValue(input) is not (null or "-");

    /// <summary>Answers it, shows how far it is, and gives the exit code.</summary>
    public int Run(ParseResult arguments, Classifier classifier, Terminal terminal, CancellationToken cancellation)
    {
        var (from, to) = (arguments.GetRequiredValue(input), arguments.GetRequiredValue(output));
        var kind = arguments.GetValue(format) is { } word
            ? Formats.TryGetValue(word, out var known) ? known : throw new BeretException($"--format is {word}, and --input is no GLUE task; it is {string.Join(", ", Formats.Keys)}")
            : RecordFile.FormatOf(from);
        var options = DataOptions.Default with
        {
            Table = new TableOptions
            {
                Text = arguments.GetValue(text),
                Pair = arguments.GetValue(pair),
                HasHeader = arguments.GetValue(header) switch { null => null, var given => given == "yes" },
                BadRows = arguments.GetValue(badRow) == "skip" ? FaultPolicy.Skip : FaultPolicy.Fail,
            },
        };
        using var records = from == "-" ? RecordFile.Open(Inputs.Open(from, terminal), 0, Inputs.NameOf(from), kind, options) : RecordFile.Open(from, kind, options);
        if (records.Note is { } note)
        {
            terminal.Say(note);
        }

        var job = new BatchJob
        {
            Input = records,
            Output = to,
            Name = arguments.GetValue(name) ?? "prediction",
            Shard = arguments.GetValue(shard) is { } part ? Shard(part)!.Value : (1, 1),
            Resume = arguments.GetValue(resume),
            Overwrite = arguments.GetValue(overwrite),
        };
        var progress = new Progress(terminal);
        var summary = new BatchPredictor(classifier, job).Run(Progress.Of<BatchProgress>(state => progress.Show(() => Line(state, progress.Elapsed))), cancellation);
        progress.Clear();
        foreach (var fault in records.Faults.Take(5))
        {
            terminal.Say($"left out: {fault}");
        }

        if (summary.Skipped > 5)
        {
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{summary.Skipped:n0} rows are left out in all"));
        }

        if (summary.IsInterrupted)
        {
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"interrupted after {summary.Rows:n0} rows, all saved; go on with the same command and --resume"));
            return ExitCode.Interrupted;
        }

        terminal.Say(summary.Rows == 0 && job.Resume
            ? $"{to} is finished already"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{summary.Rows:n0} rows{(summary.RowsBefore > 0 ? $", {summary.RowsBefore.ToString("n0", CultureInfo.InvariantCulture)} of them before," : "")} in {to}, {(summary.Rows - summary.RowsBefore) / summary.Seconds:n0} rows/s"));
        return ExitCode.Ok;
    }

    private static string Line(BatchProgress state, TimeSpan elapsed)
    {
        var left = state.Fraction is { } now && state.FirstFraction is { } first && now > first
            ? $", {Progress.Time(elapsed * ((1 - now) / (now - first)))} left" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{state.Rows:n0} rows{(state.Fraction is { } share ? string.Create(CultureInfo.InvariantCulture, $", {share:p1}") : "")}, {state.RowsPerSecond:n0} rows/s{left}");
    }

    private static (int Number, int Count)? Shard(string text) =>
        text.Split('/') is [var one, var all] && int.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && int.TryParse(all, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && number >= 1 && number <= count ? (number, count) : null;

    private static bool IsGiven(CommandResult result, Symbol other) => other switch
    {
        Option option => result.GetResult(option) is { Implicit: false },
        Argument argument => result.GetResult(argument) is { Tokens.Count: > 0 },
        _ => false,
    };
}
