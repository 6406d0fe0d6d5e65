using Beret.Inference;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Beret.Extensions;

/// <summary>Beret's classifiers and encoders as services of an application.</summary>
public static class BeretServices
{
    /// <summary>
    /// Adds a <see cref="Classifier"/> that all share, loaded and warmed while the host starts, so that the first request is as fast as any; and a health check, <c>beret</c>, that is
    /// unhealthy until then and whenever the model does not answer.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="model">The model: a run's folder, or another that <see cref="Classifier.Load"/> takes.</param>
    /// <param name="options">Threads, and what is to differ from the folder; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static IServiceCollection AddBeret(this IServiceCollection services, string model, ClassifierOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(model);
        services.AddSingleton(_ => Classifier.Load(model, options));
        services.AddSingleton<IHostedService>(provider => new Warmup(provider.GetRequiredService<Classifier>));
        services.AddHealthChecks().Add(new HealthCheckRegistration("beret", provider => new ClassifierHealth(provider.GetRequiredService<Classifier>), HealthStatus.Unhealthy, ["ready"]));
        return services;
    }

    /// <summary>Adds one of several classifiers, under a key: <c>[FromKeyedServices("tickets")] Classifier classifier</c>. Its health check is <c>beret-KEY</c>.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="key">The key.</param>
    /// <param name="model">The model: a run's folder, or another that <see cref="Classifier.Load"/> takes.</param>
    /// <param name="options">Threads, and what is to differ from the folder; null for the defaults.</param>
    /// <exception cref="ArgumentException">The key or the name is empty.</exception>
    public static IServiceCollection AddKeyedBeret(this IServiceCollection services, string key, string model, ClassifierOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentException.ThrowIfNullOrEmpty(model);
        services.AddKeyedSingleton(key, (_, _) => Classifier.Load(model, options));
        services.AddSingleton<IHostedService>(provider => new Warmup(() => provider.GetRequiredKeyedService<Classifier>(key)));
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            $"beret-{key}", provider => new ClassifierHealth(() => provider.GetRequiredKeyedService<Classifier>(key)), HealthStatus.Unhealthy, ["ready"]));
        return services;
    }

    /// <summary>Adds an encoder as the application's <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>, loaded when it is first asked for.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="encoder">A name such as all-MiniLM-L6-v2, or a folder.</param>
    /// <param name="options">How it is loaded; null for the defaults of <see cref="EncoderEmbeddings.Load"/>.</param>
    /// <param name="pooling">What of the token vectors is taken.</param>
    /// <param name="isNormalized">Whether vectors have length 1.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static IServiceCollection AddBeretEmbeddings(
        this IServiceCollection services, string encoder, EncoderOptions? options = null, EmbeddingPooling pooling = EmbeddingPooling.Mean, bool isNormalized = true)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(encoder);
        return services.AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(_ => EncoderEmbeddings.Load(encoder, options, pooling, isNormalized));
    }
}
