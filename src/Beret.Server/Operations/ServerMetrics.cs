using System.Diagnostics.Metrics;

namespace Beret.Server.Operations;

/// <summary>What the server counts and measures, for any listener of System.Diagnostics.Metrics; /metrics shows it to Prometheus.</summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Beret.Server";

    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<long> Tokens = new()
    {
        HistogramBucketBoundaries = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384],
    };

    private static readonly InstrumentAdvice<long> Counts = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] };

    private readonly Meter meter = new(MeterName);
    private readonly Histogram<double> request;
    private readonly Histogram<double> tokenization;
    private readonly Histogram<double> queue;
    private readonly Histogram<double> computation;
    private readonly Histogram<long> batchTokens;
    private readonly Histogram<long> batchTexts;
    private readonly Counter<long> texts;
    private readonly Counter<long> rejects;

    public ServerMetrics()
    {
        request = meter.CreateHistogram("beret.request.duration", "s", "Time from a request's head to the end of its answer", advice: Seconds);
        tokenization = meter.CreateHistogram("beret.tokenize.duration", "s", "Time to tokenize the texts of a request", advice: Seconds);
        queue = meter.CreateHistogram("beret.queue.duration", "s", "Time that a text waits for its batch", advice: Seconds);
        computation = meter.CreateHistogram("beret.batch.duration", "s", "Time that the model takes for a batch", advice: Seconds);
        batchTokens = meter.CreateHistogram("beret.batch.tokens", null, "Tokens of a batch", advice: Tokens);
        batchTexts = meter.CreateHistogram("beret.batch.texts", null, "Texts of a batch", advice: Counts);
        texts = meter.CreateCounter<long>("beret.texts", null, "Texts that were answered");
        rejects = meter.CreateCounter<long>("beret.rejects", null, "Requests that were not answered, by the reason");
    }

    public void Dispose() => meter.Dispose();

    /// <summary>Where to look when somebody asks how much waits.</summary>
    public void ObserveQueue(Func<(int Texts, long Tokens)> waiting)
    {
        meter.CreateObservableGauge("beret.queue.texts", () => waiting().Texts, null, "Texts that wait now");
        meter.CreateObservableGauge("beret.queue.tokens", () => waiting().Tokens, null, "Tokens that wait now");
    }

    /// <summary>Where to look when somebody asks which versions of the models are served.</summary>
    public void ObserveModels(Func<IEnumerable<(string Model, long Version)>> served) =>
        meter.CreateObservableGauge(
            "beret.model.version",
            () => served().Select(one => new Measurement<long>(one.Version, new KeyValuePair<string, object?>("model", one.Model))),
            null,
            "The version of a model that is served");

    public void RequestAnswered(string protocol, int status, TimeSpan took) =>
        request.Record(took.TotalSeconds, new("protocol", protocol), new("status", status));

    public void Tokenized(TimeSpan took) => tokenization.Record(took.TotalSeconds);

    public void TextWaited(TimeSpan waited) => queue.Record(waited.TotalSeconds);

    public void BatchComputed(string model, int count, long tokens, TimeSpan took)
    {
        var tag = new KeyValuePair<string, object?>("model", model);
        computation.Record(took.TotalSeconds, tag);
        batchTokens.Record(tokens, tag);
        batchTexts.Record(count, tag);
        texts.Add(count, tag);
    }

    public void Rejected(ServingError reason) => rejects.Add(1, new KeyValuePair<string, object?>("reason", reason switch
    {
        ServingError.InvalidArgument => "invalid",
        ServingError.Unauthenticated => "unauthenticated",
        ServingError.Misdirected => "misdirected",
        ServingError.NotFound => "not_found",
        ServingError.TooLarge => "too_large",
        ServingError.Overloaded => "overloaded",
        ServingError.Unavailable => "unavailable",
        ServingError.DeadlineExceeded => "deadline",
        ServingError.Unimplemented => "unimplemented",
        _ => "internal",
    }));
}
