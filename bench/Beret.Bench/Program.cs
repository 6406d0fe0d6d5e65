using Beret;
using Beret.Bench;
using Beret.Bench.Pages;
using Beret.Bench.Serving;
using Beret.Numerics;

const string usage = """
    usage: Beret.Bench COMMAND [options]

      peak                                             what this machine can do: matrix products and memory
      ops [PART OF A NAME]                             every operation at the shapes of real models
      step     LAYERS HIDDEN HEADS BATCH SEQ STEPS     fine-tuning steps of a BERT encoder with random weights
      resident LAYERS HIDDEN HEADS BATCH SEQ STEPS     the memory of such steps
      infer    LAYERS HIDDEN HEADS BATCH SEQ STEPS     inference batches of the same
      ragged   LAYERS HIDDEN HEADS CUT TEXTS FILE      texts of the lengths in a JSON file, every so many of them, cut
      single   LAYERS HIDDEN HEADS TOKENS RUNS         one text
      growth   STEPS                                   fine-tuning steps that grow in one direction at a time
      tokens   MODEL DATA                              the test texts of a data set through the tokenizer of a model folder
      serve    BERET.dll MODEL DATA MINUTES [PEER …]   a server under load, and another of the same model, which listens on the port at the end of its command
      precisions step|infer                            the arithmetics that this machine has for it, a line each
      report RESULTS.jsonl PAGE.md [README.md]         writes the page, its charts and the README's table from what the others measured

    options
      --threads N      threads that compute (default: as many as there are processors)
      --precision P    the arithmetic of the matrix products (default: fp32)
      --quick          measure for a fraction of the time: to see that it works, not for figures
      --out FILE       append every measurement to a file, one JSON object a line

    BERET_SIMD=scalar|128|256|512 forces an instruction set.
    """;

try
{
    var arguments = Arguments.Parse(args);
    switch (arguments.Words)
    {
        case ["peak"]:
            Peaks.Measure(arguments);
            break;
        case ["ops", .. var filter]:
            Operations.Run(arguments, string.Join(' ', filter));
            break;
        case ["step" or "resident" or "infer" or "single" or "ragged", .. { Length: >= 5 } words]:
            Model(arguments, words);
            break;
        case ["growth", var steps]:
            Growth.Run(arguments, Arguments.Numbers([steps], 1)[0]);
            break;
        case ["tokens", var folder, var data]:
            Tokenization.Run(arguments, folder, data);
            break;
        case ["serve", var program, var folder, var data, var minutes, .. var peer]:
            await ServingLoad.RunAsync(arguments, program, folder, data, int.Parse(minutes), peer);
            break;
        case ["precisions", ("step" or "infer") and var what]:
            Precision[] possible = what == "step" ? [Precision.Float32, Precision.BFloat16] : [Precision.Float32, Precision.BFloat16, Precision.Int8];
            Console.WriteLine(string.Join('\n', possible.Where(Precisions.HasInstruction).Select(precision => precision.Format())));
            break;
        case ["report", var results, var page, .. { Length: <= 1 } readme]:
            PerformancePage.Write(results, page, readme.FirstOrDefault());
            break;
        default:
            Console.Error.WriteLine(usage);
            return 2;
    }

    return 0;
}
catch (Exception error) when (error is BeretException or FormatException or IOException or OverflowException)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

static void Model(Arguments arguments, string[] words)
{
    var n = Arguments.Numbers(words, 5);
    var encoder = Encoder.Parse(n);
    switch (arguments.Words[0])
    {
        case "step":
            FineTuning.Run(arguments, encoder, n[3], n[4], Arguments.Numbers(words, 6)[5]);
            break;
        case "resident":
            FineTuning.Resident(arguments, encoder, n[3], n[4], Arguments.Numbers(words, 6)[5]);
            break;
        case "infer":
            InferencePass.Block(arguments, encoder, n[3], n[4], Arguments.Numbers(words, 6)[5]);
            break;
        case "ragged":
            InferencePass.Ragged(arguments, encoder, n[3], n[4], words is [.., var file] && words.Length == 6 ? file : throw new FormatException("ragged wants a file of lengths"));
            break;
        default:
            InferencePass.Single(arguments, encoder, n[3], n[4]);
            break;
    }
}
