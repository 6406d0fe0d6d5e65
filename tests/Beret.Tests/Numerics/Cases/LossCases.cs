using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>The losses with their gradients.</summary>
internal static class LossCases
{
    public static IEnumerable<OpCase> All
    {
        get
        {
            foreach (var loss in Enum.GetValues<Loss>())
            {
                foreach (var examples in (int[])[1, 2, 3, 7, 33])
                {
                    foreach (var classes in (int[])[1, 2, 3, 5, 17, 33])
                    {
                        yield return Case(loss, examples, classes, scale: 4, gradient: true);
                    }
                }

                yield return Case(loss, 17, 5, scale: 4, gradient: false);
                yield return Case(loss, 17, 5, scale: 4, gradient: true, weight: 0.3);

                // Logits whose exponential overflows.
                yield return Case(loss, 33, 1, scale: 200, gradient: true) with { Uses = Uses.Comparison };
                yield return Case(loss, 33, 7, scale: 200, gradient: true) with { Uses = Uses.Comparison };
                yield return Case(loss, 33, 7, scale: 1e5f, gradient: true) with { Uses = Uses.Comparison };

                // Below 1 the derivative of (1 − p)^γ has no bound where p nears 1.
                foreach (var focus in loss.IsWeighted() ? (double[])[0.5, 1, 2, 5] : [])
                {
                    yield return Case(loss, 7, 5, scale: 4, gradient: true, weight: 0.3, focus);
                    yield return Case(loss, 33, 1, scale: 4, gradient: true, focus: focus);
                    yield return Case(loss, 33, 2, scale: 200, gradient: true, focus: focus) with { Uses = Uses.Comparison };
                    yield return Case(loss, 33, 7, scale: 1e5f, gradient: true, focus: focus) with { Uses = Uses.Comparison };
                }
            }

            yield return Case(Loss.BinaryCrossEntropy, 32, 1, scale: 4, gradient: true) with { Uses = Uses.Speed };
            yield return Case(Loss.CrossEntropy, 32, 1000, scale: 4, gradient: true) with { Uses = Uses.Speed };
            yield return Case(Loss.WeightedCrossEntropy, 32, 1000, scale: 4, gradient: true, focus: 2) with { Uses = Uses.Speed };
        }
    }

    private static OpCase Case(Loss loss, int examples, int classes, float scale, bool gradient, double weight = 1, double focus = 0) => new(
        "Loss",
        $"{loss} [{examples}, {classes}]{(scale == 4 ? "" : $" scale {scale}")}{(gradient ? "" : " without gradient")}{(weight == 1 ? "" : $" weight {weight}")}{(focus == 0 ? "" : $" focus {focus}")}",
        15,
        Work.Floats(3.0 * examples * classes, 10.0 * examples * classes),
        operands =>
        {
            var backend = operands.Backend;
            var logits = operands.Input(examples, classes, scale);
            var drawn = operands.Draw(examples * classes, 1 << 20);
            var targets = loss switch
            {
                Loss.CrossEntropy => operands.Input(examples, 1, b => drawn[b] % classes),

                // Hard labels and soft ones.
                Loss.BinaryCrossEntropy => operands.Input(examples, classes, i => i % 3 == 0 ? drawn[i] / (float)(1 << 20) : drawn[i] % 2),
                Loss.MeanSquaredError => operands.Input(examples, classes, scale),

                // Some outcomes count for nothing, the others for anything.
                _ => operands.Input(examples, loss.TargetColumns(classes), i => drawn[i % drawn.Length] % (3 + i) == 0 ? 0 : 3f * drawn[i % drawn.Length] / (1 << 20)),
            };
            var losses = operands.Output("losses", examples, 1);
            var logitsGradient = gradient ? operands.Output("logits gradient", examples, classes) : Matrix.None;

            // The gradient is that of the mean over the examples, times the weight.
            var mean = operands.Input(examples, 1, _ => (float)(weight / examples));
            return new(() => backend.Loss(loss, logits, targets, losses, logitsGradient, weight, focus))
            {
                Differentiation = gradient
                    ? new(
                        () => backend.Loss(loss, logits, targets, losses, Matrix.None, focus: focus),
                        losses,
                        mean,
                        new Differentiation.Input("logits", logits, logitsGradient))
                    : null,
            };
        })
    {
        // The cross-entropy of one class is zero but for rounding; a loss is a difference of numbers as large as the logits.
        Floor = 1e-6,
    };
}
