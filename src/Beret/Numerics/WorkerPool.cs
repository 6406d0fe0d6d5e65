namespace Beret.Numerics;

/// <summary>
/// A fixed set of threads that run the tasks of one parallel region after another. A worker spins for a while after each region, because in a training step
/// the next one follows within microseconds, and sleeps after that. Starting a region allocates nothing.
/// Who runs which task is left to chance; what a task computes is not: tasks are cut by shape and each owns its output.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private const int Spins = 4000;

    // The number of the next task when a region is over: more than any region has.
    private const int Closed = int.MaxValue;

    private readonly Thread[] workers;
    private readonly SemaphoreSlim wake = new(0);
    private readonly Lock gate = new();

    // The region's number in the upper half, the next task in the lower: a worker that comes late cannot claim a task of a later region by mistake,
    // because the claim compares both.
    private long ticket;
    private delegate*<void*, int, int, void> body;
    private void* state;
    private int count;
    private int finished;
    private int sleepers;
    private volatile bool stopped;

    /// <param name="threads">How many threads compute, the caller's included; at least 1.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        workers = new Thread[threads - 1];
        for (var i = 0; i < workers.Length; i++)
        {
            var slot = i + 1;
            workers[i] = new Thread(() => Work(slot)) { IsBackground = true, Name = $"beret worker {slot}" };
            workers[i].Start();
        }
    }

    /// <summary>Threads that compute, the caller's included.</summary>
    public int Threads => workers.Length + 1;

    /// <summary>
    /// Runs tasks 0 … tasks−1, and returns when all are done. The body gets (state, task, slot); slot, in [0, Threads), is the thread's own and names its scratch memory.
    /// One region runs at a time: callers from several threads take turns.
    /// </summary>
    public void Run(int tasks, delegate*<void*, int, int, void> run, void* argument)
    {
        lock (gate)
        {
            if (workers.Length == 0 || tasks <= 1)
            {
                for (var i = 0; i < tasks; i++)
                {
                    run(argument, i, 0);
                }

                return;
            }

            body = run;
            state = argument;
            count = tasks;
            finished = 0;
            long region = unchecked((int)(Volatile.Read(ref ticket) >> 32) + 1); // wraps round
            Interlocked.Exchange(ref ticket, region << 32);
            var asleep = Volatile.Read(ref sleepers);
            if (asleep > 0)
            {
                wake.Release(asleep);
            }

            Claim(region, 0);
            var wait = new SpinWait();
            while (Volatile.Read(ref finished) < tasks)
            {
                wait.SpinOnce(sleep1Threshold: -1);
            }

            // Before the next region's body and count are written: a worker that comes late to this one would measure its used-up number of tasks by that count.
            Interlocked.Exchange(ref ticket, (region << 32) | Closed);
        }
    }

    public void Dispose()
    {
        stopped = true;
        wake.Release(workers.Length + 1);
        foreach (var worker in workers)
        {
            worker.Join();
        }

        wake.Dispose();
    }

    private void Work(int slot)
    {
        long seen = 0;
        while (!stopped)
        {
            var region = Volatile.Read(ref ticket) >> 32;
            for (var spin = 0; region == seen && spin < Spins; spin++)
            {
                Thread.SpinWait(8);
                region = Volatile.Read(ref ticket) >> 32;
            }

            if (region == seen)
            {
                Interlocked.Increment(ref sleepers);
                if (Volatile.Read(ref ticket) >> 32 == seen && !stopped)
                {
                    wake.Wait();
                }

                Interlocked.Decrement(ref sleepers);
                continue;
            }

            seen = region;
            Claim(region, slot);
        }
    }

    private void Claim(long region, int slot)
    {
        while (true)
        {
            var now = Volatile.Read(ref ticket);
            if (now >> 32 != region)
            {
                return;
            }

            // These belong to the region if the claim below succeeds: they change only after the ticket has been closed, and then the claim fails.
            var run = body;
            var argument = state;
            var tasks = count;
            var index = (int)now;
            if (index >= tasks)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref ticket, now + 1, now) == now)
            {
                run(argument, index, slot);
                Interlocked.Increment(ref finished);
            }
        }
    }
}
