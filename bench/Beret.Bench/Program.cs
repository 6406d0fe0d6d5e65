using Beret;
using Beret.Bench;

const string usage = """
    usage: Beret.Bench COMMAND [options]

      peak                                         what this machine can do: matrix products and memory
      ops [PART OF A NAME]                         every operation at the shapes of real models
      step  LAYERS HIDDEN HEADS BATCH SEQ STEPS    fine-tuning steps of a BERT encoder with random weights
      infer LAYERS HIDDEN HEADS BATCH SEQ STEPS    inference batches of the same
      tokens MODEL DATA                            the test texts of a data set through the tokenizer of a model folder
      report RESULTS.jsonl PERFORMANCE.md          writes the page from what the others measured

    options
      --threads N      threads that compute (default: as many as there are processors)
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
        case ["step", .. { Length: 6 } numbers]:
            FineTuning.Run(arguments, Encoder.Parse(numbers));
            break;
        case ["infer", .. { Length: 6 } numbers]:
            InferencePass.Run(arguments, Encoder.Parse(numbers));
            break;
        case ["tokens", var folder, var data]:
            Tokenization.Run(arguments, folder, data);
            break;
        case ["report", var results, var page]:
            Report.Write(results, page);
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
