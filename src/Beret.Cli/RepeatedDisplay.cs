using System.Globalization;
using Beret.Pipelines;
using Beret.Training;

namespace Beret.Cli;

/// <summary>Shows several runs: a heading for each, what each shows by itself, and a line with what came of it.</summary>
internal sealed class RepeatedDisplay(Terminal terminal, bool quiet) : RepeatedCallbacks
{
    private TrainingDisplay? run;

    public override void Starting(string name, int number, int count, string folder) =>
        Say(string.Create(CultureInfo.InvariantCulture, $"== run {number} of {count}: {name.Replace('-', ' ')}, in {folder}"));

    public override TrainingCallbacks Training(TrainingJob job) => run = new TrainingDisplay(terminal, job, quiet);

    public override void Finished(RepeatedResult result)
    {
        run?.Clear();
        Say($"== {result.Name.Replace('-', ' ')}: {string.Join(", ", result.Figures.Take(2).Select(figure => string.Create(CultureInfo.InvariantCulture, $"{figure.Name} {figure.Value:0.0000}")))}\n");
    }

    private void Say(string line)
    {
        if (!quiet)
        {
            terminal.Output.WriteLine(line);
            terminal.Output.Flush();
        }
    }
}
