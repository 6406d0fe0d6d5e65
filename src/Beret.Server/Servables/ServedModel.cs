using Beret.Inference;
using Beret.Server.Operations;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Servables;

/// <summary>
/// The versions of one model: the latest that can be loaded is served, and those that have a label. A new one is loaded and warmed beside the old, then takes its place; the old one
/// goes when its last request has been answered. One that cannot be loaded is refused until its files change, and what is served stays.
/// </summary>
internal sealed class ServedModel(ModelLocation source, ClassifierOptions options, ILogger log)
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<long, VersionStatus> statuses = [];
    private readonly SortedDictionary<long, ModelVersion> served = [];

    // Of one thread: what the folders looked like at the last look, and those that were refused.
    private readonly Dictionary<long, string> seen = [];
    private readonly Dictionary<long, string> refused = [];
    private long? latest;

    public string Name => source.Name;

    /// <summary>The labels of versions.</summary>
    public IReadOnlyDictionary<string, long> Labels { get; } = source.VersionLabels ?? new Dictionary<string, long>();

    /// <summary>Whether requests can be answered.</summary>
    public bool IsReady
    {
        get
        {
            lock (gate)
            {
                return latest is not null;
            }
        }
    }

    /// <summary>How it stands with each version that is known, the latest first.</summary>
    public IReadOnlyList<VersionStatus> Statuses
    {
        get
        {
            lock (gate)
            {
                return [.. statuses.Values.Reverse()];
            }
        }
    }

    /// <summary>The version that is served where none is asked for; null before there is one.</summary>
    public long? Latest
    {
        get
        {
            lock (gate)
            {
                return latest;
            }
        }
    }

    /// <summary>Takes a lease on a version; null where it is not served.</summary>
    public ModelVersion? TryAcquire(long? number, string? label)
    {
        lock (gate)
        {
            if (label is not null)
            {
                number = Labels.TryGetValue(label, out var labelled) ? labelled : -1;
            }

            return (number ?? latest) is { } wanted && served.TryGetValue(wanted, out var version) && version.TryAcquire() ? version : null;
        }
    }

    /// <summary>Loads what is served from the start.</summary>
    /// <exception cref="BeretException">The latest version, or one with a label, cannot be loaded.</exception>
    public void LoadFirst()
    {
        var found = source.Versions();
        if (found.Count == 0)
        {
            throw new ServingException(ServingError.NotFound, $"{source.Folder} holds neither a model nor folders, named by numbers, with versions of one");
        }

        foreach (var (label, number) in Labels)
        {
            if (!found.ContainsKey(number))
            {
                throw new ServingException(ServingError.NotFound, $"the label {label} of model {Name} is for version {number}, which {source.Folder} does not have");
            }
        }

        foreach (var number in Labels.Values.Append(found.Keys.Last()).Distinct())
        {
            Load(number, found[number]);
        }

        Serve(found.Keys.Last());
    }

    /// <summary>Looks for new versions, and for those that are gone. For one thread.</summary>
    public void Look()
    {
        var found = source.Versions();
        if (found.Count == 0)
        {
            // A folder that is unreachable, or about to be filled anew, is no reason to stop serving.
            return;
        }

        foreach (var number in Labels.Values.Where(number => found.ContainsKey(number) && !IsServed(number)))
        {
            TryLoad(number, found[number]);
        }

        foreach (var (number, folder) in found.Reverse())
        {
            if (IsServed(number) || TryLoad(number, folder))
            {
                Serve(number);
                break;
            }
        }

        Forget(found);
    }

    /// <summary>Ends serving.</summary>
    /// <returns>Ends when everything has been given back.</returns>
    public Task Unload()
    {
        List<ModelVersion> ending;
        lock (gate)
        {
            ending = [.. served.Values];
            served.Clear();
            latest = null;
        }

        return Task.WhenAll(ending.Select(version =>
        {
            version.Release();
            return version.Unloaded;
        }));
    }

    private bool IsServed(long number)
    {
        lock (gate)
        {
            return served.ContainsKey(number);
        }
    }

    private bool TryLoad(long number, string folder)
    {
        var files = Fingerprint(folder);
        if (!seen.TryGetValue(number, out var before) || before != files)
        {
            // Perhaps it is still being written: at the next look it has to be as it is now.
            seen[number] = files;
            return false;
        }

        if (refused.TryGetValue(number, out var broken) && broken == files)
        {
            return false;
        }

        try
        {
            Load(number, folder);
            refused.Remove(number);
            return true;
        }
        catch (Exception error)
        {
            refused[number] = files;
            SetStatus(new VersionStatus(number, VersionState.End, error.Message));
            log.VersionRefused(Name, number, error.Message, Latest);
            return false;
        }
    }

    private void Load(long number, string folder)
    {
        SetStatus(new VersionStatus(number, VersionState.Loading));
        log.VersionLoading(Name, number, folder);
        var classifier = Classifier.Load(folder, options);
        var version = new ModelVersion(Name, number, classifier);
        try
        {
            version.WarmUp();
        }
        catch
        {
            version.Release();
            throw;
        }

        lock (gate)
        {
            served.Add(number, version);
            statuses[number] = new VersionStatus(number, VersionState.Available);
        }

        log.VersionLoaded(Name, number, classifier.Task, classifier.Labels.Count);
    }

    /// <summary>From now on a version is the one that is served where none is asked for; others that have no label go.</summary>
    private void Serve(long number)
    {
        List<ModelVersion> ending;
        lock (gate)
        {
            latest = number;
            ending = [.. served.Values.Where(version => version.Number != number && !Labels.Values.Contains(version.Number))];
            foreach (var version in ending)
            {
                served.Remove(version.Number);
                statuses[version.Number] = new VersionStatus(version.Number, VersionState.Unloading);
            }
        }

        foreach (var version in ending)
        {
            log.VersionReplaced(Name, version.Number, number);
            version.Release();
            version.Unloaded.ContinueWith(
                _ =>
                {
                    SetStatus(new VersionStatus(version.Number, VersionState.End));
                    log.VersionUnloaded(Name, version.Number);

                    // A server may not need memory for a long time, and would keep what a version leaves for as long.
                    GC.Collect();
                },
                TaskScheduler.Default);
        }
    }

    /// <summary>Forgets versions that have ended and whose folders are gone.</summary>
    private void Forget(SortedDictionary<long, string> found)
    {
        lock (gate)
        {
            foreach (var gone in statuses.Values.Where(status => status.State == VersionState.End && !found.ContainsKey(status.Number)).ToList())
            {
                statuses.Remove(gone.Number);
                refused.Remove(gone.Number);
                seen.Remove(gone.Number);
            }
        }
    }

    private void SetStatus(VersionStatus status)
    {
        lock (gate)
        {
            statuses[status.Number] = status;
        }
    }

    /// <summary>What can be seen of a folder without reading it.</summary>
    private static string Fingerprint(string folder) => string.Join('\n', new DirectoryInfo(folder)
        .EnumerateFiles("*", SearchOption.AllDirectories)
        .OrderBy(file => file.FullName, StringComparer.Ordinal)
        .Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}"));
}
