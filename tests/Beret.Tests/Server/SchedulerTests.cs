using Beret.Server;
using Beret.Server.Operations;
using Beret.Server.Scheduling;

namespace Beret.Tests.Server;

/// <summary>The scheduler, its batches computed one by one by the test, under a clock that stands still.</summary>
public sealed class SchedulerTests : IDisposable
{
    private readonly FakeModel model = new();
    private readonly ManualClock clock = new();
    private readonly ServerMetrics metrics = new();
    private readonly Scheduler scheduler;

    public SchedulerTests() => scheduler = new Scheduler(new SchedulerSettings(BatchTokens: 100, QueueTokens: 200, LongestWait: TimeSpan.FromSeconds(30)), clock, metrics, isStepped: true);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        scheduler.Dispose();
        metrics.Dispose();
    }

    [Fact]
    public async Task EachRequestHasItsOwnAnswersInTheirOrder()
    {
        var (one, two) = (Run("a", 30, 10, 20), Run("b", 11, 31));
        while (scheduler.RunNext())
        {
        }

        AssertTokens(await one, 30, 10, 20);
        AssertTokens(await two, 11, 31);
    }

    [Fact]
    public async Task WhatComesWhileABatchIsComputedGoesIntoTheNext()
    {
        var first = Run("a", 50);
        scheduler.RunNext();
        var (second, third) = (Run("a", 40), Run("b", 41));
        scheduler.RunNext();
        await Task.WhenAll(first, second, third);
        Assert.Equal(2, model.Batches.Count);
        Assert.Equal(81, model.Batches[1].Sum());
    }

    [Fact]
    public async Task ATextThatFailsTakesNoOtherWithIt()
    {
        var (good, bad) = (Run("a", 20, 21), Run("b", 22, FakeModel.Bad));
        scheduler.RunNext();
        AssertTokens(await good, 20, 21);
        var outcomes = await bad;
        Assert.Equal(22, outcomes[0].Value.Tokens);
        Assert.Equal(ServingError.Internal, Assert.Throws<ServingException>(() => outcomes[1].Value).Error);
        Assert.DoesNotContain("unlucky", outcomes[1].Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFullQueueRefuses()
    {
        var accepted = Run("a", 100, 100);
        var refused = await Assert.ThrowsAsync<ServingException>(() => Run("a", 1));
        Assert.Equal(ServingError.Overloaded, refused.Error);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.RetryAfter);
        Assert.Contains("2 texts of 200 tokens wait", refused.Message, StringComparison.Ordinal);
        while (scheduler.RunNext())
        {
        }

        Assert.Equal(2, (await accepted).Count);
        _ = Run("a", 1);
        Assert.Equal((1, 1), scheduler.Waiting);
    }

    [Fact]
    public async Task WhatCouldNotBeAnsweredInTimeIsRefusedAtOnceAndToldWhenToComeAgain()
    {
        // Two tokens a second: 60 tokens are half a minute.
        var slow = new BlockingModel(() => clock.Advance(TimeSpan.FromSeconds(10)));
        var first = scheduler.RunAsync(new TextRequest(slow, [FakeModel.Text(20)], "a"), Stop);
        scheduler.RunNext();
        await first;
        _ = Run("a", 50);
        var refused = await Assert.ThrowsAsync<ServingException>(() => Run("a", 20));
        Assert.Equal((ServingError.Overloaded, TimeSpan.FromSeconds(35)), (refused.Error, refused.RetryAfter));
        _ = Run("a", 10);
        Assert.Equal((2, 60), scheduler.Waiting);
    }

    [Fact]
    public async Task ACancelledRequestLeavesTheQueueAndIsNotComputed()
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var ended = 0;
        var request = new TextRequest(model, [FakeModel.Text(90), FakeModel.Text(90)], "a", () => ended++);
        var cancelled = scheduler.RunAsync(request, gone.Token);
        var other = Run("b", 20);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal((1, 20), scheduler.Waiting);
        Assert.Equal(1, ended);
        scheduler.RunNext();
        await other;
        Assert.Equal([[20]], model.Batches);
    }

    [Fact]
    public async Task ARequestThatIsCancelledWhileItIsComputedEndsWhenItsLastTextDoes()
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var (ended, endedMeanwhile) = (0, -1);
        var blocking = new BlockingModel(() =>
        {
            gone.Cancel();
            endedMeanwhile = ended;
        });
        var cancelled = scheduler.RunAsync(new TextRequest(blocking, [FakeModel.Text(90), FakeModel.Text(90)], "a", () => ended++), gone.Token);
        scheduler.RunNext();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal((0, 1), (endedMeanwhile, ended));
        Assert.Equal((0, 0), scheduler.Waiting);
    }

    [Fact]
    public async Task AStoppedSchedulerComputesWhatItAcceptedAndTakesNoMore()
    {
        using var running = new Scheduler(new SchedulerSettings(100, 100_000, TimeSpan.FromHours(1)), TimeProvider.System, metrics);
        var accepted = Enumerable.Range(0, 50).Select(_ => running.RunAsync(model.Request("a", 60, 50), Stop)).ToList();
        running.Dispose();
        foreach (var answers in await Task.WhenAll(accepted))
        {
            AssertTokens(answers, 60, 50);
        }

        Assert.Equal(ServingError.Unavailable, (await Assert.ThrowsAsync<ServingException>(() => running.RunAsync(model.Request("a", 1), Stop))).Error);
    }

    private Task<IReadOnlyList<TextOutcome>> Run(string client, params int[] lengths) => scheduler.RunAsync(model.Request(client, lengths), Stop);

    private static void AssertTokens(IReadOnlyList<TextOutcome> outcomes, params int[] expected) => Assert.Equal(expected, outcomes.Select(outcome => outcome.Value.Tokens));

    private sealed class BlockingModel(Action meanwhile) : IBatchModel
    {
        private readonly FakeModel fake = new();

        public string Name => "blocking";

        public void Predict(Beret.Tokens.EncodedTexts texts, Span<Beret.Inference.Prediction> predictions)
        {
            meanwhile();
            fake.Predict(texts, predictions);
        }
    }
}
