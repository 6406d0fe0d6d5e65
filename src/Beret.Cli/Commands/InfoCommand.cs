using System.CommandLine;
using System.Text;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Reports;

namespace Beret.Cli.Commands;

/// <summary><c>beret info</c>: what a model folder or a checkpoint is.</summary>
internal static class InfoCommand
{
    public static Command Create(Terminal terminal)
    {
        var path = CommonOptions.Path("PATH", "A model folder, a TensorFlow SavedModel or checkpoint (folder, .index or prefix), an archive of one, one file of weights, or the name of a known model");
        var svg = CommonOptions.PathOption("--svg", "A file to draw the model's structure to; - is standard output, in place of the facts", "FILE");
        var json = CommonOptions.Json("Print the facts as JSON");
        var verb = new Verb(
            "info",
            "Say what a model folder or a checkpoint is.",
            "beret info runs/imdb",
            "beret info beret/mini",
            "beret info model.safetensors --json",
            "beret info uncased_L-4_H-512_A-8/bert_model.ckpt",
            "beret info runs/imdb --svg model.svg")
        {
            path, svg, json,
        };
        verb.Details = "Reads all of it, checksums included, and prints architecture, parameters, size, tokenizer, labels, memory and work per token.";
        verb.Runs(async (arguments, cancellation) =>
        {
            var model = arguments.GetRequiredValue(path);
            var info = await Sources.FindNamedAsync(model, terminal, cancellation) is { } named ? ModelInfo.Read(named, cancellation) : ModelInfo.Read(model, cancellation);
            var picture = arguments.GetValue(svg) is null ? null : ModelDiagramSvg.Render(ModelStructure.Of(info));
            if (arguments.GetValue(svg) == "-")
            {
                terminal.Output.Write(picture);
                return ExitCode.Ok;
            }

            terminal.Output.Write(arguments.GetValue(json) ? info.ToJson() : info.ToText());
            if (arguments.GetValue(svg) is { } file)
            {
                AtomicFile.Write(file, stream => stream.Write(Encoding.UTF8.GetBytes(picture!)));
            }

            return ExitCode.Ok;
        });
        return verb;
    }
}
