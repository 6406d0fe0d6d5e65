namespace Beret.Baselines;

/// <summary>A function of many variables.</summary>
/// <param name="at">The point.</param>
/// <param name="gradient">Receives the gradient there.</param>
/// <returns>The value.</returns>
internal delegate double Differentiable(ReadOnlySpan<double> at, Span<double> gradient);

/// <summary>Minimises a smooth convex function (L-BFGS: D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", 1989), with backtracking.</summary>
internal static class Lbfgs
{
    private const int Memory = 6;
    private const int MostBacktracks = 30;

    /// <summary>Armijo's share of the decrease that the slope promises.</summary>
    private const double Sufficient = 1e-4;

    /// <summary>Goes downhill from a point, which becomes the minimum.</summary>
    /// <param name="function">What is minimised.</param>
    /// <param name="point">The start, then the end.</param>
    /// <param name="iterations">At most so many.</param>
    /// <param name="tolerance">It ends when a step makes the value smaller by no more than this share of it.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The value at the end.</returns>
    public static double Minimize(Differentiable function, double[] point, int iterations, double tolerance, CancellationToken cancellation)
    {
        var n = point.Length;
        var (gradient, direction, next, nextGradient) = (new double[n], new double[n], new double[n], new double[n]);
        var pairs = new LinkedList<(double[] Step, double[] Change, double Product)>();
        var value = function(point, gradient);
        for (var iteration = 0; iteration < iterations; iteration++)
        {
            cancellation.ThrowIfCancellationRequested();
            Direct(gradient, pairs, direction);
            var slope = Dot(gradient, direction);
            var length = iteration == 0 ? Math.Min(1, 1 / Math.Sqrt(-slope)) : 1;
            var (nextValue, tries) = (0.0, 0);
            for (; tries < MostBacktracks; tries++, length /= 2)
            {
                for (var i = 0; i < n; i++)
                {
                    next[i] = point[i] + length * direction[i];
                }

                nextValue = function(next, nextGradient);
                if (nextValue <= value + Sufficient * length * slope)
                {
                    break;
                }
            }

            if (slope >= 0 || tries == MostBacktracks)
            {
                // As far down as the arithmetic goes.
                return value;
            }

            Remember(pairs, point, next, gradient, nextGradient);
            var gain = value - nextValue;
            next.CopyTo(point, 0);
            (gradient, nextGradient) = (nextGradient, gradient);
            value = nextValue;
            if (gain <= tolerance * Math.Max(Math.Abs(value), double.Epsilon))
            {
                return value;
            }
        }

        return value;
    }

    /// <summary>The two loops: the gradient by the curvature that the last steps showed.</summary>
    private static void Direct(double[] gradient, LinkedList<(double[] Step, double[] Change, double Product)> pairs, double[] direction)
    {
        for (var i = 0; i < gradient.Length; i++)
        {
            direction[i] = -gradient[i];
        }

        var shares = new Stack<double>(pairs.Count);
        for (var pair = pairs.Last; pair is not null; pair = pair.Previous)
        {
            var share = Dot(pair.Value.Step, direction) / pair.Value.Product;
            shares.Push(share);
            Add(-share, pair.Value.Change, direction);
        }

        if (pairs.Last is { Value: var last })
        {
            var scale = last.Product / Dot(last.Change, last.Change);
            for (var i = 0; i < direction.Length; i++)
            {
                direction[i] *= scale;
            }
        }

        for (var pair = pairs.First; pair is not null; pair = pair.Next)
        {
            Add(shares.Pop() - Dot(pair.Value.Change, direction) / pair.Value.Product, pair.Value.Step, direction);
        }
    }

    private static void Remember(
        LinkedList<(double[] Step, double[] Change, double Product)> pairs, double[] point, double[] next, double[] gradient, double[] nextGradient)
    {
        var (step, change) = pairs.Count == Memory ? (pairs.First!.Value.Step, pairs.First.Value.Change) : (new double[point.Length], new double[point.Length]);
        if (pairs.Count == Memory)
        {
            pairs.RemoveFirst();
        }

        for (var i = 0; i < point.Length; i++)
        {
            step[i] = next[i] - point[i];
            change[i] = nextGradient[i] - gradient[i];
        }

        var product = Dot(step, change);

        // Without curvature along the step there is nothing to learn from it.
        if (product > 0)
        {
            pairs.AddLast((step, change, product));
        }
    }

    private static void Add(double scale, double[] of, double[] to)
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] += scale * of[i];
        }
    }

    private static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
