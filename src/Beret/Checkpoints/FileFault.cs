namespace Beret.Checkpoints;

/// <summary>What goes wrong with files from outside: a full disk, no permission, a folder that is gone.</summary>
internal static class FileFault
{
    /// <summary>
    /// Whether an exception tells of such. .NET says that a file is larger than the file system, or a limit of the process, allows as if an argument were wrong.
    /// </summary>
    public static bool Is(Exception error) => error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>What it says to a person.</summary>
    public static string Say(Exception error) => error is ArgumentOutOfRangeException ? "the file would be larger than the file system, or a limit on the size of files, allows" : error.Message;
}
