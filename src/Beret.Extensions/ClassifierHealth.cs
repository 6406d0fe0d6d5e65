using Beret.Inference;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Beret.Extensions;

/// <summary>Whether a classifier is there and answers, with finite numbers.</summary>
internal sealed class ClassifierHealth(Func<Classifier> classifier) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.Run(() => Check(context), cancellationToken);

    private HealthCheckResult Check(HealthCheckContext context)
    {
        try
        {
            var model = classifier();
            return model.Predict("a short text").Logits.All(float.IsFinite)
                ? HealthCheckResult.Healthy($"{model.Description.Task} model, labels {string.Join(", ", model.Labels.Take(10))}")
                : new HealthCheckResult(context.Registration.FailureStatus, "the model's answers are no finite numbers");
        }
        catch (Exception error) when (error is BeretException or ObjectDisposedException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, error.Message, error);
        }
    }
}
