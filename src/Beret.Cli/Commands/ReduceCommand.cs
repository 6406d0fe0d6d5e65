using System.CommandLine;
using System.Globalization;
using System.Text;
using Beret.Inference;

namespace Beret.Cli.Commands;

/// <summary><c>beret reduce</c>: a smaller encoder out of a larger one, for a student to begin as.</summary>
internal static class ReduceCommand
{
    public static Command Create(Terminal terminal)
    {
        var source = CommonOptions.Path("SOURCE", "The larger model: a name, a Hugging Face owner/name, a folder, a TensorFlow model, or an archive of one; a classifier is left behind");
        var destination = CommonOptions.Path("DESTINATION", "The folder to write");
        var layers = new Option<string>("--layers")
        {
            Description = "How many layers are kept, the first, the last and others at even distances: 4; or which, counted from 0: 0,2,5", HelpName = "N|LIST",
        };
        layers.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Numbers(token.Value) is null)
            {
                result.AddError($"--layers is '{token.Value}', neither a number of layers, such as 4, nor a list of them, such as 0,2,5");
            }
        });
        var vocabulary = CommonOptions.PathOption("--vocab", "The vocabulary that the model gets instead of its own: a folder that beret vocab wrote, a model folder, or a vocab.txt", "PATH");
        var json = CommonOptions.Json("Print the result as JSON");
        var verb = new Verb(
            "reduce",
            "Make a smaller encoder of a larger one: fewer layers, another vocabulary.",
            "beret reduce runs/imdb runs/start --layers 4",
            "beret reduce google-bert/bert-base-uncased runs/start --layers 0,2,4,7,9,11 --vocab runs/vocab",
            "beret distil imdb --teacher runs/imdb --student runs/start --output runs/small")
        {
            source, destination, layers, vocabulary, json,
        };
        verb.Details = "Writes config.json, model.safetensors and the tokenizer's files, all of it or nothing. A token of both vocabularies keeps its embedding, any other begins as the\n"
            + "mean of the pieces that spelt it. What comes out has lost much of what the source knew: it is a start for beret distil, beret pretrain or beret train.";
        verb.Runs(async (arguments, cancellation) =>
        {
            var kept = arguments.GetValue(layers) is { } text ? Numbers(text)! : null;
            var isList = arguments.GetValue(layers)?.Contains(',') == true;
            var resolved = await Sources.ResolveModelAsync(arguments.GetRequiredValue(source), terminal, cancellation);
            var folder = arguments.GetRequiredValue(destination);
            var summary = ModelReduction.Reduce(
                resolved.Folder,
                folder,
                new ReductionOptions { Layers = isList ? kept : null, LayerCount = isList ? null : kept?[0], Vocabulary = arguments.GetValue(vocabulary) },
                resolved.Source);
            terminal.Output.Write(arguments.GetValue(json) ? Json(summary, folder) : Lines(summary, folder, hasNewVocabulary: arguments.GetValue(vocabulary) is not null));
            return ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>The whole numbers between commas, of which the last may be followed by one; null where there is anything else.</summary>
    private static int[]? Numbers(string text)
    {
        var numbers = new List<int>();
        foreach (var part in (text.EndsWith(',') ? text[..^1] : text).Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static string Lines(ReductionSummary summary, string folder, bool hasNewVocabulary)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Layers    : {string.Join(", ", summary.Layers)} of the source\n");
        if (hasNewVocabulary)
        {
            text.Append(CultureInfo.InvariantCulture, $"Vocabulary: {summary.Taken + summary.Averaged + summary.Unknown:N0} tokens, of which {summary.Taken:N0} keep their embedding, {summary.Averaged:N0} begin as the mean of their pieces, {summary.Unknown:N0} as the unknown token\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"Parameters: {summary.Parameters:N0}\n");
        return text.Append(CultureInfo.InvariantCulture, $"Written   : {folder}\n").ToString();
    }

    private static string Json(ReductionSummary summary, string folder)
    {
        return JsonText.Line(json =>
        {
            json.WriteStartObject();
            json.WriteString("folder", folder);
            json.WriteStartArray("layers");
            foreach (var layer in summary.Layers)
            {
                json.WriteNumberValue(layer);
            }

            json.WriteEndArray();
            json.WriteNumber("parameters", summary.Parameters);
            json.WriteStartObject("tokens");
            json.WriteNumber("taken", summary.Taken);
            json.WriteNumber("averaged", summary.Averaged);
            json.WriteNumber("unknown", summary.Unknown);
            json.WriteEndObject();
            json.WriteEndObject();
        }) + "\n";
    }
}
