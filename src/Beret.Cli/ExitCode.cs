namespace Beret.Cli;

/// <summary>What the process says with its exit code.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>A check failed: the program worked, and the answer is no.</summary>
    public const int FailedCheck = 1;

    /// <summary>The command line, a file or the environment is not as it has to be.</summary>
    public const int BadInput = 2;

    /// <summary>Ended by a signal (Ctrl-C).</summary>
    public const int Interrupted = 130;
}
