using System.Runtime.ExceptionServices;

namespace Beret.Data;

/// <summary>Work on many texts that do not depend on each other, such as reading or tokenizing them.</summary>
internal static class TextLoop
{
    /// <summary>Runs a body for each of 0 … count−1 on some threads.</summary>
    /// <param name="count">How many.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="scratch">Makes the working memory that one call of the body after another uses.</param>
    /// <param name="body">May be called from several threads at once, each with working memory of its own.</param>
    /// <param name="cancellation">Stops between two calls.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void Run<TScratch>(int count, int threads, Func<TScratch> scratch, Action<int, TScratch> body, CancellationToken cancellation)
    {
        try
        {
            Parallel.For(
                0, count, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = threads },
                scratch,
                (number, _, own) =>
                {
                    body(number, own);
                    return own;
                },
                _ => { });
        }
        catch (AggregateException errors)
        {
            // What a user can cause is not to look like a defect.
            ExceptionDispatchInfo.Throw(errors.InnerExceptions.FirstOrDefault(error => error is BeretException) ?? errors.InnerExceptions[0]);
        }
    }
}
