using System.CommandLine;
using Beret.Data;
using Beret.Hub;
using Beret.Inference;
using Beret.Text;

namespace Beret.Cli.Commands;

/// <summary><c>beret tokenize</c>: the token ids of each text, with their places in it.</summary>
internal static class TokenizeCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = CommonOptions.PathOption("--model", "The model whose tokenizer to use: a model folder, a SavedModel or checkpoint of TensorFlow, or the name of a known model", "MODEL");
        var vocabulary = CommonOptions.PathOption(
            "--vocab", "A vocab.txt to use, with --cased or --uncased, or a SentencePiece model such as spiece.model", "FILE");
        var cased = new Option<bool>("--cased") { Description = "Keep upper case and accents" };
        var uncased = new Option<bool>("--uncased") { Description = "Lower-case, and drop accents" };
        var flavour = new Option<string?>("--flavour")
        {
            Description = "Whose tokenization: TF.text's, Hugging Face's, Google's own code, or SentencePiece alone [default: the model's, else hf]",
            HelpName = "tf|hf|google|raw",
        };
        flavour.AcceptOnlyFromAmong("tf", "hf", "google", "raw");
        var maxLength = CommonOptions.MaxLength("The most tokens, special ones included, packed as the flavour's own system does [default: no limit]", 0);
        var truncation = CommonOptions.Truncation();
        var overlap = CommonOptions.WindowOverlap("a quarter");
        var noSpecial = new Option<bool>("--no-special") { Description = "Leave out [CLS] and [SEP]" };
        var pad = new Option<bool>("--pad") { Description = "Fill up to --max-length with [PAD], and write the mask" };
        var plain = new Option<bool>("--plain") { Description = "Each line of the input is a text, not JSON" };
        var json = CommonOptions.Json("JSON lines, which is what is always written");
        var verb = new Verb(
            "tokenize",
            "Write the token ids of each text from standard input.",
            "echo '{\"text\": \"this is such an amazing movie!\"}' | beret tokenize --model runs/imdb",
            "beret tokenize --vocab vocab.txt --uncased --flavour tf --max-length 128 --pad < texts.jsonl",
            "beret tokenize --vocab spiece.model --flavour google --no-special < texts.jsonl",
            "echo 'plain text' | beret tokenize --model runs/imdb --plain --no-special")
        {
            model, vocabulary, cased, uncased, flavour, maxLength, truncation, overlap, noSpecial, pad, plain, json,
        };
        verb.Validators.Add(result =>
        {
            if (result.GetValue(model) is null == result.GetValue(vocabulary) is null)
            {
                result.AddError("one of --model and --vocab is needed");
            }
            else if (result.GetValue(cased) && result.GetValue(uncased))
            {
                result.AddError("--cased and --uncased exclude each other");
            }
            else if (result.GetValue(vocabulary) is { } file && !Tokenizer.IsSentencePiece(file)
                && !result.GetValue(cased) && !result.GetValue(uncased))
            {
                result.AddError("--vocab needs --cased or --uncased: a vocabulary does not say which it is");
            }
        });
        verb.Details = "Reads a line {\"text\": …} or {\"text\": …, \"pair\": …} for each text, and writes {\"ids\": […], \"types\": […], \"offsets\": [[start, end], …]}.\n"
            + "Offsets count UTF-16 units in the token's own text; those of special tokens are [0, 0].\n"
            + "With truncation windows a longer text has a line for each of its windows.";
        verb.Runs(async (arguments, cancellation) =>
        {
            bool? lowerCase = arguments.GetValue(uncased) ? true : arguments.GetValue(cased) ? false : null;
            TokenizerFlavour? chosen = arguments.GetValue(flavour) is { } name ? TokenizerFlavours.Parse(name) : null;
            var tokenizer = arguments.GetValue(vocabulary) is { } file
                ? Tokenizer.FromVocabulary(file, lowerCase ?? true, chosen ?? TokenizerFlavour.HuggingFace)
                : await Sources.FindNamedAsync(arguments.GetValue(model)!, terminal, cancellation) is { } named
                    ? ModelTokenizer.Load(named.Folder, chosen ?? (named.Source == ModelSource.TensorFlow ? TokenizerFlavour.TensorFlow : null), lowerCase)
                    : ModelTokenizer.Load(arguments.GetValue(model)!, chosen, lowerCase);
            var options = new EncodeOptions
            {
                MaxLength = arguments.GetValue(maxLength),
                Truncation = arguments.GetValue(truncation) is { } policy ? Truncations.Parse(policy) : Truncation.Head,
                WindowOverlap = arguments.GetValue(overlap),
                AddSpecialTokens = !arguments.GetValue(noSpecial),
            };
            var buffer = new TokenBuffer();
            using var lines = new TokenLines(terminal.Output, tokenizer.PaddingId, arguments.GetValue(pad) ? options.MaxLength ?? 0 : null);
            await using var input = Inputs.Open(null, terminal);
            long number = 0;
            await foreach (var line in TextLines.ReadAsync(input, cancellationToken: cancellation))
            {
                number++;
                if (arguments.GetValue(plain))
                {
                    tokenizer.Encode(line, options, buffer);
                }
                else if (TextRecord.Parse(line, number) is not { } record)
                {
                    continue;
                }
                else if (record.Pair is { } pair)
                {
                    tokenizer.Encode(record.Text, pair, options, buffer);
                }
                else
                {
                    tokenizer.Encode(record.Text, options, buffer);
                }

                lines.Write(buffer);
            }

            return ExitCode.Ok;
        });
        return verb;
    }
}
