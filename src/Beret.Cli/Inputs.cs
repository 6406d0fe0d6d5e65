namespace Beret.Cli;

/// <summary>A file of lines, or standard input.</summary>
internal static class Inputs
{
    public const string StandardInput = "-";

    /// <summary>Opens the file; null or "-" is standard input.</summary>
    public static Stream Open(string? path, Terminal terminal)
    {
        if (path is null or StandardInput)
        {
            if (terminal.IsInputTyped)
            {
                terminal.Say("reading standard input, one text on each line");
            }

            return terminal.OpenInput();
        }

        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BeretException($"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>What messages call it.</summary>
    public static string NameOf(string? path) => path is null or StandardInput ? "standard input" : path;
}
