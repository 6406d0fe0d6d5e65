using Beret.Server.Scheduling;

namespace Beret.Tests.Server;

public class BatchQueueTests
{
    private readonly FakeModel model = new();

    [Fact]
    public void ABatchIsFilledUpToItsTokens()
    {
        var queue = new BatchQueue(budget: 100, capacity: 1000);
        Assert.True(queue.TryAdd(model.Request("a", 40, 40, 40, 15, 10)));
        Assert.Equal([40, 40, 15], Take(queue));
        Assert.Equal([40, 10], Take(queue));
        Assert.Empty(Take(queue));
        Assert.Equal((0, 0), (queue.Texts, queue.Tokens));
    }

    [Fact]
    public void RequestsShareABatch()
    {
        var queue = new BatchQueue(budget: 100, capacity: 1000);
        queue.TryAdd(model.Request("a", 30));
        queue.TryAdd(model.Request("b", 31));
        queue.TryAdd(model.Request("c", 32));
        Assert.Equal([30, 31, 32], Take(queue));
    }

    [Fact]
    public void ATextWithMoreTokensThanABatchGoesAlone()
    {
        var queue = new BatchQueue(budget: 100, capacity: 1000);
        queue.TryAdd(model.Request("a", 500, 5));
        Assert.Equal([500], Take(queue));
        Assert.Equal([5], Take(queue));
    }

    [Fact]
    public void TextsOfLikeLengthGoTogether()
    {
        var queue = new BatchQueue(budget: 100, capacity: 1000);
        queue.TryAdd(model.Request("a", 50, 10, 49, 11, 12, 48, 13));
        Assert.Equal([50, 49], Take(queue));
        Assert.Equal([10, 11, 12, 48, 13], Take(queue));
    }

    [Fact]
    public void TheTextWhoseTurnItIsIsNeverPassedOver()
    {
        var queue = new BatchQueue(budget: 100, capacity: 100_000);
        queue.TryAdd(model.Request("long", 90));
        for (var i = 0; i < 50; i++)
        {
            queue.TryAdd(model.Request("short", 10, 10, 10, 10, 10, 10, 10, 10, 10, 10));
        }

        Assert.Equal(90, Take(queue)[0]);
    }

    [Fact]
    public void WhoSendsLittleDoesNotWaitForWhoSendsMuch()
    {
        var queue = new BatchQueue(budget: 100, capacity: 100_000);
        queue.TryAdd(model.Request("greedy", [.. Enumerable.Repeat(50, 100)]));
        Take(queue);
        queue.TryAdd(model.Request("modest", 49));
        Assert.Contains(49, Take(queue));
    }

    [Fact]
    public void TwoWhoSendMuchHaveHalfEach()
    {
        var queue = new BatchQueue(budget: 100, capacity: 100_000);
        queue.TryAdd(model.Request("one", [.. Enumerable.Repeat(20, 200)]));
        queue.TryAdd(model.Request("two", [.. Enumerable.Repeat(20, 200)]));
        var clients = Enumerable.Range(0, 20).SelectMany(_ => queue.Take()).CountBy(text => text.Request.Client).ToDictionary();
        Assert.InRange(clients["one"], 45, 55);
        Assert.Equal(100, clients["one"] + clients["two"]);
    }

    [Fact]
    public void WhoHasWaitedIdleHasNoCreditForIt()
    {
        var queue = new BatchQueue(budget: 20, capacity: 100_000);
        queue.TryAdd(model.Request("busy", [.. Enumerable.Repeat(20, 100)]));
        for (var i = 0; i < 50; i++)
        {
            queue.Take();
        }

        queue.TryAdd(model.Request("late", [.. Enumerable.Repeat(20, 50)]));
        var next = Enumerable.Range(0, 20).SelectMany(_ => queue.Take()).CountBy(text => text.Request.Client).ToDictionary();
        Assert.InRange(next["busy"], 9, 11);
    }

    [Fact]
    public void ARequestThatHasNoRoomIsRefusedWhole()
    {
        var queue = new BatchQueue(budget: 100, capacity: 200);
        Assert.True(queue.TryAdd(model.Request("a", 100, 50)));
        Assert.False(queue.TryAdd(model.Request("a", 30, 30)));
        Assert.Equal((2, 150), (queue.Texts, queue.Tokens));
        Assert.True(queue.TryAdd(model.Request("a", 50)));
    }

    [Fact]
    public void WhatOneClientHasWaitingDoesNotFillTheQueueForAnother()
    {
        var queue = new BatchQueue(budget: 100, capacity: 200);
        Assert.True(queue.TryAdd(model.Request("greedy", 100, 100)));
        Assert.False(queue.TryAdd(model.Request("greedy", 1)));
        var modest = model.Request("modest", 60);
        Assert.Equal(120, queue.TokensUntil(modest));
        Assert.True(queue.TryAdd(modest));
        Assert.False(queue.TryAdd(model.Request("modest", 60)));
        Assert.Equal([100, 60, 100], (int[])[.. Take(queue), .. Take(queue), .. Take(queue)]);
        Assert.Equal(0, queue.Tokens);
    }

    [Fact]
    public void AnEmptyQueueTakesAnyRequest()
    {
        var queue = new BatchQueue(budget: 100, capacity: 200);
        Assert.True(queue.TryAdd(model.Request("a", [.. Enumerable.Repeat(90, 10)])));
        Assert.False(queue.TryAdd(model.Request("a", 1)));
    }

    [Fact]
    public void WhatIsWithdrawnLeavesTheQueueAndCostsItsClientNothing()
    {
        var queue = new BatchQueue(budget: 20, capacity: 100_000);
        queue.TryAdd(model.Request("other", [.. Enumerable.Repeat(20, 10)]));
        var regretted = model.Request("client", [.. Enumerable.Repeat(20, 50)]);
        queue.TryAdd(regretted);
        Assert.Equal(50, queue.Withdraw(regretted).Count);
        Assert.Empty(queue.Withdraw(regretted));
        Assert.Equal(10, queue.Texts);
        queue.TryAdd(model.Request("client", 19));
        Assert.Contains(19, (int[])[.. Take(queue), .. Take(queue)]);
    }

    [Fact]
    public void WhatIsBeingComputedIsNotWithdrawn()
    {
        var queue = new BatchQueue(budget: 20, capacity: 1000);
        var request = model.Request("a", 20, 20, 20);
        queue.TryAdd(request);
        queue.Take();
        Assert.Equal([1, 2], queue.Withdraw(request).Select(text => text.Index));
    }

    [Fact]
    public void ABatchIsOfOneModelAndModelsTakeTurns()
    {
        var second = new FakeModel("second");
        var queue = new BatchQueue(budget: 1000, capacity: 100_000);
        queue.TryAdd(model.Request("a", 20, 20));
        queue.TryAdd(second.Request("b", 20, 20));
        var (one, two) = (queue.Take(), queue.Take());
        Assert.All(one, text => Assert.Same(model, text.Request.Model));
        Assert.All(two, text => Assert.Same(second, text.Request.Model));
        Assert.Equal((2, 2), (one.Count, two.Count));
    }

    [Fact]
    public void ABatchHasNoMoreTextsThanTheEngineComputesAtOnce()
    {
        var queue = new BatchQueue(budget: 1_000_000, capacity: 1_000_000);
        queue.TryAdd(model.Request("a", [.. Enumerable.Repeat(3, 1000)]));
        Assert.Equal(BatchQueue.MostTexts, queue.Take().Count);
    }

    private static int[] Take(BatchQueue queue) => [.. queue.Take().Select(text => text.Tokens)];
}
