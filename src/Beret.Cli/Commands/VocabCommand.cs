using System.CommandLine;
using System.Globalization;
using System.Text;
using Beret.Data;
using Beret.Text;

namespace Beret.Cli.Commands;

/// <summary><c>beret vocab</c>: trains the vocabulary of a tokenizer.</summary>
internal static class VocabCommand
{
    public static Command Create(Terminal terminal)
    {
        var defaults = new VocabularyOptions();
        var texts = CommonOptions.Paths("TEXTS", "Texts to learn from: files with a text on each line, .jsonl files with a key text, folders or archives of .txt files (of train and test only train), or imdb");
        var output = CommonOptions.PathOption("--output", "The folder to write", "DIR", required: true);
        var size = CommonOptions.Count("--size", $"The tokens of the vocabulary, special ones included [default: {defaults.Size}]");
        var type = new Option<string>("--type")
        {
            Description = "How words are cut: the longest piece first, as BERT does, or the likeliest pieces, as SentencePiece does", HelpName = "wordpiece|unigram", DefaultValueFactory = _ => "wordpiece",
        };
        type.AcceptOnlyFromAmong("wordpiece", "unigram");
        var cased = new Option<bool>("--cased") { Description = "Keep upper case and accents" };
        var uncased = new Option<bool>("--uncased") { Description = "Lower-case, and drop accents [default]" };
        var minFrequency = CommonOptions.Count("--min-frequency", $"How often a character or a piece must occur [default: {defaults.MinFrequency}]");
        var alphabet = CommonOptions.Count("--alphabet", $"The most characters to know; a word with any other is unknown [default: {defaults.AlphabetSize}]");
        var special = new Option<string[]>("--special") { Description = "A special token beside [PAD], [UNK], [CLS], [SEP] and [MASK]; may be given again", HelpName = "TOKEN" };
        var heldOut = CommonOptions.PathOption("--held-out", "Other texts to measure the vocabulary on", "TEXTS");
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the files of the same names in the output folder" };
        var threads = CommonOptions.Threads();
        var json = CommonOptions.Json("Print the result as JSON");
        var verb = new Verb(
            "vocab",
            "Train the vocabulary of a tokenizer on texts.",
            "beret vocab imdb --size 8000 --output runs/vocab",
            "beret vocab reviews/ more.txt --size 16000 --cased --held-out other.txt --output runs/vocab",
            "beret vocab texts.jsonl --type unigram --special [USER] --special [ITEM] --output runs/vocab",
            "echo 'plain text' | beret tokenize --model runs/vocab --plain")
        {
            texts, output, size, type, cased, uncased, minFrequency, alphabet, special, heldOut, overwrite, threads, json,
        };
        verb.Details = "Writes vocab.txt (unigram: tokenizer.json) and tokenizer_config.json: the folder is a tokenizer, and so is a model folder with these files in it. The same texts\n"
            + "give the same vocabulary, whatever the number of threads. Texts are read one by one and not held.";
        verb.Validators.Add(result =>
        {
            if (result.GetValue(cased) && result.GetValue(uncased))
            {
                result.AddError("--cased and --uncased exclude each other");
            }
        });
        verb.Runs(async (arguments, cancellation) =>
        {
            var folder = arguments.GetRequiredValue(output);
            if (!arguments.GetValue(overwrite) && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            {
                throw new BeretException($"{folder} is not empty: name another folder, or add --overwrite");
            }

            var options = new VocabularyOptions
            {
                Type = arguments.GetRequiredValue(type) == "unigram" ? VocabularyType.Unigram : VocabularyType.WordPiece,
                Size = arguments.GetValue(size) ?? defaults.Size,
                LowerCase = !arguments.GetValue(cased),
                MinFrequency = arguments.GetValue(minFrequency) ?? defaults.MinFrequency,
                AlphabetSize = arguments.GetValue(alphabet) ?? defaults.AlphabetSize,
                SpecialTokens = arguments.GetValue(special) ?? [],
                Threads = arguments.GetValue(threads),
            };
            var words = new WordCounter(options);
            await ReadAsync(arguments.GetRequiredValue(texts), text => words.Add(text));
            var progress = new Progress(terminal);
            var tokenizer = VocabularyTrainer.Train(
                words, options, Progress.Of<VocabularyProgress>(state => progress.Show(() => string.Create(CultureInfo.InvariantCulture, $"{state.Stage}: {state.Fraction:P0}"))), cancellation);
            progress.Clear();
            VocabularyMeasure? measure = null;
            if (arguments.GetValue(heldOut) is { } other)
            {
                measure = new VocabularyMeasure(tokenizer);
                await ReadAsync([other], text => measure.Add(text));
            }

            tokenizer.Save(folder);
            var result = new Result(folder, words, tokenizer, measure);
            terminal.Output.Write(arguments.GetValue(json) ? result.Json() : result.Lines());
            if (tokenizer.VocabularySize < options.Size)
            {
                terminal.Say($"the texts have no more pieces that help: {tokenizer.VocabularySize} tokens, not {options.Size}");
            }

            return ExitCode.Ok;

            async Task ReadAsync(string[] names, Action<string> use)
            {
                var reading = new Progress(terminal);
                var read = 0L;
                foreach (var name in names)
                {
                    var source = await Sources.OpenTextsAsync(name, terminal, cancellation);
                    foreach (var text in source.Read(cancellation))
                    {
                        use(text);
                        read++;
                        reading.Show(() => string.Create(CultureInfo.InvariantCulture, $"reading {source.Origin}: {read:N0} texts"));
                    }
                }

                reading.Clear();
            }
        });
        return verb;
    }

    private sealed record Result(string Folder, WordCounter Words, Tokenizer Tokenizer, VocabularyMeasure? HeldOut)
    {
        public string Lines()
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"Texts     : {Words.Texts:N0}, {Words.Words:N0} words, {Words.DistinctWords:N0} different ones\n");
            text.Append(CultureInfo.InvariantCulture, $"Vocabulary: {Tokenizer.VocabularySize:N0} tokens, {Tokenizer.Kind}, {(Tokenizer.LowerCase ? "uncased" : "cased")}\n");
            if (HeldOut is { } measure)
            {
                text.Append(CultureInfo.InvariantCulture, $"Held out  : {measure.Texts:N0} texts, {measure.Words:N0} words: {measure.TokensPerWord:0.0000} tokens a word, {100 * measure.UnknownRate:0.0000}% unknown\n");
            }

            return text.Append(CultureInfo.InvariantCulture, $"Written   : {Folder}\n").ToString();
        }

        public string Json()
        {
            return JsonText.Line(json =>
            {
                json.WriteStartObject();
                json.WriteString("folder", Folder);
                json.WriteString("type", Tokenizer.Kind.ToLowerInvariant());
                json.WriteBoolean("lower_case", Tokenizer.LowerCase);
                json.WriteNumber("size", Tokenizer.VocabularySize);
                json.WriteNumber("texts", Words.Texts);
                json.WriteNumber("words", Words.Words);
                json.WriteNumber("distinct_words", Words.DistinctWords);
                if (HeldOut is { } measure)
                {
                    json.WriteStartObject("held_out");
                    json.WriteNumber("texts", measure.Texts);
                    json.WriteNumber("words", measure.Words);
                    json.WriteNumber("tokens", measure.Tokens);
                    json.WriteNumber("unknown", measure.Unknown);
                    json.WriteNumber("tokens_per_word", measure.TokensPerWord);
                    json.WriteNumber("unknown_rate", measure.UnknownRate);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            }) + "\n";
        }
    }
}
