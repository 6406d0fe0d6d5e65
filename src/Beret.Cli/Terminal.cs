using System.Text;

namespace Beret.Cli;

/// <summary>Where a command reads and writes: results to <see cref="Output"/>, everything else to <see cref="Error"/>.</summary>
internal sealed class Terminal
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Results.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Messages and progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Opens the input; only a verb that reads it does.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Whether a person watches <see cref="Error"/>: then progress is one live line.</summary>
    public bool IsErrorWatched { get; init; }

    /// <summary>The columns of the terminal behind <see cref="Error"/>.</summary>
    public Func<int> ErrorWidth { get; init; } = () => 80;

    /// <summary>Whether <see cref="Output"/> is a terminal that may be coloured: NO_COLOR is not set.</summary>
    public bool HasColor { get; init; }

    /// <summary>Whether a person would have to type the input.</summary>
    public bool IsInputTyped { get; init; }

    /// <summary>The process's own input and output.</summary>
    public static Terminal OfProcess()
    {
        if (OperatingSystem.IsWindows())
        {
            Console.OutputEncoding = Utf8;
        }

        return new Terminal
        {
            Output = new StreamWriter(StandardOutput.Open(), Utf8, bufferSize: 1 << 14) { NewLine = "\n", AutoFlush = !Console.IsOutputRedirected },
            Error = Console.Error,
            OpenInput = () => new InterruptibleStream(Console.OpenStandardInput()),
            IsErrorWatched = !Console.IsErrorRedirected,
            ErrorWidth = () => Console.WindowWidth is > 0 and var width ? width : 80,
            HasColor = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
            IsInputTyped = !Console.IsInputRedirected,
        };
    }

    /// <summary>The text in red where there is colour.</summary>
    public string Red(string text) => HasColor ? $"\u001b[31m{text}\u001b[0m" : text;

    /// <summary>A message for the person: a line on <see cref="Error"/>.</summary>
    public void Say(string message) => Error.WriteLine($"beret: {message}");
}
