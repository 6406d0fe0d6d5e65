using System.CommandLine;
using System.Globalization;
using System.Text;
using Beret.Onnx;

namespace Beret.Cli.Commands;

/// <summary><c>beret export</c>: a classifier for ONNX Runtime and for the pipelines of Hugging Face.</summary>
internal static class ExportCommand
{
    private const string Onnx = "onnx";
    private const string HuggingFace = "huggingface";

    public static Command Create(Terminal terminal)
    {
        var model = CommonOptions.Model();
        var format = new Option<string>("--format") { Description = "What to write: an ONNX model, or a folder for Hugging Face's pipelines with the ONNX model in it", HelpName = $"{Onnx}|{HuggingFace}", DefaultValueFactory = _ => Onnx };
        format.AcceptOnlyFromAmong(Onnx, HuggingFace);
        var output = CommonOptions.PathOption("--output", "The file (FILE.onnx), or the folder, which gets a model.onnx; a folder for Hugging Face must not exist, or be empty", required: true);
        var precision = new Option<string>("--precision") { Description = "What weights are kept in and computed with; logits are fp32", HelpName = string.Join('|', OnnxPrecisions.Names), DefaultValueFactory = _ => OnnxPrecision.Float32.Format() };
        precision.AcceptOnlyFromAmong([.. OnnxPrecisions.Names]);
        var opset = new Option<int>("--opset")
        {
            Description = $"The version of ONNX's operators, from {OnnxExportOptions.OldestOpset} to {OnnxExportOptions.NewestOpset}", HelpName = "N", DefaultValueFactory = _ => OnnxExportOptions.OldestOpset,
        };
        opset.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var value) && value is >= OnnxExportOptions.OldestOpset and <= OnnxExportOptions.NewestOpset))
            {
                result.AddError($"--opset is '{token.Value}', not a whole number from {OnnxExportOptions.OldestOpset} to {OnnxExportOptions.NewestOpset}");
            }
        });
        var withTokenizer = new Option<bool>("--with-tokenizer") { Description = "The graph takes a text instead of tokens: for onnxruntime-extensions, one text at a time, WordPiece alone" };
        var checkWith = CommonOptions.PathOption("--check-with", "A folder whose node_modules has onnxruntime-node, to check the result with [default: what BERET_NODE_MODULES names, else this folder]", "DIR");
        var noCheck = new Option<bool>("--no-check") { Description = "Do not run the result in ONNX Runtime" };
        var verb = new Verb(
            "export",
            "Write a classifier for ONNX Runtime or for Hugging Face's pipelines.",
            "beret export runs/imdb --output imdb.onnx",
            "beret export runs/imdb --output imdb-int8.onnx --precision int8 --check-with ~/project",
            "beret export runs/imdb --format huggingface --output imdb-hf")
        {
            model, format, output, precision, opset, withTokenizer, checkWith, noCheck,
        };
        verb.Details = "Inputs are input_ids, attention_mask and, where the model tells segments apart, token_type_ids, int64 [batch, length]; the output is logits. Labels and the\n"
            + "tokenizer's settings are in the model's metadata. Where node and npm's onnxruntime-node are there, its logits are compared with Beret's; if they differ, the exit code is 1.";
        verb.Validators.Add(result =>
        {
            if (result.GetValue(withTokenizer) && result.GetValue(format) == HuggingFace)
            {
                result.AddError($"--with-tokenizer goes with --format {Onnx}: the pipelines of Hugging Face tokenize by themselves");
            }
        });
        verb.Runs((arguments, _) =>
        {
            var (source, destination) = (arguments.GetRequiredValue(model), arguments.GetRequiredValue(output));
            var options = new OnnxExportOptions
            {
                Precision = OnnxPrecisions.Parse(arguments.GetRequiredValue(precision)),
                Opset = arguments.GetValue(opset),
                WithTokenizer = arguments.GetValue(withTokenizer),
            };
            var isFolder = arguments.GetRequiredValue(format) == HuggingFace;
            var summary = isFolder
                ? HuggingFaceExport.Write(source, destination, options)
                : OnnxExport.Write(source, destination.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? destination : Path.Combine(destination, "model.onnx"), options);
            terminal.Output.Write(Lines(summary, options));
            foreach (var note in summary.Notes)
            {
                terminal.Say(note);
            }

            List<ExportCheck> checks = [];
            if (options.WithTokenizer || arguments.GetValue(noCheck))
            {
                terminal.Output.Write($"Checked : no{(options.WithTokenizer ? ", a graph that takes texts needs onnxruntime-extensions" : "")}\n");
            }
            else
            {
                var modules = arguments.GetValue(checkWith);
                Check("logits", OnnxCheck.Run(source, summary.File, options.Precision, modules));
                if (isFolder)
                {
                    Check("scores", PipelineCheck.Run(source, destination, options.Precision, modules));
                }
            }

            return Task.FromResult(checks.TrueForAll(check => check.Holds) ? ExitCode.Ok : ExitCode.FailedCheck);

            void Check(string what, ExportCheck check)
            {
                checks.Add(check);
                terminal.Output.Write($"Checked : {Said(what, check)}\n");
            }
        });
        return verb;
    }

    private static string Lines(OnnxExportSummary summary, OnnxExportOptions options)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Model   : {summary.Family}, {summary.Parameters:N0} parameters, {options.Precision.Format()}, opset {options.Opset}\n");
        text.Append(CultureInfo.InvariantCulture, $"Graph   : {string.Join(", ", summary.Inputs)} -> logits, {summary.Nodes} nodes\n");
        text.Append(CultureInfo.InvariantCulture, $"Written : {summary.File}{(summary.DataFile is { } data ? $" and {data}" : "")} ({summary.Bytes / 1e6:0.0} MB)\n");
        return text.ToString();
    }

    private static string Said(string what, ExportCheck check) => check.Runtime is null ? $"no, {check.Reason}" : string.Create(
        CultureInfo.InvariantCulture,
        $"{check.Runtime} on {check.Texts} texts: {what} within {check.LargestDifference:0.0e+0} of Beret's{(check.Holds ? "" : $", more than {check.Tolerance:0.0e+0}: do not use it, and report it")}");
}
