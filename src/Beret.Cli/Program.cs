using System.Runtime.InteropServices;
using Beret.Cli;

using var interrupted = new CancellationTokenSource();

// The first signal asks the verb to end; a second one, while it does, ends the process as the system does.
void Stop(PosixSignalContext context)
{
    if (!interrupted.IsCancellationRequested)
    {
        context.Cancel = true;
        interrupted.Cancel();
    }
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await BeretCommand.RunAsync(args, Terminal.OfProcess(), interrupted.Token);
