using System.CommandLine;
using Beret.Data;
using Beret.Pipelines;
using Beret.Training;

namespace Beret.Cli.Commands;

/// <summary><c>beret train</c>: fine-tunes a classifier.</summary>
internal static class TrainCommand
{
    /// <param name="terminal">What it talks to.</param>
    /// <param name="repetition">Takes the run that a command line describes, and repeats another by it; null: it is run.</param>
    public static Command Create(Terminal terminal, Repetition? repetition = null)
    {
        var data = CommonOptions.Paths("DATA", TableArguments.Kinds);
        data.Arity = ArgumentArity.ZeroOrMore;
        var model = CommonOptions.PathOption("--model", "The pretrained encoder: a name such as all-MiniLM-L6-v2, a Hugging Face owner/name, a folder, or a TensorFlow SavedModel or checkpoint (folder, prefix or archive)", "MODEL");
        var output = CommonOptions.PathOption("--output", "The folder that the model is written to", "DIR");
        var validation = CommonOptions.PathOption("--validation", "Labelled texts to validate on, instead of a part of DATA", "DATA");
        var test = CommonOptions.PathOption("--test", "Labelled texts to evaluate the finished model on", "DATA");
        var resume = new Option<bool>("--resume") { Description = "Go on with the interrupted run in the output folder" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace what is in the output folder" };
        var printRecipe = new Option<bool>("--print-recipe") { Description = "Print the recipe, commented, and do nothing" };
        var printSchema = new Option<bool>("--print-schema") { Description = "Print the JSON schema of recipe files, and do nothing" };
        var json = CommonOptions.Json("Print the outcome as JSON");
        var settings = new RecipeSettings(RecipeOption.All.Where(option => !option.NeedsTeacher), hasPresets: true);
        var verb = new Verb(
            "train",
            "Fine-tune a pretrained encoder on labelled texts, by the recipe of TensorFlow's tutorial unless told otherwise.",
            "beret train imdb --model all-MiniLM-L6-v2 --output runs/imdb",
            "beret train reviews/ --model all-MiniLM-L6-v2 --output runs/reviews --epochs 3 --learning-rate 5e-5",
            "beret train tickets.csv --model all-MiniLM-L6-v2 --output runs/tickets --text-column subject --label-column team",
            "beret train 'tickets-*.csv' more-tickets.csv --model all-MiniLM-L6-v2 --output runs/tickets --split grouped --group-column customer --test tickets-of-may.csv",
            "beret train articles.jsonl --model all-MiniLM-L6-v2 --output runs/topics --task multi-label",
            "beret train tickets.csv --model all-MiniLM-L6-v2 --output runs/tickets --preset fast",
            "beret train stars.csv --model all-MiniLM-L6-v2 --output runs/stars --task regression",
            "beret train GLUE/SST-2 --model all-MiniLM-L6-v2 --output runs/sst2 --format glue/sst2",
            "beret train tickets.tar.gz --model models/bert --output runs/tickets --max-length 256 --truncation head+tail --early-stopping 2",
            "beret train contracts.csv --model all-MiniLM-L6-v2 --output runs/contracts --max-length auto --truncation windows",
            "beret train --output runs/imdb --resume",
            "beret train imdb --model all-MiniLM-L6-v2 --output runs/imdb --tensorboard; tensorboard --logdir runs/imdb",
            "beret train tickets.csv --model beret/mini --output runs/tickets --seeds 3",
            "beret train tickets.csv --model beret/mini --output runs/tickets --folds 5",
            "beret train tickets.csv --model beret/mini --output runs/tickets --stages pretrain,finetune,quantize --set pretrain.epochs=5",
            "beret train imdb --model beret/mini --output runs/imdb --stages chunks,finetune --set chunks.learning-rate=3e-4",
            "beret train imdb --model all-MiniLM-L6-v2 --student beret/mini --output runs/small --stages finetune,distil,quantize --max-drop 1",
            "beret train --print-recipe > recipe.json; beret train imdb --model all-MiniLM-L6-v2 --output runs/imdb --recipe recipe.json")
        {
            data, model, output, validation, test, resume, overwrite, printRecipe, printSchema, json,
        };
        var table = new TableArguments(verb, splits: true);
        var staged = new StagedArguments(verb);
        var run = new RunArguments(verb);
        var repeated = new RepeatedArguments(verb);
        settings.AddTo(verb);
        verb.Runs(
            async (arguments, cancellation) =>
            {
                if (arguments.GetValue(printSchema))
                {
                    terminal.Output.Write(RecipeFile.Schema());
                    return ExitCode.Ok;
                }

                var folder = arguments.GetValue(output);
                var isResumed = arguments.GetValue(resume);
                if (isResumed && folder is not null)
                {
                    arguments = RunArguments.Completed(arguments, folder, [.. table.All, validation, test]);
                }

                if (!arguments.GetValue(printRecipe) && staged.AreMeant(arguments, folder, isResumed))
                {
                    if (arguments.GetValue(test) is not null)
                    {
                        throw new BeretException("a run in stages judges each of them on the validation texts: leave out --test, and evaluate the model afterwards (beret evaluate)");
                    }

                    if (repeated.Asked(arguments, null) is not null)
                    {
                        throw new BeretException("a run in stages is one run: leave out --seeds and --folds, or --stages");
                    }

                    var request = new StagedRequest(
                        Sources.Joined(arguments.GetValue(data)), arguments.GetValue(model), arguments.GetValue(validation), folder ?? throw NoOutput(), isResumed, arguments.GetValue(overwrite),
                        arguments.GetValue(json), run.HasTensorBoard(arguments));
                    return repetition is null
                        ? await staged.RunAsync(arguments, request, settings, table, terminal, cancellation)
                        : repetition.Go(await staged.JobAsync(arguments, request, settings, table, terminal, cancellation), cancellation);
                }

                if (isResumed && Trainer.IsFinished(folder ?? throw NoOutput()))
                {
                    return TrainingRun.Finished(folder, terminal);
                }

                var runs = isResumed && folder is not null && RepeatedState.IsIn(folder) ? RepeatedState.Read(folder) : null;
                var (start, modelName, dataName) = runs is not null ? (runs.Recipe, runs.Model, runs.Data)
                    : isResumed ? Trainer.Interrupted(folder ?? throw NoOutput())
                    : (new TrainingRecipe(), null, null);
                var chosen = settings.Apply(arguments, start);
                if (arguments.GetValue(printRecipe))
                {
                    terminal.Output.Write(RecipeFile.Commented(chosen));
                    return ExitCode.Ok;
                }

                folder = folder ?? throw NoOutput();
                modelName = arguments.GetValue(model) ?? modelName ?? throw new BeretException("--model is missing: name the encoder to fine-tune, such as all-MiniLM-L6-v2, or a folder");
                dataName = Sources.Joined(arguments.GetValue(data)) ?? dataName ?? throw new BeretException("DATA is missing: name the labelled texts, such as imdb, a table (.csv, .tsv, .jsonl), a folder of class folders, or an archive of one");
                table.CheckSplit(arguments, chosen);
                var resolved = await Sources.ResolveModelAsync(modelName, terminal, cancellation);
                var options = table.In(arguments, chosen.Task);
                var (texts, validationTexts) = await Sources.LoadForTrainingAsync(dataName, arguments.GetValue(validation), options, terminal, cancellation);
                var job = new TrainingJob
                {
                    ModelFolder = resolved.Folder,
                    ModelName = modelName,
                    Source = resolved.Source,
                    Data = texts,
                    Validation = validationTexts,
                    Test = await Sources.LoadForTestAsync(arguments.GetValue(test), options, terminal, cancellation),
                    DataName = dataName,
                    Output = folder,
                    Recipe = chosen,
                    Resume = isResumed,
                    Overwrite = arguments.GetValue(overwrite),
                    HasTensorBoard = run.HasTensorBoard(arguments),
                    Command = RunArguments.Command(arguments, settings.Contain),
                };
                if (repetition is not null)
                {
                    return repeated.Asked(arguments, runs) is var (kind, count)
                        ? repetition.Go(new RepeatedJob { Run = job, Kind = kind, Count = count }, cancellation)
                        : repetition.Go(job, cancellation);
                }

                var again = $"beret train --output {CommonOptions.Quote(folder)} --resume";
                return repeated.Asked(arguments, runs) is { } asked
                    ? RepeatedArguments.Go(job, asked, again, arguments.GetValue(json), terminal, cancellation)
                    : TrainingRun.Go(job, again, arguments.GetValue(json), terminal, cancellation);
            },
            endsByItself: true);
        return verb;
    }

    private static BeretException NoOutput() => new("--output is missing: name the folder that the model is to be written to, such as runs/imdb");
}
