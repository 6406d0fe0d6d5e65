using System.Globalization;
using Beret.Inference;
using Beret.Pipelines;
using Beret.Pretraining;
using Beret.Training;

namespace Beret.Cli;

/// <summary>Shows a run in stages: a heading for each, what each run shows by itself, and a line with what came of it.</summary>
internal sealed class StagedDisplay(Terminal terminal, bool quiet) : StagedCallbacks
{
    private readonly Progress progress = new(terminal);

    public override void Starting(TrainingStage stage, int number, int count, string folder)
    {
        if (!quiet)
        {
            terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"== stage {number} of {count}: {stage.Format()}, in {folder}"));
            terminal.Output.Flush();
        }
    }

    public override PretrainingCallbacks Pretraining(PretrainingJob job) => new PretrainingDisplay(terminal, quiet);

    public override TrainingCallbacks Training(TrainingJob job) => new TrainingDisplay(terminal, job, quiet);

    public override void Measuring(EvaluationProgress state) =>
        progress.Show(() => string.Create(CultureInfo.InvariantCulture, $"measuring: {state.Texts}/{state.AllTexts} texts"));

    public override void Finished(StageResult result)
    {
        progress.Clear();
        if (!quiet)
        {
            var accuracy = result.Accuracy is { } share ? string.Create(CultureInfo.InvariantCulture, $"accuracy {share:0.0000}, ") : "";
            terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"== {result.Stage.Format()}: {accuracy}loss {result.Loss:0.0000}\n"));
            terminal.Output.Flush();
        }
    }
}
