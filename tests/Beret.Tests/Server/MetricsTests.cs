using System.Globalization;
using System.Net;
using Beret.Server.Servables;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Server;

/// <summary>/metrics, as Prometheus reads it.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task WhatHappenedIsCounted()
    {
        var temporary = new TemporaryFolder();
        TinyModel.Write(Path.Combine(temporary.Path, "counted"));
        await using var server = await RunningServer.StartAsync(temporary, settings => settings with { Models = [ModelLocation.Parse(Path.Combine(temporary.Path, "counted"))] });
        await server.Post("/v1/classify", """{"texts": ["a movie", "the movie", "great"]}""");
        await server.Post("/predict", """{"inputs": "a movie"}""");
        await server.Post("/predict", """{"inputs": 5}""");
        var answer = await server.Get("/metrics");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("text/plain", answer.Message.Content.Headers.ContentType!.MediaType);

        Assert.Equal(4, Value(answer.Text, "beret_texts_total", "model=\"counted\""));
        Assert.Equal(2, Value(answer.Text, "beret_batch_texts_count", "model=\"counted\""));
        Assert.Equal(4, Value(answer.Text, "beret_batch_texts_sum", "model=\"counted\""));
        Assert.Equal(4 + 4 + 3 + 4, Value(answer.Text, "beret_batch_tokens_sum", "model=\"counted\""));
        Assert.Equal(1, Value(answer.Text, "beret_model_version", "model=\"counted\""));
        Assert.All(
            (string[])["beret_request_duration_seconds_bucket", "beret_tokenize_duration_seconds_count", "beret_queue_duration_seconds_count", "beret_batch_duration_seconds_count", "beret_queue_texts", "beret_queue_tokens", "beret_rejects_total"],
            name => Assert.Contains($"\n{name}{{", answer.Text, StringComparison.Ordinal));
        Assert.Contains("reason=\"invalid\"", answer.Text, StringComparison.Ordinal);
    }

    private static double Value(string metrics, string name, string label) => double.Parse(
        metrics.Split('\n').Single(line => line.StartsWith($"{name}{{", StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal)).Split("} ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
}
