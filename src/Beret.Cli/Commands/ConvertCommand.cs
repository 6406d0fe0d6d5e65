using System.CommandLine;
using System.Globalization;
using Beret.Inference;

namespace Beret.Cli.Commands;

/// <summary><c>beret convert</c>: a model of any format to a Hugging Face folder.</summary>
internal static class ConvertCommand
{
    private const int MostNames = 5;

    public static Command Create(Terminal terminal)
    {
        var source = CommonOptions.Path("SOURCE", "A model folder, a TensorFlow SavedModel or checkpoint (folder, .index or prefix), an archive of one, or a model's name");
        var destination = CommonOptions.Path("DESTINATION", "The folder to write");
        var verb = new Verb(
            "convert",
            "Turn a model of any format into a Hugging Face folder.",
            "beret convert uncased_L-4_H-512_A-8.zip models/small-bert",
            "beret convert imdb_bert/ runs/imdb",
            "beret convert uncased_L-4_H-512_A-8/bert_model.ckpt models/small-bert")
        {
            source, destination,
        };
        verb.Details = "Writes config.json, model.safetensors and the tokenizer's files, all of it or nothing. A classifier that TensorFlow's tutorial saved keeps its head\n"
            + "and its preprocessing.";
        verb.Runs(async (arguments, cancellation) =>
        {
            var resolved = await Sources.ResolveModelAsync(arguments.GetRequiredValue(source), terminal, cancellation);
            var folder = arguments.GetRequiredValue(destination);
            var summary = ModelConversion.Convert(resolved.Folder, folder, resolved.Source);
            terminal.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{summary.Kind} -> {folder}: {summary.Family}, {summary.Parameters:N0} parameters{(summary.Outputs is { } outputs ? $", a classifier of {outputs} logit{(outputs == 1 ? "" : "s")}" : "")}"));
            Say(summary.Added, "the source lacks, so that it got its start:");
            Say(summary.LeftOut, "no part of the model, left out:");
            if (!summary.HasTokenizer)
            {
                terminal.Say("the source has no vocabulary, so the folder cannot read text: put vocab.txt or spiece.model in it");
            }

            return ExitCode.Ok;
        });
        return verb;

        void Say(IReadOnlyList<string> names, string what)
        {
            if (names.Count > 0)
            {
                terminal.Say($"{what} {string.Join(", ", names.Take(MostNames))}{(names.Count > MostNames ? $" and {names.Count - MostNames} more" : "")}");
            }
        }
    }
}
