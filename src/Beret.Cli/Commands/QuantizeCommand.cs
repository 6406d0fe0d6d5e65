using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Beret.Data;
using Beret.Evaluation;
using Beret.Inference;
using Beret.Numerics;

namespace Beret.Cli.Commands;

/// <summary><c>beret quantize</c>: a model in fewer bits, where it stays as accurate.</summary>
internal static class QuantizeCommand
{
    private const int DefaultSample = 2000;
    private const double DefaultMaxDrop = 0.5;

    public static Command Create(Terminal terminal)
    {
        var model = CommonOptions.Model();
        var destination = CommonOptions.Path("DESTINATION", "The folder to write");
        var precision = new Option<string>("--precision") { Description = "What weights are kept in and computed with", HelpName = "int8|bf16", DefaultValueFactory = _ => "int8" };
        precision.AcceptOnlyFromAmong("int8", "bf16");
        var data = CommonOptions.PathOption("--data", "Labelled texts to check the accuracy on: a table (.csv, .tsv, .jsonl), a folder of class folders, an archive of one, or imdb", "DATA");
        var split = CommonOptions.PathOption("--split", "The part of the data to check on [default: test, of a GLUE task dev]", "NAME");
        var sample = new Option<int>("--sample") { Description = "The most texts to check on, drawn evenly from the data", HelpName = "N", DefaultValueFactory = _ => DefaultSample };
        sample.Validators.Add(result => CommonOptions.RefuseBelow(result, "--sample", 1));
        var maxDrop = new Option<double>("--max-drop")
        {
            Description = "The points of accuracy (multi-label: F1; regression: correlation), of 100, that may be lost; if more are, nothing is written and the exit code is 1", HelpName = "POINTS", DefaultValueFactory = _ => DefaultMaxDrop,
        };
        var threads = CommonOptions.Threads();
        var json = CommonOptions.Json("Print the result as JSON");
        var verb = new Verb(
            "quantize",
            "Write a model in int8 or bf16, if it stays as accurate.",
            "beret quantize runs/imdb runs/imdb-int8 --data imdb",
            "beret quantize runs/imdb runs/imdb-int8 --data reviews.tar.gz --max-drop 0.2 --sample 5000",
            "beret quantize runs/imdb runs/imdb-bf16 --precision bf16")
        {
            model, destination, precision, data, split, sample, maxDrop, threads, json,
        };
        var table = new TableArguments(verb);
        verb.Details = "The folder loads everywhere a model folder does, and predicts in its precision. int8 takes a quarter of the space and is about four times as fast where the\n"
            + "processor has an instruction for it (AVX512_VNNI), bf16 half and twice (AVX512_BF16). Without --data nothing is checked.";
        verb.Runs(async (arguments, cancellation) =>
        {
            LabelledTexts? texts = null;
            if (arguments.GetValue(data) is { } name)
            {
                // Of a model that others wrote the task is not known before it is loaded: its labels are classes or say themselves what they are.
                var task = ModelDescription.Read(arguments.GetRequiredValue(model))?.Task;
                var source = await Sources.OpenDataAsync(name, table.In(arguments, task), terminal, cancellation);
                texts = Evenly(Sources.Load(source, arguments.GetValue(split) ?? source.EvaluationSplit, terminal, cancellation), arguments.GetValue(sample));
            }

            var progress = new Progress(terminal);
            var report = ModelQuantization.Quantize(
                arguments.GetRequiredValue(model),
                arguments.GetRequiredValue(destination),
                new QuantizationOptions
                {
                    Precision = Precisions.Parse(arguments.GetRequiredValue(precision)),
                    Sample = texts,
                    MaxDrop = arguments.GetValue(maxDrop),
                    Threads = arguments.GetValue(threads),
                },
                Progress.Of<EvaluationProgress>(state => progress.Show(() => string.Create(CultureInfo.InvariantCulture, $"checking: {state.Texts}/{state.AllTexts} texts"))),
                cancellation);
            progress.Clear();
            var folder = arguments.GetRequiredValue(destination);
            terminal.Output.Write(arguments.GetValue(json) ? Json(report) : Lines(report, folder));
            if (report.IsWritten)
            {
                return ExitCode.Ok;
            }

            terminal.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Drop:0.00} points would be lost, more than --max-drop {arguments.GetValue(maxDrop)}: {folder} was not written"));
            return ExitCode.FailedCheck;
        });
        return verb;
    }

    /// <summary>At most so many texts, from the whole length of the data, so that every class has its share.</summary>
    private static LabelledTexts Evenly(LabelledTexts texts, int most)
    {
        var count = texts.Examples.Count;
        return count <= most ? texts : texts.Subset([.. Enumerable.Range(0, most).Select(i => (int)((long)i * count / most))]);
    }

    private static string Lines(QuantizationReport report, string folder)
    {
        var text = new StringBuilder();
        if (report.Before is { } before && report.After is { } after)
        {
            var figure = before.Headline.Key == "accuracy" ? "Accuracy" : before.Headline.Name;
            text.Append(CultureInfo.InvariantCulture, $"{figure,-8}: {before.Headline.Estimate.Value:0.0000} -> {after.Headline.Estimate.Value:0.0000} on {before.Count} texts ({-report.Drop:+0.00;-0.00;0.00} points)\n");
            text.Append(CultureInfo.InvariantCulture, $"Loss    : {before.Loss.Value:0.0000} -> {after.Loss.Value:0.0000}\n");
        }
        else
        {
            text.Append("Accuracy: not checked (--data names labelled texts to check on)\n");
        }

        if (report.IsWritten)
        {
            text.Append(CultureInfo.InvariantCulture, $"Weights : {report.BytesBefore / 1e6:0.0} MB -> {report.BytesAfter / 1e6:0.0} MB\n");
            text.Append(CultureInfo.InvariantCulture, $"Written : {folder} ({report.Precision.Format()})\n");
        }

        return text.ToString();
    }

    private static string Json(QuantizationReport report)
    {
        return JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteString("precision", report.Precision.Format());
            json.WriteBoolean("written", report.IsWritten);
            json.WriteNumber("bytes_before", report.BytesBefore);
            json.WriteNumber("bytes_after", report.BytesAfter);
            if (report.Before is { } before && report.After is { } after)
            {
                json.WriteNumber("texts", before.Count);
                WriteFigure(json, "before", before);
                WriteFigure(json, "after", after);
                json.WriteNumber("loss_before", before.Loss.Value);
                json.WriteNumber("loss_after", after.Loss.Value);
                json.WriteNumber("drop", report.Drop);
            }

            json.WriteEndObject();
        }) + "\n";
    }

    /// <summary>The figure of the gate; null where it is not defined.</summary>
    private static void WriteFigure(Utf8JsonWriter json, string when, EvaluationResult result)
    {
        var (key, value) = (result.Headline.Key, result.Headline.Estimate.Value);
        if (double.IsFinite(value))
        {
            json.WriteNumber($"{key}_{when}", value);
        }
        else
        {
            json.WriteNull($"{key}_{when}");
        }
    }
}
