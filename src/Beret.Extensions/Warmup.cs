using Beret.Inference;
using Microsoft.Extensions.Hosting;

namespace Beret.Extensions;

/// <summary>Loads a classifier while the host starts, and has it answer once: the kernels are compiled, and what is wrong with the model ends the start with its message.</summary>
internal sealed class Warmup(Func<Classifier> classifier) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.Run(() => classifier().Predict("a first text, and not a short one, so that all that is needed later is there"), cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
