using System.CommandLine;
using Beret.Data;
using Beret.Inference;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Cli.Commands;

/// <summary><c>beret distil</c>: a student learns what a trained classifier knows.</summary>
internal static class DistilCommand
{
    /// <param name="terminal">What it talks to.</param>
    /// <param name="repetition">Takes the run that a command line describes, and repeats another by it; null: it is run.</param>
    public static Command Create(Terminal terminal, Repetition? repetition = null)
    {
        var data = CommonOptions.Paths("TEXTS", $"{TableArguments.Kinds}; may be left out where there are --unlabelled ones");
        data.Arity = ArgumentArity.ZeroOrMore;
        var teacher = CommonOptions.PathOption("--teacher", "The trained classifier to learn from: a model folder, or any that beret predict takes", "DIR");
        var student = CommonOptions.PathOption("--student", "The encoder that learns: a name, a Hugging Face owner/name, a folder, or a TensorFlow model", "MODEL");
        var unlabelled = new Option<string[]>("--unlabelled")
        {
            Description = "Texts without labels, of which only the teacher says something: a file with a text on each line, .jsonl, a folder or archive of .txt files, or imdb; may be given several times",
            HelpName = "TEXTS",
        };
        var output = CommonOptions.PathOption("--output", "The folder that the student is written to", "DIR");
        var validation = CommonOptions.PathOption("--validation", "Labelled texts to validate on, instead of a part of TEXTS", "DATA");
        var resume = new Option<bool>("--resume") { Description = "Go on with the interrupted run in the output folder" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace what is in the output folder" };
        var json = CommonOptions.Json("Print the outcome as JSON");
        var settings = new RecipeSettings(RecipeOption.All);
        var verb = new Verb(
            "distil",
            "Teach a small model what a large classifier knows: a student learns the teacher's logits, and the labels beside them.",
            "beret distil imdb --teacher runs/bert-base --student google/bert_uncased_L-4_H-256_A-4 --output runs/small --epochs 4 --learning-rate 1e-4",
            "beret distil reviews/ --unlabelled more-reviews.txt --teacher runs/big --student runs/mini --output runs/small --temperature 4",
            "beret distil --unlabelled tickets.jsonl --teacher runs/big --student runs/mini --output runs/small --alpha 1",
            "beret distil reviews/ --teacher runs/big --student runs/start --output runs/small --relations qq+kk+vv",
            "beret distil --output runs/small --resume")
        {
            data, teacher, student, unlabelled, output, validation, resume, overwrite, json,
        };
        verb.Details = "The loss is alpha · T² · KL(teacher ‖ student at temperature T) + (1 − alpha) · the labels' loss; of a text without a label the first part alone.\n"
            + "--relations adds the divergence of the student's attention from the teacher's, --hidden-states the difference of its states.";
        var table = new TableArguments(verb, splits: true);
        var run = new RunArguments(verb);
        settings.AddTo(verb);
        verb.Runs(
            async (arguments, cancellation) =>
            {
                var folder = arguments.GetValue(output) ?? throw new BeretException("--output is missing: name the folder that the student is to be written to, such as runs/small");
                var isResumed = arguments.GetValue(resume);
                if (isResumed && Trainer.IsFinished(folder))
                {
                    return TrainingRun.Finished(folder, terminal);
                }

                if (isResumed)
                {
                    arguments = RunArguments.Completed(arguments, folder, [.. table.All, validation]);
                }

                var (start, modelName, dataName) = isResumed ? Trainer.Interrupted(folder) : (new TrainingRecipe(), null, null);
                var before = isResumed ? Trainer.InterruptedTeacher(folder) : null;
                var teacherName = arguments.GetValue(teacher) ?? before?.Teacher ?? throw new BeretException("--teacher is missing: name the classifier to learn from, such as runs/big");
                modelName = arguments.GetValue(student) ?? modelName ?? throw new BeretException("--student is missing: name the encoder that is to learn, such as google/bert_uncased_L-4_H-256_A-4, or a folder");
                var unlabelledNames = arguments.GetValue(unlabelled) is { Length: > 0 } given ? given : before?.Unlabelled ?? [];
                dataName = Sources.Joined(arguments.GetValue(data)) ?? dataName ?? (unlabelledNames.Count > 0 ? "" : throw new BeretException("TEXTS is missing: name labelled texts, such as imdb, a table (.csv, .tsv, .jsonl) or a folder of class folders, or others by --unlabelled"));
                var (learner, known) = (await Sources.ResolveModelAsync(modelName, terminal, cancellation), await Sources.ResolveModelAsync(teacherName, terminal, cancellation));
                var options = table.In(arguments, ModelDescription.Read(known.Folder)?.Task);
                var (labelled, judged) = dataName.Length > 0
                    ? await Sources.LoadForTrainingAsync(dataName, arguments.GetValue(validation), options, terminal, cancellation)
                    : (new LabelledTexts([], [], string.Join(", ", unlabelledNames)), arguments.GetValue(validation) is { } other
                        ? Sources.Load(await Sources.OpenDataAsync(other, options, terminal, cancellation), DataSource.Train, terminal, cancellation) : null);
                var recipe = settings.Apply(arguments, start);
                table.CheckSplit(arguments, recipe);
                var job = new TrainingJob
                {
                    ModelFolder = learner.Folder,
                    ModelName = modelName,
                    Source = learner.Source,
                    Data = labelled,
                    Validation = judged,
                    DataName = dataName,
                    Teacher = new Teacher { Folder = known.Folder, Name = teacherName, Unlabelled = await Sources.OpenTextsAsync(unlabelledNames, terminal, cancellation), UnlabelledNames = unlabelledNames },
                    Output = folder,
                    Recipe = recipe,
                    Resume = isResumed,
                    Overwrite = arguments.GetValue(overwrite),
                    HasTensorBoard = run.HasTensorBoard(arguments),
                    Command = RunArguments.Command(arguments, settings.Contain),
                };
                if (repetition is not null)
                {
                    return repetition.Go(job, cancellation);
                }

                var again = $"beret distil --output {CommonOptions.Quote(folder)} --resume";
                return TrainingRun.Go(job, again, arguments.GetValue(json), terminal, cancellation);
            },
            endsByItself: true);
        return verb;
    }
}
