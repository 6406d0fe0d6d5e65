using System.Diagnostics;
using System.Globalization;

namespace Beret.Cli;

/// <summary>
/// How far something is, on standard error: one live line where a person watches, otherwise a plain line now and then.
/// </summary>
internal sealed class Progress(Terminal terminal)
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private TimeSpan next = terminal.IsErrorWatched ? TimeSpan.Zero : PlainInterval;
    private int shown;

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => clock.Elapsed;

    /// <summary>Shows the text, unless one was shown a moment ago.</summary>
    public void Show(Func<string> text)
    {
        if (clock.Elapsed < next)
        {
            return;
        }

        next = clock.Elapsed + (terminal.IsErrorWatched ? LiveInterval : PlainInterval);
        var line = text();
        if (terminal.IsErrorWatched)
        {
            // A line that wraps could not be taken back.
            line = line.Length < terminal.ErrorWidth() ? line : line[..Math.Max(0, terminal.ErrorWidth() - 1)];
            terminal.Error.Write($"\r{line.PadRight(shown)}");
            shown = line.Length;
        }
        else
        {
            terminal.Error.WriteLine(line);
        }
    }

    /// <summary>Takes the live line away.</summary>
    public void Clear()
    {
        if (shown > 0)
        {
            terminal.Error.Write($"\r{new string(' ', shown)}\r");
            shown = 0;
        }
    }

    /// <summary>An observer that calls on the thread that reports, in order.</summary>
    public static IProgress<T> Of<T>(Action<T> report) => new Direct<T>(report);

    /// <summary>A span of time as "1:02:03" or "2:03".</summary>
    public static string Time(TimeSpan time) =>
        time.TotalHours >= 1 ? time.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture) : time.ToString(@"m\:ss", CultureInfo.InvariantCulture);

    private sealed class Direct<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
