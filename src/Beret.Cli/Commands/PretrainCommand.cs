using System.CommandLine;
using Beret.Data;
using Beret.Pretraining;
using Beret.Training;

namespace Beret.Cli.Commands;

/// <summary><c>beret pretrain</c>: trains an encoder on texts without labels.</summary>
internal static class PretrainCommand
{
    /// <param name="terminal">What it talks to.</param>
    /// <param name="repetition">Takes the run that a command line describes, and repeats another by it; null: it is run.</param>
    public static Command Create(Terminal terminal, Repetition? repetition = null)
    {
        var texts = CommonOptions.Paths("TEXTS", "Texts without labels: files with a text on each line, .jsonl files with a key text, folders or archives of .txt files, or imdb");
        texts.Arity = ArgumentArity.ZeroOrMore;
        var model = CommonOptions.PathOption("--model", "The encoder to go on with: a name, a Hugging Face owner/name, a folder, or a TensorFlow model", "MODEL");
        var config = CommonOptions.PathOption("--config", "The config.json of a model from nothing, with random weights; needs --vocab", "FILE");
        var vocabulary = CommonOptions.PathOption("--vocab", "Its vocabulary: vocab.txt, a SentencePiece model, or a folder with a tokenizer", "FILE");
        var teacher = CommonOptions.PathOption("--teacher", "An encoder whose hidden states are learnt beside the hidden tokens, word by word: a name, a folder or a TensorFlow model, of any vocabulary", "MODEL");
        var output = CommonOptions.PathOption("--output", "The folder that the model is written to", "DIR");
        var resume = new Option<bool>("--resume") { Description = "Go on with the interrupted run in the output folder" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace what is in the output folder" };
        var json = CommonOptions.Json("Print the outcome as JSON");
        var settings = PretrainingOption.All.ToDictionary(setting => setting, Setting);
        var verb = new Verb(
            "pretrain",
            "Pre-train an encoder on texts without labels, by masked language modelling or replaced-token detection.",
            "beret pretrain imdb --model all-MiniLM-L6-v2 --output runs/minilm-imdb --epochs 1",
            "beret pretrain reports.txt tickets.jsonl --model bert-base-uncased --output runs/bert-ours --steps 2000 --learning-rate 5e-5",
            "beret pretrain corpus/ --config config.json --vocab vocab.txt --output runs/mini --steps 20000 --learning-rate 1e-3",
            "beret pretrain corpus/ --config electra.json --vocab vocab.txt --output runs/electra --objective replaced-tokens --steps 20000 --learning-rate 5e-4",
            "beret pretrain imdb --config config.json --vocab vocab.txt --teacher all-MiniLM-L6-v2 --output runs/mini --epochs 3 --learning-rate 1e-3",
            "beret pretrain --output runs/mini --resume",
            "beret train reviews/ --model runs/mini --output runs/reviews")
        {
            texts, model, config, vocabulary, teacher, output, resume, overwrite, json,
        };
        var run = new RunArguments(verb);
        verb.Details = "Of a folder or archive with train and test, as imdb, only what lies below train is read, texts without a label included.";
        foreach (var option in settings.Values)
        {
            verb.Add(option);
        }

        verb.Runs(
            async (arguments, cancellation) =>
            {
                var folder = arguments.GetValue(output) ?? throw new BeretException("--output is missing: name the folder that the model is to be written to, such as runs/mini");
                if (arguments.GetValue(resume) && Trainer.IsFinished(folder))
                {
                    return TrainingRun.Finished(folder, terminal);
                }

                var job = Job(arguments.GetValue(resume));
                var names = arguments.GetValue(texts) is { Length: > 0 } given ? given : job.TextNames;
                if (names.Count == 0)
                {
                    throw new BeretException("TEXTS is missing: name texts to train on, such as imdb, a file with a text on each line, or a folder of .txt files");
                }

                var recipe = job.Recipe;
                foreach (var (setting, option) in settings)
                {
                    recipe = arguments.GetValue(option) is { } text ? setting.Set(recipe, text) : recipe;
                }

                job = job with { Texts = await Sources.OpenTextsAsync(names, terminal, cancellation), TextNames = names, Recipe = recipe, Overwrite = arguments.GetValue(overwrite) };
                if (job.ConfigFile is null)
                {
                    var resolved = await Sources.ResolveModelAsync(job.ModelName, terminal, cancellation);
                    job = job with { ModelFolder = resolved.Folder, Source = resolved.Source };
                }

                if (job.TeacherName is { } encoder)
                {
                    var resolved = await Sources.ResolveModelAsync(encoder, terminal, cancellation);
                    job = job with { TeacherFolder = resolved.Folder, TeacherSource = resolved.Source };
                }

                if (repetition is not null)
                {
                    return repetition.Go(job, cancellation);
                }

                var display = new PretrainingDisplay(terminal, quiet: arguments.GetValue(json));
                var summary = new Pretrainer(job, display).Run(cancellation);
                if (arguments.GetValue(json))
                {
                    terminal.Output.WriteLine(Json(summary));
                }
                else
                {
                    display.Finish(summary);
                }

                if (summary.IsInterrupted)
                {
                    terminal.Say($"interrupted after step {summary.Steps} of {summary.Plan.Steps}, all saved; go on with: beret pretrain --output {CommonOptions.Quote(folder)} --resume");
                    return ExitCode.Interrupted;
                }

                return ExitCode.Ok;

                PretrainingJob Job(bool isResumed)
                {
                    var before = isResumed ? Pretrainer.Interrupted(folder) : null;
                    var words = before?.Vocabulary;
                    var configFile = arguments.GetValue(config) ?? (words is null ? null : before?.Model);
                    if (arguments.GetValue(model) is not null && configFile is not null)
                    {
                        throw new BeretException("--model and --config exclude each other: a model has its configuration");
                    }

                    words = arguments.GetValue(vocabulary) ?? words;
                    if ((configFile is null) != (words is null))
                    {
                        throw new BeretException("--config and --vocab belong together: a model from nothing needs both");
                    }

                    return new PretrainingJob
                    {
                        ModelName = configFile ?? arguments.GetValue(model) ?? before?.Model ?? throw new BeretException("--model is missing: name the encoder to go on with; or --config and --vocab for one from nothing"),
                        ConfigFile = configFile,
                        Vocabulary = words,
                        Texts = [],
                        TextNames = before?.Texts ?? [],
                        TeacherName = arguments.GetValue(teacher) ?? before?.Teacher,
                        Output = folder,
                        Recipe = before?.Recipe ?? new PretrainingRecipe(),
                        Resume = isResumed,
                        HasTensorBoard = run.HasTensorBoard(arguments),
                        Command = RunArguments.Command(arguments, option => settings.Values.Any(own => own == option)),
                    };
                }
            },
            endsByItself: true);
        return verb;
    }

    private static Option<string?> Setting(PretrainingOption setting)
    {
        var option = new Option<string?>($"--{setting.Name}") { Description = $"{setting.Description} [default: {setting.Get(new PretrainingRecipe())}]", HelpName = setting.Shape };
        if (setting.IsFlag)
        {
            option.Arity = ArgumentArity.ZeroOrOne;
            option.CustomParser = result => result.Tokens is [var token] ? token.Value : "true";
        }

        return option;
    }

    private static string Json(PretrainingSummary summary)
    {
        return JsonText.Indented(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("folder", summary.Folder);
            writer.WriteNumber("steps", summary.Steps);
            writer.WriteNumber("tokens", summary.Plan.Tokens);
            writer.WriteNumber("seconds", Math.Round(summary.Seconds, 2));
            writer.WriteBoolean("interrupted", summary.IsInterrupted);
            PretrainingPoints.Write(writer, summary.Plan.Recipe.Objective, summary.Points);
            writer.WriteEndObject();
        });
    }
}
