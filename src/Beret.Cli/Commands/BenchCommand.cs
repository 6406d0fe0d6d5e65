using System.CommandLine;
using Beret.Benchmarks;
using Beret.Numerics;

namespace Beret.Cli.Commands;

/// <summary><c>beret bench</c>: how fast a model trains and predicts on this machine.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = CommonOptions.Path("MODEL", "The model: a name such as all-MiniLM-L6-v2, a Hugging Face owner/name, a folder, or a TensorFlow SavedModel or checkpoint (folder, prefix or archive)");
        var train = new Option<bool>("--train") { Description = "Measure training only" };
        var infer = new Option<bool>("--infer") { Description = "Measure inference only" };
        var precision = CommonOptions.Precision();
        var batchSize = CommonOptions.Count("--batch-size", "Texts in a batch [default: several sizes; with --json 32]");
        var maxLength = CommonOptions.MaxLength("Tokens of a text [default: several lengths; with --json 128]", 1);
        var threads = CommonOptions.Threads();
        var json = CommonOptions.Json("Measure one size and print it as one flat JSON object");
        var verb = new Verb(
            "bench",
            "Measure how fast a model trains and predicts on this machine.",
            "beret bench all-MiniLM-L6-v2",
            "beret bench runs/imdb --infer --precision int8 --batch-size 1 --max-length 32",
            "beret bench bert-base-uncased --train --batch-size 8 --max-length 512",
            "beret bench all-MiniLM-L6-v2 --train --batch-size 32 --max-length 128 --json")
        {
            model, train, infer, precision, batchSize, maxLength, threads, json,
        };
        verb.Details =
            """
            Takes random texts, so no data is needed, and about a minute. Gives texts a second, time, memory and
            the share of what the machine's matrix products reach, by batch and length; the operations that the
            time goes to; and what follows from it. The work is that of the matrix products of the encoder's
            blocks over the tokens that are there: 72 · layers · hidden² + 12 · layers · length · hidden a token
            and training step of BERT, a third of it in inference.
            """;
        verb.Runs(async (arguments, cancellation) =>
        {
            var resolved = await Sources.ResolveModelAsync(arguments.GetRequiredValue(model), terminal, cancellation);
            var both = arguments.GetValue(train) == arguments.GetValue(infer);
            var progress = new Progress(terminal);
            var result = ModelBenchmark.Run(
                resolved,
                new BenchmarkOptions
                {
                    Train = both || arguments.GetValue(train),
                    Infer = both || arguments.GetValue(infer),
                    Precision = arguments.GetValue(precision) is { } chosen ? Precisions.Parse(chosen) : null,
                    BatchSize = arguments.GetValue(batchSize),
                    Length = arguments.GetValue(maxLength),
                    Threads = arguments.GetValue(threads),
                    Compares = !arguments.GetValue(json),
                },
                Progress.Of<string>(what => progress.Show(() => what)),
                cancellation);
            progress.Clear();
            terminal.Output.Write(arguments.GetValue(json) ? result.ToJson() : result.ToText());
            return ExitCode.Ok;
        });
        return verb;
    }
}
