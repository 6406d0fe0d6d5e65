namespace Beret.Bench.Pages;

/// <summary>What many cores and several sockets would do and need: calculated from what one and two threads took, and said to be.</summary>
internal static class ManyCoresSection
{
    private const string Step = "L6 H384 A12 b32 s128";
    private const int Tokens = 4096;

    // What a task of a matrix product is: rows of its result, with 512-bit vectors.
    private const int RowsOfTask = 96;
    private const int LargeBatch = 4;

    // Adam reads the weight, its gradient and two moments, and writes three of them back; clearing and the norm pass over the gradients once each.
    private const double BytesOfUpdate = 9 * sizeof(float);

    // Each activation is written once, and read in the forward and in the backward pass.
    private const double PassesOverActivations = 3;
    private const double Link = 50e9;

    public static void Write(Page page, Results results)
    {
        var step = results.Series("step").FirstOrDefault(one => one.IsOurs && one.Name == Step && one.Precision == Measurement.Fp32);
        var memory = results.Of("resident").FirstOrDefault(one => one.By == Measurement.Ours && one.Name == Step);
        var growth = results.Series("growth");
        var one = growth.FirstOrDefault(series => series.Name == "threads, training 1");
        var two = growth.FirstOrDefault(series => series.Name == "threads, training 2");
        if (step is null || memory is null || one is null || two is null)
        {
            return;
        }

        // Amdahl's law from one and two threads.
        var speedUp = two.Over(one).Median;
        var serial = Math.Clamp(2 / speedUp - 1, 0, 1);
        var alone = step.Seconds * speedUp;
        page.Section("Many cores: a prediction");
        page.Text(
            Page.Invariant($"**Calculated, not measured.** Two threads were {speedUp:0.00} × as fast as one, so by Amdahl's law {serial * 100:0.0}% of the work of one thread does not divide. ")
            + Page.Invariant($"A product of {Tokens} rows is {Tasks(Tokens)} tasks of {RowsOfTask} rows; where they are not a multiple of the threads, some wait. ")
            + $"With both, a fp32 step of MiniLM on cores like these, {Tokens / 128} texts and {LargeBatch} times as many:");
        page.Table(
            ["threads", ">of them busy in a product", ">times as fast as one", ">ms", $">busy, {LargeBatch} × the batch", ">times as fast", ">ms"],
            new[] { 2, 4, 8, 16, 32, 64 }.Select(threads =>
            {
                var (usual, large) = (Faster(serial, threads, Tokens), Faster(serial, threads, LargeBatch * Tokens));
                return new[]
                {
                    $"{threads}", Page.Share(Busy(threads, Tokens)), Page.Number(usual), Page.Milliseconds(alone / usual),
                    Page.Share(Busy(threads, LargeBatch * Tokens)), Page.Number(large), Page.Milliseconds(LargeBatch * alone / large),
                };
            }));

        var ideal = alone / 64;
        var bytes = BytesOfUpdate * memory.Parameters + PassesOverActivations * memory.ActivationBytes;
        var exchanged = 2.0 * sizeof(float) * memory.Parameters;
        page.Text("What 64 cores would need to come nearer to 64 times:");
        page.Text(
            $"- **Smaller tasks where rows are few.** {Tasks(Tokens)} tasks cannot fill 64 cores. Cutting the columns of a product as well, as products of fewer rows already do, changes no bits: an element's "
            + "chain of multiply-adds stays what it is. The cut has to follow the shape alone, so it would be made for every machine.\n"
            + Page.Invariant($"- **Memory.** A step moves about {bytes / 1e9:0.0} GB (three passes over {memory.ActivationBytes / 1e6:0} MB of activations, {BytesOfUpdate:0} bytes a weight in the update). ")
            + Page.Invariant($"In {ideal * 1e3:0} ms, a 64th of one thread's time, that is {bytes / ideal / 1e9:0} GB/s; this machine gives {results.Gigabytes:0} GB/s to its threads. ")
            + "Where the socket gives less, the passes between the products bound the step, and fusing more of them into the products' epilogues is what helps.\n"
            + (serial == 0 ? "" : Page.Invariant($"- **What does not divide.** {serial * 100:0.0}% bounds any number of threads to {1 / serial:0} times: waking threads, the tails of regions, sums over few rows. "))
            + (serial == 0 ? "" : "A larger batch makes its share smaller, which the table does not count.\n")
            + "- **Several sockets.** Threads of one process would read each other's activations across the link. A replica a socket, on its own part of the batch, exchanges only gradients, which lie in one "
            + Page.Invariant($"flat buffer: {exchanged / 1e6:0} MB a step and socket there and back, {exchanged / Link * 1e3:0.0} ms at {Link / 1e9:0} GB/s, which can overlap with the backward pass. ")
            + "The sum has one order whatever the sockets, if each adds the replicas in their order; so the same bits hold for a fixed number of replicas.");
    }

    private static int Tasks(int rows) => (rows + RowsOfTask - 1) / RowsOfTask;

    /// <summary>The share of the threads that has a task, on average over the rounds in which the tasks are done.</summary>
    private static double Busy(int threads, int rows) => Tasks(rows) / (threads * Math.Ceiling((double)Tasks(rows) / threads));

    private static double Faster(double serial, int threads, int rows) => 1 / (serial + (1 - serial) / (threads * Busy(threads, rows)));
}
