using Beret.Numerics;

namespace Beret.Tests.Numerics;

public unsafe class WorkerPoolTests
{
    private const int MostTasks = 64;
    private const int Regions = 100_000;

    /// <summary>
    /// Far more threads than processors, and regions of other sizes one right after the other: a worker that comes late to a region that is over must neither run
    /// a task of the next one twice nor make it seem done before it is.
    /// </summary>
    [Fact]
    public void EveryTaskOfEveryRegionRunsOnce()
    {
        var pool = new WorkerPool(8);
        var runs = stackalloc int[MostTasks];
        for (var region = 0; region < Regions; region++)
        {
            var tasks = 2 + region * 31 % (MostTasks - 2);
            new Span<int>(runs, MostTasks).Clear();
            pool.Run(tasks, &Count, runs);
            for (var i = 0; i < MostTasks; i++)
            {
                if (runs[i] != (i < tasks ? 1 : 0))
                {
                    Assert.Fail($"task {i} of the {tasks} of region {region} ran {runs[i]} times");
                }
            }
        }

        pool.Dispose();
    }

    private static void Count(void* state, int task, int slot) => Interlocked.Increment(ref ((int*)state)[task]);
}
