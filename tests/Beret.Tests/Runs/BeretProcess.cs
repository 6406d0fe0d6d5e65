using System.Diagnostics;
using Beret.Tests.Cli;

namespace Beret.Tests.Runs;

/// <summary>The command in a process of its own, which can be killed.</summary>
internal sealed class BeretProcess : IDisposable
{
    private readonly Process process;
    private readonly Task<string> output;
    private readonly Task<string> error;

    private BeretProcess(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = start.RedirectStandardInput = true;
        process = Process.Start(start)!;
        process.StandardInput.Close();
        (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    }

    public static string Program => Path.Combine(AppContext.BaseDirectory, "Beret.Cli.dll");

    public bool HasEnded => process.HasExited;

    public static BeretProcess Start(params string[] arguments) => new(new ProcessStartInfo("dotnet", [Program, .. arguments]));

    /// <summary>With variables of the environment.</summary>
    public static BeretProcess With((string Name, string Value) variable, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments]);
        start.Environment[variable.Name] = variable.Value;
        return new BeretProcess(start);
    }

    /// <summary>Behind commands of a shell, such as limits, or as another user's.</summary>
    /// <param name="shell">Ends with what takes the program and its arguments: <c>exec "$@"</c>.</param>
    /// <param name="arguments">The command's.</param>
    public static BeretProcess Under(string shell, params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", ["-c", shell, "bash", "dotnet", Program, .. arguments]);

        // A limit on the size of files would hit the memory of compiled code, which .NET otherwise maps twice, as a file.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        return new BeretProcess(start);
    }

    /// <summary>Ends it as SIGKILL does: it learns nothing of it.</summary>
    public void Kill() => process.Kill();

    public async Task<CommandRun> Ends()
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CommandRun(process.ExitCode, await output, await error);
    }

    /// <summary>Waits until something is so, or the process has ended.</summary>
    public async Task Until(Func<bool> isSo)
    {
        while (!process.HasExited && !isSo())
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The same without a pause, for what is true for less than a millisecond.</summary>
    public void AsSoonAs(Func<bool> isSo)
    {
        while (!process.HasExited && !isSo())
        {
            Thread.SpinWait(20);
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }
}
