using System.CommandLine;
using System.Globalization;
using System.Text;
using Beret.Baselines;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Cli.Commands;

/// <summary><c>beret evaluate</c>: a model on labelled texts.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = CommonOptions.Model();
        var data = CommonOptions.Paths("DATA", TableArguments.Kinds);
        var split = CommonOptions.PathOption("--split", "The part of the data to evaluate on: test, train, or all where there are no parts; of a GLUE task dev [default: test, of GLUE dev]", "NAME");
        var output = CommonOptions.PathOption("--output", "A file to write the metrics to, as JSON", "FILE");
        var maxLength = CommonOptions.MaxLength("The most tokens of a text [default: as the model was trained]", 3);
        var truncation = CommonOptions.Truncation();
        var overlap = CommonOptions.WindowOverlap("as the model was trained, else a quarter");
        var pooling = CommonOptions.WindowPooling();
        var precision = CommonOptions.Precision();
        var threads = CommonOptions.Threads();
        var json = CommonOptions.Json("Print the metrics as JSON");
        var verb = new Verb(
            "evaluate",
            "Evaluate a model on labelled texts.",
            "beret evaluate runs/imdb imdb --split test",
            "beret evaluate runs/imdb reviews.tar.gz --json",
            "beret evaluate runs/tickets tickets-2026.csv --text-column subject --label-column team",
            "beret evaluate runs/mnli GLUE/MNLI --split dev_mismatched",
            "beret evaluate runs/imdb data/reviews --split train --output metrics.json")
        {
            model, data, split, output, maxLength, truncation, overlap, pooling, precision, threads, json,
        };
        var table = new TableArguments(verb);
        verb.Details = "Gives loss, accuracy, precision, recall, F1, ROC-AUC and Matthews' correlation, each with its 95% interval where it has one, and the confusion matrix; of a\n"
            + "multi-label model F1 averaged in four ways and by label, of a regression its errors and correlations. --output keeps them as JSON.";
        verb.Runs(async (arguments, cancellation) =>
        {
            using var classifier = Classifier.Load(arguments.GetRequiredValue(model), new ClassifierOptions
            {
                Threads = arguments.GetValue(threads),
                MaxLength = arguments.GetValue(maxLength),
                Truncation = arguments.GetValue(truncation) is { } name ? Truncations.Parse(name) : null,
                WindowOverlap = arguments.GetValue(overlap),
                WindowPooling = arguments.GetValue(pooling) is { } pooled ? WindowPoolings.Parse(pooled) : null,
                Precision = arguments.GetValue(precision) is { } chosen ? Precisions.Parse(chosen) : null,
            });
            var source = await Sources.OpenDataAsync(Sources.Joined(arguments.GetRequiredValue(data))!, table.In(arguments, classifier.Task), terminal, cancellation);
            var part = arguments.GetValue(split) ?? source.EvaluationSplit;
            var texts = Sources.Load(source, part, terminal, cancellation);
            var progress = new Progress(terminal);
            var result = classifier.Evaluate(
                texts, Progress.Of<EvaluationProgress>(state => progress.Show(() => Line(state, progress.Elapsed))), cancellation);
            progress.Clear();
            var elapsed = progress.Elapsed;
            var folder = arguments.GetRequiredValue(model);
            if (Directory.Exists(folder) && Baseline.Find(folder) is { } baseline)
            {
                result = result with { Baseline = baseline.Evaluate(texts, cancellation) };
            }

            terminal.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Count} texts of {texts.Origin} ({part}) in {elapsed.TotalSeconds:0.0} s, {result.Count / elapsed.TotalSeconds:0} texts/s"));
            if (source is GlueSource { Task: var task })
            {
                terminal.Say($"GLUE judges {task.Folder} by {string.Join(" and ", task.Metrics.Select(key => string.Create(CultureInfo.InvariantCulture, $"{key} ({100 * result.Find(key)!.Value.Value:0.0})")))}");
            }

            terminal.Output.Write(arguments.GetValue(json) ? result.ToJson() : result.ToTable());
            if (arguments.GetValue(output) is { } file)
            {
                AtomicFile.Write(file, stream => stream.Write(Encoding.UTF8.GetBytes(result.ToJson())));
            }

            return ExitCode.Ok;
        });
        return verb;
    }

    private static string Line(EvaluationProgress state, TimeSpan elapsed)
    {
        if (state.Tokens == 0)
        {
            return string.Create(CultureInfo.InvariantCulture, $"tokenizing: {state.Texts} of {state.AllTexts} texts");
        }

        var rate = state.Tokens / elapsed.TotalSeconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{state.Texts}/{state.AllTexts} texts, {(double)state.Tokens / state.AllTokens:P0}, {state.Texts / elapsed.TotalSeconds:0} texts/s, {rate:0} tokens/s, {Progress.Time(TimeSpan.FromSeconds((state.AllTokens - state.Tokens) / rate))} left");
    }
}
