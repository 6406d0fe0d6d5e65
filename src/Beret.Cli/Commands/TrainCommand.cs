using System.CommandLine;

namespace Beret.Cli.Commands;

/// <summary><c>beret train</c>: fine-tunes an encoder on labelled texts.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal)
    {
        var verb = new Verb(
            "train",
            "Fine-tune an encoder on labelled texts.",
            "beret train imdb --model all-MiniLM-L6-v2 --output runs/imdb",
            "beret train reviews.tar.gz --model models/minilm --output runs/reviews --epochs 3",
            "beret train --resume runs/imdb");
        verb.Runs((_, _) => throw new BeretException("train is not part of this build"), endsByItself: true);
        return verb;
    }
}
