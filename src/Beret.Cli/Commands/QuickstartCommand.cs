using System.CommandLine;
using System.Globalization;
using System.Text;
using Beret.Pipelines;

namespace Beret.Cli.Commands;

/// <summary><c>beret quickstart</c>: the tutorial in one command, without a download.</summary>
internal static class QuickstartCommand
{
    public static Command Create(Terminal terminal)
    {
        var output = CommonOptions.PathOption("--output", "The folder that the model is written to; what an earlier quickstart left there is replaced", "DIR");
        output.DefaultValueFactory = _ => "runs/quickstart";
        var threads = CommonOptions.Threads();
        var json = CommonOptions.Json("Print the outcome as JSON");
        var verb = new Verb(
            "quickstart",
            "Fine-tune the encoder that comes with Beret on the reviews that come with Beret, and show what comes of it.",
            "beret quickstart",
            "beret quickstart --output runs/first --threads 1")
        {
            output, threads, json,
        };
        verb.Details = "Takes less than a minute on two cores and needs no network: trains on 480 reviews, evaluates on 120 others, draws the curves, saves, loads again, compares bit by\n"
            + "bit, and predicts five sentences. Exit code 1: the model that was loaded again is not the one that was saved.";
        verb.Runs(
            async (arguments, cancellation) =>
            {
                TrainingDisplay? display = null;
                var folder = arguments.GetRequiredValue(output);
                var result = await Quickstart.RunAsync(
                    folder, arguments.GetValue(threads), job => display = new TrainingDisplay(terminal, job, quiet: arguments.GetValue(json)), cancellation);
                if (result.Test is null)
                {
                    terminal.Say("interrupted; another beret quickstart begins anew");
                    return ExitCode.Interrupted;
                }

                if (arguments.GetValue(json))
                {
                    terminal.Output.WriteLine(Json(result));
                }
                else
                {
                    display!.ShowCurves(result.Training);
                    terminal.Output.Write(Lines(result, folder));
                }

                return result.IsReloadIdentical ? ExitCode.Ok : ExitCode.FailedCheck;
            },
            endsByItself: true);
        return verb;
    }

    private static string Lines(QuickstartResult result, string folder)
    {
        var beret = Program();
        var shown = CommonOptions.Quote(folder);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"\nTrained in {result.Training.Seconds:0} s. The model on {result.Test!.Count} reviews that it has never seen:\n").Append(result.Test.ToTable());
        text.Append(CultureInfo.InvariantCulture, $"\nSaved to {folder}, and loaded again; the logits of the {result.Test.Count} reviews, bit by bit:\n");
        text.Append(CultureInfo.InvariantCulture, $"reload: {(result.IsReloadIdentical ? "identical" : "DIFFERENT")}\n\n");
        foreach (var (sentence, prediction) in result.Predictions)
        {
            text.Append(prediction.ToLine(sentence)).Append('\n');
        }

        text.Append(CultureInfo.InvariantCulture, $"""

            The report is {Path.Combine(folder, "report.html")}; open it in a browser. What to do next:

              more sentences   {beret} predict {shown} "not bad at all" "I want my money back"
              your own texts   {beret} train mine.csv --model {Quickstart.Model} --output runs/mine
                               (a column of texts and one of labels, with any names; or a folder for each label: docs/data.md)
              IMDB             {beret} train imdb --model {Quickstart.Model} --output runs/imdb --epochs 2 --learning-rate 3e-4
                               (the tutorial's 50,000 film reviews, a download of 84 MB)
              larger encoders  {beret} models

            """);
        return text.ToString();
    }

    /// <summary>How this program is called again: as a command, or in the clone that it was built in, as dotnet run does.</summary>
    private static string Program() =>
        Path.GetFileName(Environment.ProcessPath) is "Beret.Cli" or "Beret.Cli.exe" ? "dotnet run -c Release --project src/Beret.Cli --" : "beret";

    private static string Json(QuickstartResult result)
    {
        return JsonText.Indented(writer =>
        {
            writer.WriteStartObject();
            TrainingOutcome.WriteMembers(writer, result.Training);
            writer.WriteBoolean("reload_identical", result.IsReloadIdentical);
            writer.WriteStartArray("predictions");
            foreach (var (text, prediction) in result.Predictions)
            {
                writer.WriteStartObject();
                writer.WriteString("text", text);
                writer.WriteString("label", prediction.Label);
                writer.WriteNumber("score", prediction.Score);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }
}
