using Beret.Extensions;
using Beret.Inference;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Beret.Tests.Extensions;

public sealed class BeretServicesTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task A_classifier_is_loaded_with_the_host_shared_by_all_and_healthy()
    {
        var folder = TinyModel.Write(temporary["model"]);
        await using var provider = Services(services => services.AddBeret(folder, new ClassifierOptions { Threads = 1 }));
        foreach (var hosted in provider.GetServices<IHostedService>())
        {
            await hosted.StartAsync(Cancellation);
        }

        var classifier = provider.GetRequiredService<Classifier>();
        Assert.Same(classifier, provider.GetRequiredService<Classifier>());
        var alone = classifier.Predict("great").Score;
        await Parallel.ForAsync(0, 200, Cancellation, (_, _) =>
        {
            Assert.Equal(alone, classifier.Predict("great").Score);
            return ValueTask.CompletedTask;
        });

        var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);
        Assert.Equal(HealthStatus.Healthy, report.Status);
        Assert.Equal("binary model, labels neg, pos", report.Entries["beret"].Description);
        Assert.Contains("ready", report.Entries["beret"].Tags);
    }

    [Fact]
    public async Task Several_have_keys()
    {
        var (one, other) = (TinyModel.Write(temporary["one"]), TinyModel.Write(temporary["other"], TinyModel.MultiClass));
        await using var provider = Services(services => services.AddKeyedBeret("mood", one).AddKeyedBeret("colour", other));
        Assert.Equal(["neg", "pos"], provider.GetRequiredKeyedService<Classifier>("mood").Labels);
        Assert.Equal(["red", "green", "blue"], provider.GetRequiredKeyedService<Classifier>("colour").Labels);
        var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);
        Assert.Equal(["beret-colour", "beret-mood"], report.Entries.Keys.Order());
    }

    [Fact]
    public async Task A_model_that_is_not_there_ends_the_start_and_is_unhealthy()
    {
        await using var provider = Services(services => services.AddBeret(temporary["none"]));
        await Assert.ThrowsAnyAsync<BeretException>(() => provider.GetServices<IHostedService>().OfType<Warmup>().Single().StartAsync(Cancellation));
        var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Contains("none", report.Entries["beret"].Description);
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddBeret(""));
    }

    [Fact]
    public async Task Embeddings_are_a_service_too()
    {
        await using var provider = Services(services => services.AddBeretEmbeddings("beret/mini"));
        var vector = await provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync("great", cancellationToken: Cancellation);
        Assert.Equal(256, vector.Vector.Length);
    }

    private static ServiceProvider Services(Action<IServiceCollection> add)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        add(services);
        return services.BuildServiceProvider();
    }
}
