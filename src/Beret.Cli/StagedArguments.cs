using System.CommandLine;
using System.Globalization;
using Beret.Data;
using Beret.Pipelines;
using Beret.Training;

namespace Beret.Cli;

/// <summary>What a run in stages is given beside the options of a plain one.</summary>
/// <param name="Data">The labelled texts; null where the interrupted run's are meant.</param>
/// <param name="Model">The encoder; null where the interrupted run's is meant.</param>
/// <param name="Validation">Labelled texts to judge on, or null.</param>
/// <param name="Output">The folder.</param>
/// <param name="Resume">Whether a run goes on.</param>
/// <param name="Overwrite">Whether a run is replaced.</param>
/// <param name="IsJson">Whether the outcome is to be JSON.</param>
/// <param name="HasTensorBoard">Whether TensorBoard's files are wanted.</param>
internal sealed record StagedRequest(string? Data, string? Model, string? Validation, string Output, bool Resume, bool Overwrite, bool IsJson, bool HasTensorBoard);

/// <summary>The options of <c>beret train</c> for training in stages, and what it does with them.</summary>
internal sealed class StagedArguments
{
    private readonly Option<string?> stages = new("--stages")
    {
        Description = $"Train in stages, some of {TrainingStages.All}, each in a folder of its own and held to a gate", HelpName = "STAGES",
    };

    private readonly Option<string> student = CommonOptions.PathOption("--student", "With the stage distil: the encoder that learns from the classifier", "MODEL");

    private readonly Option<string[]> unlabelled = new("--unlabelled")
    {
        Description = "With the stages pretrain and distil: more texts, without labels; may be given several times", HelpName = "TEXTS",
    };

    private readonly Option<double?> maxDrop = new("--max-drop")
    {
        Description = "With stages: the points of accuracy (of 100) that a stage may lose; if it loses more, the exit code is 1 [default: distil 2, quantize 0.5]", HelpName = "POINTS",
    };

    private readonly Option<string[]> set = new("--set")
    {
        Description = "With stages: a setting of one of them, such as pretrain.steps=2000, distil.epochs=8 or quantize.max-drop=1; may be given several times", HelpName = "STAGE.NAME=VALUE",
    };

