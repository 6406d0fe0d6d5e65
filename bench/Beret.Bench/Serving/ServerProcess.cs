using System.Diagnostics;
using System.Globalization;

namespace Beret.Bench.Serving;

/// <summary>A server as a process of its own.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process process;

    private ServerProcess(Process process) => this.process = process;

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="ready">An address that is answered with 200 when it is ready.</param>
    /// <param name="folder">The folder that it works in; null: this one.</param>
    /// <exception cref="IOException">It ended, or was not ready after a minute.</exception>
    public static async Task<ServerProcess> StartAsync(string program, IEnumerable<string> arguments, Uri ready, string? folder = null)
    {
        var server = new ServerProcess(Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder ?? "" })!);
        try
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromMinutes(1) && !server.process.HasExited; await Task.Delay(50).ConfigureAwait(false))
            {
                try
                {
                    using var response = await client.GetAsync(ready).ConfigureAwait(false);
                    if (response.IsSuccessStatusCode)
                    {
                        return server;
                    }
                }
                catch (HttpRequestException)
                {
                    // It does not listen yet.
                }
            }

            throw new IOException($"{program} {string.Join(' ', arguments)} was not ready within a minute");
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>The bytes that it holds.</summary>
    public long Resident
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>Tells it to end (SIGTERM), and gives its exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync().ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }
}
