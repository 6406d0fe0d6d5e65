using System.Net.Sockets;
using System.Reflection;
using Beret.Server.Operations;
using Beret.Server.Protocols;
using Beret.Server.Scheduling;
using Beret.Server.Servables;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Beret.Server.Hosting;

/// <summary>A server of text classifiers.</summary>
/// <example>
/// <code>
/// await using var server = await BeretServer.StartAsync(new ServerSettings { Models = [ModelLocation.Parse("imdb=runs/imdb")] });
/// await server.Ready;
/// </code>
/// </example>
public sealed class BeretServer : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly ModelStore models;
    private readonly ServerMetrics metrics;
    private readonly MeterProvider exporter;
    private readonly ILogger log;
    private readonly TimeSpan drainTimeout;
    private readonly CancellationTokenSource stopping = new();
    private bool isDisposed;

    private BeretServer(WebApplication application, ModelStore models, Scheduler scheduler, ServerMetrics metrics, MeterProvider exporter, ILogger log, TimeSpan drainTimeout)
    {
        this.application = application;
        this.models = models;
        Scheduler = scheduler;
        this.metrics = metrics;
        this.exporter = exporter;
        this.log = log;
        this.drainTimeout = drainTimeout;
    }

    /// <summary>Where it listens, with the port that it was given.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Where it listens for gRPC; null where it does not.</summary>
    public Uri? GrpcAddress { get; private set; }

    /// <summary>Ends when every model answers; fails where one cannot be loaded.</summary>
    public Task Ready { get; private set; } = Task.CompletedTask;

    /// <summary>What computes.</summary>
    internal Scheduler Scheduler { get; }

    /// <summary>Starts a server. It listens at once, and says that it is not ready until the models are loaded.</summary>
    /// <exception cref="BeretException">A setting is not as it has to be, or the address cannot be listened on.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Task<BeretServer> StartAsync(ServerSettings settings, CancellationToken cancellation = default) => StartAsync(settings, isStepped: false, cancellation);

    /// <param name="settings">What is served, and where.</param>
    /// <param name="isStepped">Whether the caller computes each batch himself (<see cref="Scheduling.Scheduler.RunNext"/>).</param>
    /// <param name="cancellation">Stops the start.</param>
    internal static async Task<BeretServer> StartAsync(ServerSettings settings, bool isStepped, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var clock = TimeProvider.System;
        ILogger log = settings.Log is { } writer ? new LineLog(writer, settings.IsLogJson, clock) : NullLogger.Instance;
        var hosts = new AllowedHosts(settings.AllowedHosts, Listening.IsLoopback(settings.Host));
        var keys = settings.ApiKeys is { } file ? ApiKeys.Read(file) : null;
        var certificate = Listening.Certificate(settings);
        if (keys is null && !Listening.IsLoopback(settings.Host))
        {
            log.Unprotected(settings.Host);
        }

        var models = new ModelStore(settings.Models, settings.Classifier, settings.Poll, log);
        var metrics = new ServerMetrics();
        var scheduler = new Scheduler(new SchedulerSettings(settings.BatchTokens, settings.QueueTokens, settings.Timeout), clock, metrics, isStepped);
        metrics.ObserveModels(() => models.Models.Where(model => model.IsReady).Select(model => (model.Name, model.Latest ?? 0)));
        var limits = new ServingLimits(settings.MostTexts, settings.MostCharacters, settings.Timeout);
        var services = new ProtocolServices(
            models,
            new ClassificationService(scheduler, limits, clock, metrics, log),
            new ServerInformation(ProgramVersion, settings.MostBytes, settings.MostTexts, settings.BatchTokens, settings.MostRequests),
            metrics,
            clock,
            log);

        // Nothing of the environment or of files that lie about configures this server: its settings do.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Listening.Configure(kestrel, settings, certificate));
        var calls = new GrpcCalls(services);
        builder.Services.AddRoutingCore().AddRequestDecompression().AddSingleton(calls);
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = (int)Math.Min(settings.MostBytes, int.MaxValue));
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = settings.DrainTimeout);
        var application = builder.Build();
        var exporter = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService("beret", serviceVersion: ProgramVersion))
            .AddMeter(ServerMetrics.MeterName)
            .AddPrometheusExporter(options => options.ScrapeResponseCacheDurationMilliseconds = 0)
            .Build();
        var server = new BeretServer(application, models, scheduler, metrics, exporter, log, settings.DrainTimeout);
        var operations = new OperationsProtocol(services, () => server.stopping.IsCancellationRequested);
        new RequestPipeline(hosts, keys, settings.MostRequests, clock, log, operations, calls).AddTo(application);
        application.UseRequestDecompression();
        application.UseOpenTelemetryPrometheusScrapingEndpoint(exporter, null, "/metrics", null, null);
        Routes.AddTo(application, services, operations);
        await server.ListenAsync(settings, cancellation).ConfigureAwait(false);
        server.Ready = server.LoadAsync();
        return server;
    }

    /// <summary>Makes an API key.</summary>
    /// <param name="name">Whose it is; it stands in the log and takes turns with others.</param>
    /// <returns>The key, for the client alone, and the line for <see cref="ServerSettings.ApiKeys"/>, which does not tell it.</returns>
    /// <exception cref="ServingException">The name has a space in it, or is empty.</exception>
    public static (string Key, string Line) CreateApiKey(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ApiKeys.Create(name);
    }

    /// <summary>Ends: no new request is taken, those that were are answered, and what the models hold is given back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        log.Stopping(Scheduler.Waiting.Texts);
        await stopping.CancelAsync().ConfigureAwait(false);
        using (var patience = new CancellationTokenSource(drainTimeout))
        {
            await application.StopAsync(patience.Token).ConfigureAwait(false);
        }

        await application.DisposeAsync().ConfigureAwait(false);
        Scheduler.Dispose();
        await models.DisposeAsync().ConfigureAwait(false);
        exporter.Dispose();
        metrics.Dispose();
        stopping.Dispose();
        log.Stopped();
    }

    private static string ProgramVersion => typeof(BeretServer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private async Task LoadAsync()
    {
        await models.LoadAsync().ConfigureAwait(false);
        log.Ready();
    }

    private async Task ListenAsync(ServerSettings settings, CancellationToken cancellation)
    {
        try
        {
            await application.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            await DisposeAsync().ConfigureAwait(false);
            if (error is IOException or SocketException)
            {
                var ports = settings.GrpcPort is { } port ? $"ports {settings.Port} and {port}" : $"port {settings.Port}";
                throw new ServingException(ServingError.Unavailable, $"{ports} of {settings.Host} cannot be listened on: {error.Message}", error);
            }

            throw;
        }

        Uri[] addresses = [.. application.Urls.Select(url => new Uri(url.Replace("[::]", "localhost", StringComparison.Ordinal)))];
        Address = addresses[0];
        log.Listening(Address);
        if (settings.GrpcPort is not null)
        {
            GrpcAddress = addresses[1];
            log.ListeningForGrpc(addresses[1]);
        }
    }
}
