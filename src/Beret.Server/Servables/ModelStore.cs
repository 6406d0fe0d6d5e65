using Beret.Inference;
using Beret.Server.Operations;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Servables;

/// <summary>The models that are served, by name.</summary>
internal sealed class ModelStore : IAsyncDisposable
{
    private readonly TimeSpan poll;
    private readonly ILogger log;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? keeper;

    /// <param name="sources">The models; the first is the one that is asked where a request names none.</param>
    /// <param name="options">How they are loaded.</param>
    /// <param name="poll">The time between two looks for new versions.</param>
    /// <param name="log">Told of every version that comes and goes.</param>
    /// <exception cref="ServingException">There is no model, or two have the same name.</exception>
    public ModelStore(IReadOnlyList<ModelLocation> sources, ClassifierOptions options, TimeSpan poll, ILogger log)
    {
        if (sources.Count == 0)
        {
            throw ServingException.Invalid("there is no model to serve");
        }

        if (sources.GroupBy(source => source.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw ServingException.Invalid($"two models are called '{twice.Key}': give each a name of its own by name=folder");
        }

        Models = [.. sources.Select(source => new ServedModel(source, options, log))];
        (this.poll, this.log) = (poll, log);
    }

    /// <summary>All models, in the order in which they were given.</summary>
    public IReadOnlyList<ServedModel> Models { get; }

    /// <summary>Whether every model answers.</summary>
    public bool IsReady => Models.All(model => model.IsReady);

    /// <summary>The model of a name, the first for none; null where there is none of that name.</summary>
    public ServedModel? Find(string? name) => name is null ? Models[0] : Models.FirstOrDefault(model => model.Name == name);

    /// <summary>Takes a lease on what a request wants, to be given back (<see cref="ModelVersion.Release"/>).</summary>
    /// <exception cref="ServingException">It is not served, or not yet.</exception>
    public ModelVersion Acquire(ModelSpec spec)
    {
        if (Find(spec.Name) is not { } model)
        {
            throw ServingException.NotFound($"there is no model '{spec.Name}': served are {string.Join(", ", Models.Select(one => one.Name))}");
        }

        spec = spec with { Name = model.Name };
        return Acquire(model, spec) ?? throw ServingException.NotFound(
            $"{spec} is not served: there are {string.Join(", ", model.Statuses.Select(status => $"version {status.Number} ({status.State.ToString().ToLowerInvariant()})"))}");
    }

    /// <summary>Takes a lease on a version of a model; null where it is not served.</summary>
    /// <exception cref="ServingException">The model is not ready.</exception>
    public static ModelVersion? Acquire(ServedModel model, ModelSpec spec) => model.TryAcquire(spec.Version, spec.Label)
        ?? (model.IsReady ? null : throw new ServingException(ServingError.Unavailable, $"model '{model.Name}' is still being loaded, or the server is stopping") { RetryAfter = TimeSpan.FromSeconds(1) });

    /// <summary>
    /// Loads all models, and looks for new versions from then on, all in one thread of its own: what the system keeps of a thread's memory when weights go is there when others come.
    /// </summary>
    /// <returns>Ends when all models answer; fails where one cannot be loaded.</returns>
    public Task LoadAsync()
    {
        keeper = new Thread(Keep) { IsBackground = true, Name = "beret models" };
        keeper.Start();
        return loaded.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        keeper?.Join();
        await Task.WhenAll(Models.Select(model => model.Unload())).ConfigureAwait(false);
        stop.Dispose();
    }

    private void Keep()
    {
        try
        {
            foreach (var model in Models)
            {
                stop.Token.ThrowIfCancellationRequested();
                model.LoadFirst();
            }
        }
        catch (OperationCanceledException)
        {
            loaded.SetCanceled(stop.Token);
            return;
        }
        catch (Exception error)
        {
            loaded.SetException(error);
            return;
        }

        loaded.SetResult();
        while (!stop.Token.WaitHandle.WaitOne(poll))
        {
            foreach (var model in Models)
            {
                Look(model);
            }
        }
    }

    private void Look(ServedModel model)
    {
        try
        {
            model.Look();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.FolderUnreadable(model.Name, error.Message);
        }
    }
}
