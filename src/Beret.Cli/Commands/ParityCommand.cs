using System.CommandLine;
using System.Globalization;
using Beret.Parity;
using Beret.Training;

namespace Beret.Cli.Commands;

/// <summary><c>beret parity</c>: does Beret compute what another program computed?</summary>
internal static class ParityCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = CommonOptions.PathOption("--model", "The model: a model folder, a TensorFlow SavedModel, or a TensorFlow checkpoint by folder or prefix", "PATH", required: true);
        var expected = CommonOptions.PathOption("--expected", "A safetensors file with inputs and what the other program computed of them", "FILE", required: true);
        var tolerance = new Option<double?>("--tolerance") { Description = "The largest difference that passes [default: one for each kind of tensor]", HelpName = "T" };
        tolerance.Validators.Add(result =>
        {
            if (result.Tokens is [var token]
                && !(double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && double.IsFinite(value)))
            {
                result.AddError($"--tolerance is '{token.Value}', not a number from 0 on");
            }
        });
        var threads = CommonOptions.Threads();
        var json = CommonOptions.Json("Print the table as JSON");
        var verb = new Verb(
            "parity",
            "Compare what Beret computes with what another program computed.",
            "beret parity --model models/bert --expected expected.safetensors",
            "beret parity --model uncased_L-4/bert_model.ckpt --expected expected.safetensors",
            "beret parity --model models/bert --expected expected.safetensors --tolerance 1e-4 --json")
        {
            model, expected, tolerance, threads, json,
        };
        verb.Details = "Runs the model on the inputs in the file and compares every output and every gradient that the file holds. Exits with 1 where one is further\n"
            + "off than allowed. docs/parity.md shows the ten lines of Python that write such a file.";
        verb.Runs((arguments, _) =>
        {
            var rows = ParityCheck.Compare(
                arguments.GetRequiredValue(model), arguments.GetRequiredValue(expected), arguments.GetValue(tolerance), arguments.GetValue(threads));
            terminal.Output.Write(arguments.GetValue(json) ? ParityTable.Json(rows) : ParityTable.Text(rows, terminal.Red));
            if (!rows.Any(row => row.IsCompared))
            {
                throw new BeretException($"{arguments.GetValue(expected)} holds nothing that could be compared, so nothing was proved");
            }

            return Task.FromResult(rows.All(row => row.Passes) ? ExitCode.Ok : ExitCode.FailedCheck);
        });
        return verb;
    }
}