    /// <summary>Adds the options to a verb.</summary>
    public StagedArguments(Command verb)
    {
        maxDrop.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var points) || !(points >= 0)))
            {
                result.AddError($"--max-drop is '{token.Value}', not a number of points from 0 up");
            }
        });
        foreach (var option in (Option[])[stages, student, unlabelled, maxDrop, set])
        {
            verb.Add(option);
        }
    }

    /// <summary>Whether a run in stages is meant: one that begins, or one that goes on.</summary>
    /// <exception cref="BeretException">Options of stages are given, and none is.</exception>
    public bool AreMeant(ParseResult arguments, string? folder, bool isResumed)
    {
        if (arguments.GetValue(stages) is not null || (isResumed && folder is not null && StagedState.IsIn(folder)))
        {
            return true;
        }

        return Array.Find<Option>([student, unlabelled, maxDrop, set], option => arguments.GetResult(option) is not null) is { } given
            ? throw new BeretException($"{given.Name} says something of a run in stages: add --stages, such as --stages {TrainingStages.All}")
            : false;
    }

    /// <summary>What the command line asks for.</summary>
    public async Task<StagedJob> JobAsync(
        ParseResult arguments, StagedRequest request, RecipeSettings settings, TableArguments table, Terminal terminal, CancellationToken cancellation)
    {
        var before = request.Resume ? StagedState.Read(request.Output) : null;
        var recipe = Recipe(arguments, before?.Recipe, settings);
        var modelName = request.Model ?? before?.Model ?? throw new BeretException("--model is missing: name the encoder to fine-tune, such as beret/mini, or a folder");
        var dataName = request.Data ?? before?.Data ?? throw new BeretException("DATA is missing: name the labelled texts, such as imdb, a table (.csv, .tsv, .jsonl), a folder of class folders, or an archive of one");
        var studentName = arguments.GetValue(student) ?? before?.Student;
        var names = arguments.GetValue(unlabelled) is { Length: > 0 } given ? given : before?.Unlabelled ?? [];
        var (data, validation) = await Sources.LoadForTrainingAsync(dataName, request.Validation, table.In(arguments, recipe.FineTuning.Task), terminal, cancellation);
        return new StagedJob
        {
            Model = await Sources.ResolveModelAsync(modelName, terminal, cancellation),
            Student = studentName is null ? null : await Sources.ResolveModelAsync(studentName, terminal, cancellation),
            Data = data,
            DataName = dataName,
            Validation = validation,
            Unlabelled = await Sources.OpenTextsAsync(names, terminal, cancellation),
            UnlabelledNames = names,
            Output = request.Output,
            Recipe = recipe,
            Resume = request.Resume,
            Overwrite = request.Overwrite,
            HasTensorBoard = request.HasTensorBoard,
            Command = RunArguments.Command(arguments, settings.Contain),
        };
    }

    /// <summary>Trains in stages, shows it, and gives the exit code.</summary>
    public async Task<int> RunAsync(
        ParseResult arguments, StagedRequest request, RecipeSettings settings, TableArguments table, Terminal terminal, CancellationToken cancellation)
    {
        var job = await JobAsync(arguments, request, settings, table, terminal, cancellation);
        var summary = new StagedTrainer(job, new StagedDisplay(terminal, quiet: request.IsJson)).Run(cancellation);
        var again = $"beret train --output {CommonOptions.Quote(request.Output)} --resume";
        terminal.Output.Write(request.IsJson ? JsonText.Indented(summary.WriteJson) + "\n" : Lines(summary));
        if (summary.IsInterrupted)
        {
            terminal.Say($"interrupted, all saved; go on with: {again}");
            return ExitCode.Interrupted;
        }

        if (summary.Failure is { } failure)
        {
            terminal.Say($"{failure}. {(summary.Kept is { } kept
                ? $"The model before it, {kept}, is kept; with a larger --max-drop go on with: {again}"
                : "No classifier is kept; begin anew with other settings (--overwrite)")}");
            return ExitCode.FailedCheck;
        }

        return ExitCode.Ok;
    }

    /// <summary>The options of a plain run go for fine-tuning and distillation; what pre-training has under the same name and with the same meaning is the same there.</summary>
    private StagedRecipe Recipe(ParseResult arguments, StagedRecipe? before, RecipeSettings settings)
    {
        var recipe = before ?? new StagedRecipe();
        recipe = recipe with
        {
            Stages = arguments.GetValue(stages) is { } words ? TrainingStages.Parse(words) : recipe.Stages,
            Chunks = settings.Apply(arguments, recipe.Chunks) with { Epochs = recipe.Chunks.Epochs },
            FineTuning = settings.Apply(arguments, recipe.FineTuning),
            Distillation = settings.Apply(arguments, recipe.Distillation),
        };
        var own = recipe.FineTuning;
        recipe = recipe with
        {
            Pretraining = before is null
                ? recipe.Pretraining with
                {
                    // What auto means for classifying is not known yet, and does not bind pre-training.
                    MaxLength = own.MaxLength == TrainingRecipe.AutoLength ? recipe.Pretraining.MaxLength : own.MaxLength,
                    Precision = own.Precision,
                    Seed = own.Seed,
                    Threads = own.Threads,
                }
                : recipe.Pretraining with { Threads = own.Threads },
        };
        if (arguments.GetValue(maxDrop) is { } points)
        {
            recipe = recipe with { DistilMaxDrop = points, QuantizeMaxDrop = points };
        }

        return (arguments.GetValue(set) ?? []).Aggregate(recipe, (changed, assignment) => changed.Set(assignment));
    }

    private static string Lines(StagedSummary summary) => summary is { IsInterrupted: false, Failure: null, Kept: { } kept }
        ? $"\n{summary.ToTable()}\nThe model is {kept}\nTry it: echo \"this is such an amazing movie!\" | beret predict {CommonOptions.Quote(kept)}\n"
        : summary.Results.Count > 0 ? $"\n{summary.ToTable()}" : "";

}
