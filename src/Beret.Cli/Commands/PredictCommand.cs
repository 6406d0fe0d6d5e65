using System.Buffers;
using System.Collections.Concurrent;
using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Data;
using Beret.Inference;
using Beret.Numerics;
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
        var maxLength = CommonOptions.MaxLength("The most tokens of a text [default: as the model was trained]", 3);
        var truncation = CommonOptions.Truncation();
        var precision = CommonOptions.Precision();
        var threads = CommonOptions.Threads();
        var json = CommonOptions.Json("Print one JSON object for each text: text, label, score, probabilities, logits, tokens, tokens_cut");
        var verb = new Verb(
            "predict",
            "Print the label and the score of each text.",
            "beret predict runs/imdb \"this is such an amazing movie!\" \"The movie was meh.\"",
            "beret predict runs/imdb --file reviews.txt --json",
            "cat reviews.txt | beret predict runs/imdb",
            "beret predict runs/imdb -- \"- a text that begins with a hyphen\"")
        {
            model, texts, file, maxLength, truncation, precision, threads, json,
        };
        verb.Validators.Add(result =>
        {
            if (result.GetValue(file) is not null && result.GetValue(texts) is { Length: > 0 })
            {
                result.AddError("texts come as arguments or from --file, not both");
            }
        });
        verb.Details = "Texts are arguments, or the lines of a file or of standard input, which is read as it comes. The score is the probability of the\n"
            + "positive class; where there are more than two classes, that of the label.";
        verb.Runs(async (arguments, cancellation) =>
        {
            using var classifier = Classifier.Load(arguments.GetRequiredValue(model), new ClassifierOptions
            {
                Threads = arguments.GetValue(threads),
                MaxLength = arguments.GetValue(maxLength),
                Truncation = arguments.GetValue(truncation) is { } name ? Truncations.Parse(name) : null,
                Precision = arguments.GetValue(precision) is { } chosen ? Precisions.Parse(chosen) : null,
            });
            var print = arguments.GetValue(json) ? (Action<string, Prediction>)PrintJson : PrintLine;
            if (arguments.GetValue(texts) is { Length: > 0 } given)
            {
                foreach (var (text, prediction) in given.Zip(classifier.Predict(given, cancellation)))
                {
                    print(text, prediction);
                }

                return ExitCode.Ok;
            }

            var path = arguments.GetValue(file);
            await using var input = Inputs.Open(path, terminal);
            var waiting = new ConcurrentQueue<string>();
            var lines = TextLines.ReadAsync(input, Inputs.NameOf(path), cancellationToken: cancellation);
            await foreach (var prediction in classifier.PredictMany(Remember(lines, waiting, cancellation), cancellation))
            {
                waiting.TryDequeue(out var text);
                print(text!, prediction);

                // Whoever writes the lines may wait for the answer before writing the next.
                await terminal.Output.FlushAsync(cancellation);
            }

            return ExitCode.Ok;

            void PrintLine(string text, Prediction prediction) => terminal.Output.WriteLine(prediction.ToLine(text));

            void PrintJson(string text, Prediction prediction) => terminal.Output.WriteLine(Json(text, prediction, classifier.Labels));
        });
        return verb;
    }

    /// <summary>The texts as they pass, and a copy of each until its prediction comes.</summary>
    private static async IAsyncEnumerable<string> Remember(
        IAsyncEnumerable<string> texts, ConcurrentQueue<string> waiting, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var text in texts.WithCancellation(cancellation))
        {
            waiting.Enqueue(text);
            yield return text;
        }
    }

    private static string Json(string text, Prediction prediction, IReadOnlyList<string> labels)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("text", text);
            json.WriteString("label", prediction.Label);
            json.WriteNumber("score", prediction.Score);
            json.WriteStartObject("probabilities");
            for (var i = 0; i < labels.Count; i++)
            {
                json.WriteNumber(labels[i], prediction.Probabilities[i]);
            }

            json.WriteEndObject();
            json.WriteStartArray("logits");
            foreach (var logit in prediction.Logits)
            {
                json.WriteNumberValue(logit);
            }

            json.WriteEndArray();
            json.WriteNumber("tokens", prediction.Tokens);
            json.WriteNumber("tokens_cut", prediction.TokensCut);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
