using System.Collections.Concurrent;
using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Beret.Data;
using Beret.Inference;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Cli.Commands;

/// <summary><c>beret predict</c>: a label and a score for each text.</summary>
internal static class PredictCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = CommonOptions.Model();
        var texts = new Argument<string[]>("TEXT") { Description = "The texts; without any, each line of the file or of standard input is one", Arity = ArgumentArity.ZeroOrMore };
        var file = CommonOptions.PathOption("--file", "A file with one text on each line; - is standard input", "FILE");
        var glue = CommonOptions.PathOption("--glue", "Answer the test texts of a GLUE task instead, given by its folder or archive, and write the files of a submission (--submission)", "DATA");
        var format = new Option<string>("--format")
        {
            Description = "What --input is written as [default: told by its name], or which GLUE task it is [default: told by the folder's name, such as SST-2]",
            HelpName = $"{string.Join('|', BatchArguments.Formats.Keys)}|glue/TASK",
        };
        format.AcceptOnlyFromAmong([.. BatchArguments.Formats.Keys, .. GlueTask.All.Select(task => task.Name)]);
        var submission = CommonOptions.PathOption("--submission", "The folder that the files of a GLUE submission are written to", "DIR");
        var loading = new ClassifierArguments();
        var pairs = new Option<bool>("--pairs") { Description = "Texts come in pairs: two arguments each, or two texts with a tab between them on each line" };
        var jsonLines = new Option<bool>("--jsonl") { Description = "Each line is {\"text\": …}, or {\"text\": …, \"pair\": …} for a pair" };
        var json = CommonOptions.Json("Print one JSON object for each text: text, label or labels or value, score, probabilities, logits, tokens, tokens_cut, and windows where texts are read in such");
        var verb = new Verb(
            "predict",
            "Print the label and the score of each text.",
            "beret predict runs/imdb \"this is such an amazing movie!\" \"The movie was meh.\"",
            "beret predict runs/imdb --file reviews.txt --json",
            "cat reviews.txt | beret predict runs/imdb",
            "beret predict runs/mnli --pairs \"A man is asleep.\" \"Nobody is awake.\"",
            "beret predict runs/mnli --jsonl --file pairs.jsonl",
            "beret predict runs/tickets --input tickets.csv.gz --output answers.csv --text-column subject",
            "beret predict runs/tickets --input tickets.jsonl --output answers-3.jsonl --shard 3/8 --resume",
            "beret predict runs/sst2 --glue GLUE/SST-2 --submission submission/",
            "beret predict runs/imdb -- \"- a text that begins with a hyphen\"")
        {
            model, texts, file, pairs, jsonLines, glue, format, submission, json,
        };
        loading.AddTo(verb);
        var batch = new BatchArguments(verb, [texts, file, pairs, jsonLines, glue, json], format);
        verb.Validators.Add(result =>
        {
            if (result.GetValue(file) is not null && result.GetValue(texts) is { Length: > 0 })
            {
                result.AddError("texts come as arguments or from --file, not both");
            }

            if (result.GetValue(jsonLines) && (result.GetValue(pairs) || result.GetValue(texts) is { Length: > 0 }))
            {
                result.AddError("--jsonl is for lines, which say themselves where there are two texts: it goes neither with --pairs nor with texts as arguments");
            }

            if (result.GetValue(glue) is null != result.GetValue(submission) is null)
            {
                result.AddError("--glue, which names the texts, and --submission, the folder of the answers, go together");
            }

            if (result.GetValue(glue) is not null && (result.GetValue(file) is not null || result.GetValue(texts) is { Length: > 0 }))
            {
                result.AddError("--glue names the texts: there are no others then");
            }

            if (result.GetValue(pairs) && result.GetValue(texts) is { } given && given.Length % 2 == 1)
            {
                result.AddError($"--pairs takes two texts each, and there are {given.Length}");
            }
        });
        verb.Details = "Texts are arguments, or the lines of a file or of standard input, which is read as it comes. The score is the probability of the\n"
            + "positive class; where there are more than two classes, that of the label. A multi-label model gives all labels with a probability above ½, a\n"
            + "regression its number. A whole file is answered with --input and --output: its rows with the answers, in their order, and after an\n"
            + "interruption it goes on where it was (--resume).";
        verb.Runs(async (arguments, cancellation) =>
        {
            using var classifier = Classifier.Load(arguments.GetRequiredValue(model), loading.Of(arguments));
            if (arguments.GetValue(glue) is { } tests)
            {
                var source = DataSource.Open(tests, DataOptions.Default with { Format = arguments.GetValue(format) }) as GlueSource
                    ?? throw new DataException($"{tests}: which GLUE task it is cannot be told by its name; say it with --format, such as glue/sst2");
                foreach (var written in GlueSubmission.Write(
                    classifier, source, arguments.GetRequiredValue(submission)!, Progress.Of<(string File, int Texts)>(state => terminal.Say($"{state.File}: {state.Texts} texts")), cancellation))
                {
                    terminal.Output.WriteLine(written);
                }

                return ExitCode.Ok;
            }

            if (batch.IsMeant(arguments))
            {
                return batch.Run(arguments, classifier, terminal, cancellation);
            }

            var print = arguments.GetValue(json) ? (Action<TextPair, Prediction>)PrintJson : PrintLine;
            if (arguments.GetValue(texts) is { Length: > 0 } given)
            {
                TextPair[] inputs = arguments.GetValue(pairs) ? [.. given.Chunk(2).Select(two => new TextPair(two[0], two[1]))] : [.. given.Select(text => new TextPair(text))];
                foreach (var (input, prediction) in inputs.Zip(classifier.Predict(inputs, cancellation)))
                {
                    print(input, prediction);
                }

                return ExitCode.Ok;
            }

            var path = arguments.GetValue(file);
            await using var stream = Inputs.Open(path, terminal);
            var waiting = new ConcurrentQueue<TextPair>();
            var lines = TextLines.ReadAsync(stream, Inputs.NameOf(path), cancellationToken: cancellation);
            var read = arguments.GetValue(jsonLines) ? (Func<string, long, TextPair?>)OfJson : arguments.GetValue(pairs) ? OfTwo : OfOne;
            await foreach (var prediction in classifier.PredictMany(Remember(lines, read, waiting, cancellation), cancellation))
            {
                waiting.TryDequeue(out var input);
                print(input, prediction);

                // Whoever writes the lines may wait for the answer before writing the next.
                await terminal.Output.FlushAsync(cancellation);
            }

            return ExitCode.Ok;

            TextPair? OfOne(string line, long number) => new(line);

            TextPair? OfTwo(string line, long number) => line.Split('\t') is [var text, var pair]
                ? new TextPair(text, pair)
                : throw new DataException($"{Inputs.NameOf(path)}, line {number}: it has {line.Count(c => c == '\t')} tabs, where one stands between the two texts of a pair");

            TextPair? OfJson(string line, long number) =>
                TextRecord.Parse(line, number, Inputs.NameOf(path), "") is { } record ? new TextPair(record.Text, record.Pair) : null;

            void PrintLine(TextPair input, Prediction prediction) =>
                terminal.Output.WriteLine(prediction.ToLine(input.Pair is null ? input.Text : $"{input.Text} | {input.Pair}"));

            void PrintJson(TextPair input, Prediction prediction) => terminal.Output.WriteLine(Json(input, prediction, classifier));
        },
        batch.EndsByItself);
        return verb;
    }

    /// <summary>The texts of the lines as they pass, and a copy of each until its prediction comes.</summary>
    private static async IAsyncEnumerable<TextPair> Remember(
        IAsyncEnumerable<string> lines, Func<string, long, TextPair?> read, ConcurrentQueue<TextPair> waiting, [EnumeratorCancellation] CancellationToken cancellation)
    {
        long number = 0;
        await foreach (var line in lines.WithCancellation(cancellation))
        {
            if (read(line, ++number) is { } input)
            {
                waiting.Enqueue(input);
                yield return input;
            }
        }
    }

    private static string Json(TextPair input, Prediction prediction, Classifier classifier)
    {
        return JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteString("text", input.Text);
            if (input.Pair is { } pair)
            {
                json.WriteString("pair", pair);
            }

            PredictionJson.WriteMembers(json, prediction, classifier.Description);
            json.WriteEndObject();
        });
    }
}
